"""Each process of a stack by its role: CPU, memory, threads, open files."""

import re
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import psutil

#: What a command line has in it, and what the process is for.
ROLES = {
    r"granian": "web",
    r"uvicorn": "websocket",
    r"manage\.py dispatch": "dispatcher",
    r"manage\.py rqworker": "worker",
    r"redis-server.* redis-queue|redis-queue": "redis-queue",
    r"redis-cache": "redis-cache",
    r"postgres": "postgres",
    r"manage\.py up|stack\.guardian": "supervisor",
    r"locust": "locust",
    r"loadtests": "watcher",
}
#: What a fleet runs as its service; the load generator and the servers are judged by themselves.
SERVICE = ("web", "websocket", "dispatcher", "worker", "job")
#: Processes that come and go: each does one thing and ends.
TRANSIENT = ("job",)


@dataclass(frozen=True)
class Look:
    """One process at one moment. CPU is in per cent of one core since the last look; memory in bytes.

    `ended_cpu` is that of its children that ended meanwhile: most jobs are over before they are seen.
    """

    role: str
    name: str
    pid: int
    cpu: float
    ended_cpu: float
    rss: int
    uss: int
    pss: int
    threads: int
    files: int


class Times:
    """CPU from one look to the next, each second counted once, however briefly its process lived.

    The kernel adds the times of an ended process to its parent's; what was seen of them before
    is taken off again.
    """

    def __init__(self) -> None:
        self.elapsed = 0.0
        self._looked_at = 0.0
        self._seen: dict[int, tuple[float, float, int]] = {}
        self._counted: dict[int, float] = defaultdict(float)

    def look(self, alive: set[int]) -> None:
        """A new look begins; all that it will be asked about are `alive`."""
        now = time.monotonic()
        self.elapsed, self._looked_at = (now - self._looked_at if self._looked_at else 0.0), now
        for pid in self._seen.keys() - alive:
            own, ended, parent = self._seen.pop(pid)
            self._counted[parent] += own + ended

    def of(self, process: psutil.Process) -> tuple[float, float]:
        """In per cent of a core: its own, and that of children that ended. Nothing at the first look."""
        times = process.cpu_times()
        own, ended = times.user + times.system, times.children_user + times.children_system
        own_before, ended_before, _ = self._seen.get(process.pid, (0.0, 0.0, 0))
        self._seen[process.pid] = own, ended, process.ppid()
        if not self.elapsed:
            return 0.0, 0.0
        known = min(self._counted[process.pid], ended - ended_before)
        self._counted[process.pid] -= known
        return (100 * (own - own_before) / self.elapsed, 100 * (ended - ended_before - known) / self.elapsed)


class Processes:
    """The processes below some pids. Proportional memory is dear to ask for, so `look` does it on demand."""

    def __init__(self, roots: list[int]) -> None:
        self._roots = roots
        self._known: dict[int, psutil.Process] = {}
        self._named: dict[int, tuple[str, str]] = {}
        self._memory: dict[int, tuple[int, int]] = {}
        self._times = Times()

    def look(self, *, with_shares: bool) -> list[Look]:
        found = {process.pid: process for process in self._find()}
        self._known = {pid: self._known.get(pid, process) for pid, process in found.items()}
        # A number may be given to another process later.
        self._named = {pid: name for pid, name in self._named.items() if pid in found}
        self._memory = {pid: shares for pid, shares in self._memory.items() if pid in found}
        self._times.look(set(found))
        looks = []
        for process in self._known.values():
            try:
                looks.append(self._look_at(process, with_shares=with_shares))
            except psutil.Error:
                continue  # It ended meanwhile.
        return looks

    def _find(self) -> Iterator[psutil.Process]:
        for root in self._roots:
            try:
                process = psutil.Process(root)
                yield process
                yield from process.children(recursive=True)
            except psutil.Error:
                continue

    def _look_at(self, process: psutil.Process, *, with_shares: bool) -> Look:
        role, name = self._name(process)
        with process.oneshot():
            if role not in TRANSIENT and (with_shares or process.pid not in self._memory):
                memory = process.memory_full_info()
                self._memory[process.pid] = memory.uss, memory.pss
            rss = process.memory_info().rss
            uss, pss = self._memory.get(process.pid, (0, 0))
            cpu, ended_cpu = self._times.of(process)
            threads, files = process.num_threads(), process.num_fds()
        return Look(role, name, process.pid, cpu, ended_cpu, rss, uss, pss, threads, files)

    def _name(self, process: psutil.Process) -> tuple[str, str]:
        """Found once for each pid: a process does not change its role."""
        if process.pid not in self._named:
            role, name = role_of(process)
            taken = {other for _, other in self._named.values()}
            number = 2
            numbered = name
            while numbered in taken and role not in TRANSIENT:
                numbered, number = f"{name} {number}", number + 1
            self._named[process.pid] = role, numbered
        return self._named[process.pid]


def role_of(process: psutil.Process) -> tuple[str, str]:
    """Its role, and a name that says more. A stranger helps whoever started it."""
    line = " ".join(process.cmdline())
    role = next((role for pattern, role in ROLES.items() if re.search(pattern, line)), "")
    parent = process.parent()
    if not role:
        role = role_of(parent)[0] if parent else "supervisor"
        kind = "process" if "spawn_main" in line else "helper"  # granian's own start with multiprocessing.
        return ("job", "job") if role in ("job", "worker") else (role, f"{role} {kind}")
    if role == "worker":
        if parent and "rqworker" in " ".join(parent.cmdline()):
            return "job", "job"  # RQ forks one for each attempt at a stage.
        return role, f"worker {line.split('rqworker ')[1].split()[0]}"
    if role == "postgres" and line.startswith("postgres: "):
        return role, "postgres backend" if "[local]" in line else line.replace(":", "", 1).strip()
    return role, role
