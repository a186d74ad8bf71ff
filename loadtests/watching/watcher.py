"""Looks once a second, in a thread, until it is told to stop."""

import csv
import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

import psutil
import psycopg2
import redis

from loadtests.watching.processes import TRANSIENT, Look, Processes
from loadtests.watching.servers import ServerLook, Servers

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
#: Shared and private memory, which the kernel has to add up page by page: every so many looks.
SHARES_EVERY = 5
CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Moment:
    """`machine_cpu` is that of all programs, in per cent of one core as everywhere."""

    at: float
    machine_cpu: float
    processes: tuple[Look, ...]
    servers: ServerLook | None

    def cpu_by_role(self) -> dict[str, float]:
        added: dict[str, float] = defaultdict(float)
        for look in self.processes:
            added[look.role] += look.cpu
            added["job" if look.role == "worker" else look.role] += look.ended_cpu
        return added

    def cpu(self, *roles: str) -> float:
        by_role = self.cpu_by_role()
        return sum(by_role.get(role, 0.0) for role in roles)

    def memory_by_role(self) -> dict[str, int]:
        """Shared pages are divided among those who share them; of jobs, which are gone too soon, nothing."""
        added: dict[str, int] = defaultdict(int)
        for look in self.processes:
            if look.role not in TRANSIENT:
                added[look.role] += look.pss
        return added


class Watcher:
    """`moments` grows while it runs."""

    def __init__(self, processes: Processes, servers: Servers) -> None:
        self.moments: list[Moment] = []
        self._processes = processes
        self._servers = servers
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        psutil.cpu_percent()
        self._processes.look(with_shares=False)  # CPU is counted from one look to the next.
        next_at = time.monotonic() + LOOK_SECONDS
        count = 0
        while not self._stopped.wait(max(0.0, next_at - time.monotonic())):
            looks = self._processes.look(with_shares=count % SHARES_EVERY == 0)
            machine = psutil.cpu_percent() * CORES
            self.moments.append(Moment(time.time(), machine, tuple(looks), self._look_at_servers()))
            count += 1
            next_at += LOOK_SECONDS

    def _look_at_servers(self) -> ServerLook | None:
        try:
            return self._servers.look()
        except (psycopg2.Error, redis.RedisError) as error:
            logger.warning("A server does not say how it is: %s", error)
            return None


@contextmanager
def watching(servers: Servers, *, pids: list[int]) -> Iterator[Watcher]:
    """The processes `pids` and all below them."""
    watcher = Watcher(Processes(pids), servers)
    watcher.start()
    try:
        yield watcher
    finally:
        watcher.stop()


def moments_write(moments: list[Moment], directory: Path) -> None:
    """`processes.csv`, a line for each process and second; `servers.csv`, a line for each second."""
    names = [each.name for each in fields(Look)]
    with (directory / "processes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["at", *names])
        for moment in moments:
            for look in moment.processes:
                writer.writerow([f"{moment.at:.2f}", *(getattr(look, name) for name in names)])
    servers_write([(moment.at, moment.servers) for moment in moments if moment.servers], directory)


def servers_write(seen: list[tuple[float, ServerLook]], directory: Path) -> None:
    states = sorted({state for _, look in seen for state in look.connections})
    redises = sorted({name for _, look in seen for name in look.redis_bytes})
    with (directory / "servers.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["at", *(f"connections {state}" for state in states), "unfinished", *redises])
        for at, look in seen:
            connections = (look.connections.get(state, 0) for state in states)
            memory = (look.redis_bytes.get(name, 0) for name in redises)
            writer.writerow([f"{at:.2f}", *connections, look.unfinished, *memory])
