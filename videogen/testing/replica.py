"""A real streaming replica of the tests' PostgreSQL, that can be made late and sent away."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from videogen.embedded.account import private_dir, server_account
from videogen.embedded.places import (
    DATABASE_NAME,
    DATABASE_USER,
    log_dir,
    postgres_data_dir,
    postgres_socket_dir,
)
from videogen.embedded.postgres import postgres
from videogen.embedded.wheels import postgres_program
from videogen.kernel.standby import REPLICA, primary_position, standby
from videogen.stack.supervisor import Supervisor
from videogen.testing.plugin import HASTY, SERVERS
from videogen.testing.waiting import eventually


class StreamingReplica:
    """The second server. While it is paused it answers, and shows what was."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.primary = Path(os.environ[SERVERS])
        self._servers: Supervisor | None = None

    def copy(self) -> None:
        """Take over the primary's files, as they are while it runs."""
        account = server_account()
        private_dir(self.directory, account)
        private_dir(postgres_socket_dir(self.directory), account)
        program = str(postgres_program("pg_basebackup"))
        source = ["-h", str(postgres_socket_dir(self.primary)), "-U", DATABASE_USER]
        target = ["-D", str(postgres_data_dir(self.directory)), "--write-recovery-conf"]
        subprocess.run(
            [program, *source, *target, "--checkpoint=fast", "--no-sync"],
            user=account.uid if account else None,
            group=account.gid if account else None,
            cwd="/",
            check=True,
        )

    def start(self) -> None:
        logs = log_dir(self.primary) / self.directory.name
        self._servers = Supervisor(mark=str(self.primary), log_dir=logs, quiet=True)
        self._servers.start([postgres(self.directory, settings=HASTY)])
        self._servers.wait_ready(["postgres"])

    def stop(self) -> None:
        """It is away: nobody can connect, and whoever was has been thrown out."""
        if self._servers:
            self._servers.stop()
            self._servers = None

    def pause(self) -> None:
        """From now on it falls behind."""
        self.ask("SELECT pg_wal_replay_pause()")
        self._wait(lambda: self.ask("SELECT pg_get_wal_replay_pause_state()") == "paused")

    def resume(self) -> None:
        self.ask("SELECT pg_wal_replay_resume()")

    def catch_up(self) -> None:
        """Until it has all that the primary has now."""
        position = primary_position()
        replayed = "SELECT pg_last_wal_replay_lsn() - '0/0'::pg_lsn"
        self._wait(lambda: self.ask(replayed) >= position)

    @staticmethod
    def _wait(condition: Callable[[], bool]) -> None:
        if not eventually(condition):
            raise TimeoutError("The replica does not follow.")

    def ask(self, question: str) -> Any:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(question)
            return cursor.fetchone()[0] if cursor.description else None


class Unlisted(dict[str, Any]):
    """Databases, of which the replica can be used but is not listed: Django's tests would forbid it."""

    def __iter__(self) -> Iterator[str]:
        return (alias for alias in super().__iter__() if alias != REPLICA)


@pytest.fixture(scope="module")
def streaming_replica() -> Iterator[StreamingReplica]:
    """The server alone; `replica` tells the settings of it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    server = StreamingReplica(Path(os.environ[SERVERS]) / f"replica-{worker}")
    try:
        server.copy()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.directory, ignore_errors=True)


@pytest.fixture
def replica(transactional_db: None, streaming_replica: StreamingReplica, settings: Any) -> Iterator[Any]:
    """The replica as `DATABASE_REPLICA_URL` would name it, caught up."""
    host = str(postgres_socket_dir(streaming_replica.directory))
    listed = connections.settings
    connections.settings = Unlisted(listed | {REPLICA: connections["default"].settings_dict | {"HOST": host}})
    settings.DATABASE_REPLICA_URL = f"postgresql://{DATABASE_USER}@/{DATABASE_NAME}?host={host}"
    settings.DATABASE_ROUTERS = ["videogen.kernel.postgresql.router.PrimaryRouter"]
    standby.forget()
    with connections["default"].cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")  # As outside of tests: flushed, then seen.
    streaming_replica.catch_up()
    yield streaming_replica
    connections["default"].close()
    connections[REPLICA].close()
    del connections[REPLICA]
    connections.settings = listed
    standby.forget()
