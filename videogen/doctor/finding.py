"""What a check has found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`off`: nobody started it, so nothing is wrong with it."""

    OK = "ok"
    OFF = "off"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True)
class Finding:
    """`advice` says what to do about it."""

    name: str
    state: State
    detail: str
    advice: str = ""


Check = Callable[[], Iterator[Finding]]


def ok(name: str, detail: str) -> Finding:
    return Finding(name, State.OK, detail)


def off(name: str, detail: str, advice: str = "") -> Finding:
    return Finding(name, State.OFF, detail, advice)


def warning(name: str, detail: str, advice: str) -> Finding:
    return Finding(name, State.WARNING, detail, advice)


def broken(name: str, detail: str, advice: str) -> Finding:
    return Finding(name, State.BROKEN, detail, advice)
