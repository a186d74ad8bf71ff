"""A pytest plugin that gives each run a PostgreSQL and two Redis of its own, before settings are read.

Under pytest-xdist the controller starts them once. Each worker gets a database of its
own from pytest-django, and here a numbered Redis database and a data directory.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from videogen.embedded.account import open_the_way, server_account
from videogen.embedded.places import DATABASE_NAME, DATABASE_USER, log_dir, postgres_socket_dir, redis_socket
from videogen.embedded.postgres import postgres
from videogen.embedded.redis import redis
from videogen.embedded.wheels import postgres_program, redis_program
from videogen.stack.guardian import guardian_start
from videogen.stack.supervisor import Supervisor

SERVERS = "VIDEOGEN_TEST_SERVERS"
# A test database need not survive a power failure.
HASTY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
FOREIGN = ("SECRET_KEY_FILE", "DEBUG", "HTTPS", "PUBLIC_URL", "PUBLIC_WS_URL", "TRUST_PROXY", "STORAGE_URL")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Wraps pytest-django's reading of the settings."""
    if SERVERS not in os.environ:
        early_config.add_cleanup(_servers_start())
    directory = Path(os.environ[SERVERS])
    _environment_set(directory, worker=os.environ.get("PYTEST_XDIST_WORKER", "gw-1"))
    return (yield)


def _servers_start() -> Callable[[], None]:
    """Start them, note where they are in the environment, and return what ends them."""
    directory = Path(tempfile.mkdtemp(prefix="videogen-tests-"))
    directory.chmod(0o711)  # The servers may be another user, who has to pass through.
    # Whenever a run starts, pytest closes the root of all temporary directories to others: have an own one.
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(directory)
    account = server_account()
    for path in (postgres_program("postgres"), redis_program()):
        open_the_way(path, account, print)
    guardian = guardian_start(str(directory))
    servers = Supervisor(mark=str(directory), log_dir=log_dir(directory), quiet=True)
    programs = [postgres(directory, settings=HASTY), redis(directory, "queue"), redis(directory, "cache")]

    def stop() -> None:
        servers.stop()
        guardian.communicate()
        shutil.rmtree(directory, ignore_errors=True)
        os.environ.pop(SERVERS, None)
        os.environ.pop("PYTEST_DEBUG_TEMPROOT", None)

    servers.start(programs)
    try:
        servers.wait_ready(program.name for program in programs)
    except BaseException:
        stop()
        raise
    os.environ[SERVERS] = str(directory)
    return stop


def _environment_set(directory: Path, *, worker: str) -> None:
    # gw0, gw1, … under pytest-xdist; database 0 is for a run without it.
    number = int(worker.removeprefix("gw")) + 1
    data_dir = directory / "data" / worker
    data_dir.mkdir(parents=True, exist_ok=True)
    for name in FOREIGN:
        os.environ.pop(name, None)
    sockets = quote(str(postgres_socket_dir(directory)), safe="")
    os.environ |= {
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": f"postgresql://{DATABASE_USER}@/{DATABASE_NAME}?host={sockets}",
        "REDIS_URL": f"unix://{redis_socket(directory, 'queue')}?db={number}",
        "CACHE_REDIS_URL": f"unix://{redis_socket(directory, 'cache')}?db={number}",
        "SECRET_KEY": "only-for-tests-and-long-enough-to-please-the-deployment-checks",
    }
