"""One PostgreSQL, on a Unix socket in a private directory, with one database."""

import shutil
import signal
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import psutil
import psycopg2

from videogen.embedded.account import private_dir, server_account
from videogen.embedded.places import (
    DATABASE_NAME,
    DATABASE_USER,
    POSTGRES_SOCKET_NAME,
    postgres_data_dir,
    postgres_socket_dir,
)
from videogen.embedded.wheels import postgres_program
from videogen.stack.program import Account, Environment, Program, StackError

SETTINGS: Mapping[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m ",
    "log_checkpoints": "off",
}


def postgres(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> Program:
    """Anyone who can reach the socket is trusted; only the owner of its directory can reach it."""
    account = server_account()
    cluster, sockets = postgres_data_dir(data_dir), postgres_socket_dir(data_dir)
    options = [f"--{name}={value}" for name, value in {**SETTINGS, **(settings or {})}.items()]
    return Program(
        name="postgres",
        argv=(str(postgres_program("postgres")), "-D", str(cluster), "-k", str(sockets), *options),
        account=account,
        prepare=partial(_prepare, cluster, sockets, account),
        is_ready=partial(_answers, sockets),
        stop_signal=signal.SIGINT,  # Its "fast" shutdown: do not wait until every client has gone.
    )


def _prepare(cluster: Path, sockets: Path, account: Account | None, environment: Environment) -> None:
    private_dir(sockets, account)
    if not cluster.exists():
        _make_cluster(cluster, account, environment)
    for stale in (cluster / "postmaster.pid", sockets / f"{POSTGRES_SOCKET_NAME}.lock"):
        _forget_recycled_pid(stale)


def _make_cluster(cluster: Path, account: Account | None, environment: Environment) -> None:
    """Under another name until it is complete, so that being killed here leaves nothing half made."""
    unfinished = cluster.with_name(f"{cluster.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    private_dir(unfinished, account)
    initdb = [str(postgres_program("initdb")), "-D", str(unfinished), "-U", DATABASE_USER, "--auth=trust"]
    # The built-in locale knows the letters of every script, whatever the machine has installed.
    locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
    _run([*initdb, *locale, "--no-instructions"], account, environment)
    single = [str(postgres_program("postgres")), "--single", "-D", str(unfinished), "postgres"]
    _run(single, account, environment, statement=f"CREATE DATABASE {DATABASE_NAME}\n")
    unfinished.rename(cluster)


def _run(argv: list[str], account: Account | None, environment: Environment, *, statement: str = "") -> None:
    result = subprocess.run(
        argv,
        env=environment,
        input=statement,
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,  # It is short: a Ctrl-C waits for it rather than leaving a mess.
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if result.returncode:
        reason = result.stderr.strip() or result.stdout.strip()
        raise StackError(f"PostgreSQL cannot make its data directory: {reason}")


def _forget_recycled_pid(lock: Path) -> None:
    """PostgreSQL itself sees that a dead process holds no lock, but not that a living one is a stranger."""
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
        stranger = psutil.Process(pid).name() != "postgres"
    except (OSError, ValueError, psutil.NoSuchProcess):
        return
    if stranger:
        lock.unlink()


def _answers(sockets: Path) -> bool:
    try:
        psycopg2.connect(
            host=str(sockets), user=DATABASE_USER, dbname=DATABASE_NAME, connect_timeout=2
        ).close()
    except psycopg2.OperationalError:
        return False
    return True
