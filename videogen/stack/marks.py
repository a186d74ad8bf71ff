"""Finds every process of a stack by a mark in its environment, which children inherit.

A parent's death or a new process group hides a process from its ancestors (an RQ
work-horse, an ffmpeg), but never changes the environment that it was started with.
"""

import os
import signal
from collections.abc import Iterable

import psutil

MARK = "VIDEOGEN_STACK"


def processes_marked(mark: str) -> list[psutil.Process]:
    """Every live process that was started for the stack `mark`, but never the one that asks."""
    return [
        process
        for process in psutil.process_iter()
        if process.pid != os.getpid() and _environment(process).get(MARK) == mark
    ]


def processes_end(processes: Iterable[psutil.Process], *, patience_seconds: float = 3) -> None:
    """Kill, except PostgreSQL: its immediate shutdown takes its own children along."""
    alive = list(processes)
    for process in alive:
        _send(process, signal.SIGQUIT if _name(process) == "postgres" else signal.SIGKILL)
    _, stubborn = psutil.wait_procs(alive, timeout=patience_seconds)
    for process in stubborn:
        _send(process, signal.SIGKILL)


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return dict(process.environ())
    except (psutil.Error, OSError):
        return {}  # It ended meanwhile, or is another user's.


def _name(process: psutil.Process) -> str:
    try:
        return str(process.name())
    except psutil.Error:
        return ""


def _send(process: psutil.Process, sign: signal.Signals) -> None:
    try:
        process.send_signal(sign)
    except psutil.Error:
        return  # It ended meanwhile.
