"""Servers and processes of our own, in a data directory that goes afterwards."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import connections

from generations.testing.chaos.fleet import Fleet, Start
from generations.testing.chaos.plan import QUEUES, Plan, names_of
from generations.testing.chaos.points import WORKER_CLASS
from generations.testing.chaos.surroundings import LEASE_SECONDS
from videogen.embedded.places import log_dir
from videogen.embedded.servers import embedded_servers
from videogen.stack.configuration import StackConfiguration
from videogen.stack.guardian import guardian_start
from videogen.stack.marks import MARK, processes_end, processes_marked
from videogen.stack.services import front, worker_command
from videogen.stack.stack import migrate_if_needed
from videogen.stack.supervisor import Supervisor

#: A work-horse that sleeps for so long has lost its lease, and so has whoever came after it.
FREEZE_SECONDS = 2.5 * LEASE_SECONDS


@contextmanager
def own_servers() -> Iterator[Supervisor]:
    """PostgreSQL with our tables, and both Redis; each is started again when it dies."""
    mark, logs = str(settings.DATA_DIR), log_dir(settings.DATA_DIR)
    settings.DATA_DIR.mkdir(mode=0o711)
    guardian = guardian_start(mark)
    servers = Supervisor(mark=mark, log_dir=logs, quiet=True)
    try:
        programs = embedded_servers(settings.DATA_DIR, database=True, queues=True, tell=_quiet)
        servers.start(programs)
        servers.wait_ready(program.name for program in programs)
        migrate_if_needed()
        yield servers
    finally:
        connections.close_all()
        servers.stop(patience_seconds=10)
        processes_end(processes_marked(mark))
        guardian.communicate()


def _quiet(line: str) -> None:
    """Nobody has to know which directories the servers may pass through."""


@contextmanager
def own_fleet(plan: Plan) -> Iterator[Fleet]:
    """Workers that fall into traps, dispatchers, and a web process where there are webhooks."""
    mark = f"{settings.DATA_DIR}#fleet"
    guardian = guardian_start(mark)
    try:
        with Fleet(_starts(plan, mark), mark=mark, freeze_seconds=FREEZE_SECONDS) as fleet:
            yield fleet
    finally:
        guardian.communicate()


def _starts(plan: Plan, mark: str) -> dict[str, Start]:
    commands: dict[str, Sequence[str]] = {name: _worker(queue) for name, queue in QUEUES.items()}
    commands |= dict.fromkeys(names_of(plan.dispatchers), ("manage.py", "dispatch"))
    if plan.webhooks:
        web, _ = front(StackConfiguration.from_settings())
        commands["web"] = web.argv[1:]
    return {name: _start(name, command, {MARK: mark}) for name, command in commands.items()}


def _worker(queue: str) -> Sequence[str]:
    ours = "generations.worker.StageWorker"
    return [WORKER_CLASS if word == ours else word for word in worker_command(queue)]


def _start(name: str, command: Sequence[str], marked: Mapping[str, str]) -> Start:
    path: Path = log_dir(settings.DATA_DIR) / f"{name}.log"

    def start() -> "subprocess.Popen[bytes]":
        with path.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *command],
                cwd=settings.BASE_DIR,
                env=os.environ | marked,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    return start
