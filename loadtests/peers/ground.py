"""The ground that all services stand on: a PostgreSQL and two Redis of their own, with the same rows."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import quote

import psutil
import psycopg2
from redis import Redis

from loadtests.own_stack import INHERITED, ROOT, sigterm_leaves
from loadtests.peers.rows import Caller, rows_make
from videogen.embedded.places import DATABASE_NAME, DATABASE_USER, log_dir, postgres_socket_dir, redis_socket
from videogen.embedded.servers import embedded_servers
from videogen.stack.guardian import guardian_start
from videogen.stack.supervisor import Supervisor

#: Of Django's settings: ours, the peer's own, and the table of its tokens.
MIGRATING_SETTINGS = "loadtests.peers.drf_service.settings"


@dataclass(frozen=True)
class Ground:
    """What a service is told by `environment`; `server_ids` are the processes of PostgreSQL and Redis."""

    environment: Mapping[str, str]
    callers: list[Caller]
    server_ids: list[int]

    @contextmanager
    def cursor(self) -> Iterator[Any]:
        """A cursor in autocommit mode, on a connection of its own."""
        with closing(psycopg2.connect(self.environment["DATABASE_URL"])) as connection:
            connection.autocommit = True
            yield connection.cursor()

    def queue_redis(self) -> Redis:
        return Redis.from_url(self.environment["REDIS_URL"])


@contextmanager
def ground(*, own: int = 1000, others: int = 10_000) -> Iterator[Ground]:
    """Servers with tables, callers, generations of theirs and of others, until the `with` block ends."""
    sigterm_leaves()
    with TemporaryDirectory(prefix="videogen-") as place:
        directory = Path(place)
        directory.chmod(0o711)  # The servers of root run as another user, who has to pass through.
        data_dir = directory / "var"
        data_dir.mkdir()
        guardian = guardian_start(str(data_dir))
        servers = Supervisor(mark=str(data_dir), log_dir=log_dir(data_dir), quiet=True)
        try:
            servers.start(embedded_servers(data_dir, database=True, queues=True, tell=print))
            servers.wait_ready(list(servers.keepers))
            environment = _environment(data_dir)
            _migrate(environment)
            made = Ground(environment, [], [keeper.pid for keeper in servers.keepers.values() if keeper.pid])
            with made.cursor() as cursor:
                made.callers.extend(rows_make(cursor, own=own, others=others))
                cursor.execute("VACUUM ANALYZE")
            yield made
        finally:
            servers.stop(patience_seconds=10)
            guardian.communicate()


def _environment(data_dir: Path) -> dict[str, str]:
    """The same for every service. Limits are on, and higher than what is measured."""
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    sockets = quote(str(postgres_socket_dir(data_dir)), safe="")
    return inherited | {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": f"postgresql://{DATABASE_USER}@/{DATABASE_NAME}?host={sockets}",
        "REDIS_URL": f"unix://{redis_socket(data_dir, 'queue')}?db=0",
        "CACHE_REDIS_URL": f"unix://{redis_socket(data_dir, 'cache')}?db=0",
        "SECRET_KEY": "only-for-a-measurement-and-as-long-as-it-has-to-be-0123456789",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "PUBLIC_WS_URL": "ws://127.0.0.1:8001",
        "RATE_LIMIT_READ": "1000000/second",
        "RATE_LIMIT_WRITE": "1000000/second",
        "MAX_ACTIVE_GENERATIONS": "1000000",
        "LOG_FORMAT": "text",
        "PYTHONUNBUFFERED": "1",
    }


def _migrate(environment: Mapping[str, str]) -> None:
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=ROOT,
        env={**environment, "DJANGO_SETTINGS_MODULE": MIGRATING_SETTINGS},
        check=True,
    )


def cpu_seconds(process_ids: list[int]) -> float:
    """What these processes and their children, also those that have ended, have used so far."""
    roots = [psutil.Process(number) for number in process_ids]
    processes = [process for root in roots for process in (root, *root.children(recursive=True))]
    return sum(_cpu_seconds(process) for process in processes)


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:  # It ended in this moment: its parent has what it has used.
        return 0.0
