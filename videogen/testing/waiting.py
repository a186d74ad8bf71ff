"""Waiting for what other processes do, as briefly as it takes."""

import time
from collections.abc import Callable


def eventually(condition: Callable[[], object], *, seconds: float = 15, pause: float = 0.02) -> bool:
    """Whether it comes true within the time. Who waits for long looks less often, which costs, too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(pause)
    return False
