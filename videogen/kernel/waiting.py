"""Waiting in place for somebody who may be told to stop."""

import time
from collections.abc import Callable

#: Is called several times a second while something waits; it raises when nobody wants it any more.
Tick = Callable[[], None]

_TICK_SECONDS = 0.2


def nothing() -> None:
    """The `Tick` of those whom nobody stops."""


def sleep_ticking(seconds: float, tick: Tick) -> None:
    """Sleep so long, or until `tick` raises."""
    end = time.monotonic() + seconds
    while True:
        tick()
        left = end - time.monotonic()
        if left <= 0:
            return
        time.sleep(min(left, _TICK_SECONDS))
