"""Starts a machine's whole stack in the order in which it is ready soonest, and stops all of it."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import IO

from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor

from videogen.embedded.places import log_dir
from videogen.embedded.servers import embedded_servers
from videogen.stack.claim import data_dir_claim, facts_remove, facts_write, port_check
from videogen.stack.configuration import StackConfiguration
from videogen.stack.guardian import guardian_start
from videogen.stack.keys import api_key_ensure, secret_key_ensure
from videogen.stack.marks import processes_end, processes_marked
from videogen.stack.services import back, front
from videogen.stack.supervisor import Supervisor

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stack:
    """`start`, use it, `stop`. What its programs print goes to files, and to the terminal unless `quiet`."""

    def __init__(
        self, configuration: StackConfiguration, *, quiet: bool, tell: Callable[[str], None]
    ) -> None:
        self.configuration = configuration
        self.api_key = ""
        self.is_interrupted = False
        self._tell = tell
        self._mark = str(configuration.data_dir)
        self._servers = Supervisor(mark=self._mark, log_dir=log_dir(configuration.data_dir), quiet=True)
        self._services = Supervisor(mark=self._mark, log_dir=log_dir(configuration.data_dir), quiet=quiet)
        self._claim: IO[str] | None = None
        self._guardian: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Return when the stack answers. On any refusal, `stop` still has to be called."""
        configuration = self.configuration
        self._claim = data_dir_claim(configuration.data_dir)
        port_check(configuration.host, configuration.port, variable="PORT")
        port_check(configuration.host, configuration.ws_port, variable="WS_PORT")
        # We own the directory, so whatever still runs for it was left behind.
        processes_end(processes_marked(self._mark))
        self._guardian = guardian_start(self._mark)
        secret_key_ensure(configuration.data_dir)
        servers = embedded_servers(
            configuration.data_dir,
            database=configuration.embedded_database,
            queues=configuration.embedded_redis,
            tell=self._tell,
        )
        self._servers.start(servers)
        self._services.start(front(configuration))  # They load while the servers and the tables get ready.
        self._servers.wait_ready(server.name for server in servers)
        migrate_if_needed()
        self.api_key = api_key_ensure(configuration.data_dir)
        first, *others = back(configuration)
        self._services.start([first])
        self._services.wait_ready(program.name for program in front(configuration))
        self._services.start(others)
        facts_write(configuration.data_dir, url=configuration.url, websocket_url=configuration.websocket_url)

    def wait(self) -> None:
        """Until somebody asks it to stop: that raises `KeyboardInterrupt`."""
        while not self.is_interrupted:
            time.sleep(1)
        raise KeyboardInterrupt

    def stop(self) -> None:
        """Leave nothing running. Safe at any point of `start`, and more than once."""
        if self._claim is None:
            return
        facts_remove(self.configuration.data_dir)
        self._services.stop()
        connections.close_all()
        self._servers.stop(patience_seconds=10)
        processes_end(processes_marked(self._mark))
        if self._guardian:
            self._guardian.communicate()
        self._claim.close()
        self._claim = None


@contextmanager
def running_stack(*, quiet: bool, tell: Callable[[str], None] = print) -> Iterator[Stack]:
    """A stack for the time of a `with` block, whichever way the block ends."""
    stack = Stack(StackConfiguration.from_settings(), quiet=quiet, tell=tell)

    def interrupt(number: int, frame: FrameType | None) -> None:
        stack.is_interrupted = True  # Python swallows what is raised while it collects garbage.
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in STOP_SIGNALS}
    try:
        stack.start()
        yield stack
    finally:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # It is stopping already.
        stack.stop()
        for number, handler in before.items():
            signal.signal(number, handler)


def migrate_if_needed() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
