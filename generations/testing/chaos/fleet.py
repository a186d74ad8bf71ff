"""Processes that are started again as soon as they die, and the ways in which they are made to."""

import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

import psutil

from generations.testing.chaos.points import BOTH, HORSE, PARENT
from videogen.stack.marks import processes_end, processes_marked


class Process(Protocol):
    """What is needed of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def kill(self) -> None: ...


Start = Callable[[], Process]

#: How soon it is seen that somebody has died.
LOOK_SECONDS = 0.1


class Fleet:
    """Keeps what `starts` names running, for as long as it is entered.

    `mark` is in the environment of all of them. What has been stopped is woken after `freeze_seconds`,
    whoever stopped it. At the end nothing is left, orphaned work-horses included.
    """

    def __init__(self, starts: Mapping[str, Start], *, mark: str, freeze_seconds: float) -> None:
        self.starts = starts
        self.deaths = 0
        self.thaws = 0
        self._mark = mark
        self._freeze_seconds = freeze_seconds
        self._running: dict[str, Process] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="fleet", daemon=True)
        self._sleeper = threading.Thread(target=self._thaw, name="thaw", daemon=True)

    def kill(self, name: str, whom: str) -> int:
        """SIGKILL. Answers how many were there to be killed; a work-horse is there only while it works."""
        horses = self.horses(name) if whom in (HORSE, BOTH) else []
        parents = [psutil.Process(self.pid(name))] if whom in (PARENT, BOTH) else []
        return sum(_send(process, signal.SIGKILL) for process in [*parents, *horses])

    def freeze(self, name: str) -> int:
        """SIGSTOP to a work-horse. Answers whether there was one."""
        return sum(_send(process, signal.SIGSTOP) for process in self.horses(name))

    def pid(self, name: str) -> int:
        """Of the process with this name."""
        return self._running[name].pid

    def horses(self, name: str) -> list[psutil.Process]:
        """The work-horse of a worker, if it has one."""
        with suppress(psutil.NoSuchProcess):
            return list(psutil.Process(self.pid(name)).children())
        return []

    def __enter__(self) -> Self:
        self._running = {name: start() for name, start in self.starts.items()}
        self._keeper.start()
        self._sleeper.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._keeper.join()
        self._sleeper.join()
        for process in self._running.values():
            process.kill()
        for _ in range(2):  # One may have been forking.
            processes_end(processes_marked(self._mark))
        for process in self._running.values():
            process.wait()

    def _keep(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for name, process in list(self._running.items()):
                if process.poll() is not None:
                    self.deaths += 1
                    self._running[name] = self.starts[name]()

    def _thaw(self) -> None:
        asleep: dict[int, float] = {}
        while not self._over.wait(1):
            stopped = {each.pid: each for each in processes_marked(self._mark) if _is_stopped(each)}
            asleep = {pid: asleep.get(pid, 0.0) + 1 for pid in stopped}
            for pid, seconds in asleep.items():
                if seconds >= self._freeze_seconds:
                    self.thaws += _send(stopped[pid], signal.SIGCONT)


def _is_stopped(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_STOPPED)
    except psutil.Error:
        return False


def _send(process: psutil.Process, sign: signal.Signals) -> bool:
    try:
        process.send_signal(sign)
    except psutil.Error:
        return False  # It has just ended.
    return True
