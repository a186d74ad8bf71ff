"""What the supervisor is told about a program that it keeps running."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

Environment = Mapping[str, str]


class StackError(Exception):
    """Something on this machine keeps the stack from running. `str()` of it says what to do."""


@dataclass(frozen=True)
class Account:
    """The system user that a program runs as, where that is not our own."""

    uid: int
    gid: int


def nothing(environment: Environment) -> None:
    """The preparation of a program that needs none."""


def at_once() -> bool:
    """The readiness of a program that has no better sign of it than being alive."""
    return True


@dataclass(frozen=True)
class Program:
    """`prepare` gets the program's environment before each start; `is_ready` is asked until it says yes."""

    name: str
    argv: tuple[str, ...]
    environment: Environment = field(default_factory=dict)
    directory: Path | None = None
    account: Account | None = None
    prepare: Callable[[Environment], None] = nothing
    is_ready: Callable[[], bool] = at_once
    stop_signal: signal.Signals = signal.SIGTERM
