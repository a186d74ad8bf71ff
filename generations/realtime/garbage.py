"""Full garbage collections at a moment when nobody waits for news.

One looks at everything that is alive, some 126 objects for each socket: with 2,000 sockets it takes a quarter
of a second, in which nobody hears anything. Python begins one whenever the objects that have stayed are a
quarter more, so above all while sockets come and go.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Nobody was told anything for so long.
QUIET_SECONDS = 2.0
#: Not more often; and after the longer one whether it is quiet or not.
SELDOM_SECONDS, LATEST_SECONDS = 60.0, 600.0

#: As Python has it, and so that it never happens by itself. The young are collected as ever.
AUTOMATIC, NEVER = 10, 2**31 - 1


class FullCollections:
    """`look` runs one, if it is time."""

    def __init__(self, now: float) -> None:
        self._last = now

    def look(self, now: float, *, told_at: float) -> None:
        """`told_at` is when somebody was last told something. Both in seconds of one clock."""
        since = now - self._last
        is_quiet = now - told_at >= QUIET_SECONDS
        if since >= (SELDOM_SECONDS if is_quiet else LATEST_SECONDS):
            gc.collect()
            self._last = now


@contextmanager
def full_collections(now: float) -> Iterator[FullCollections]:
    """Inside, they happen only by `look`."""
    _oldest_threshold_set(NEVER)
    try:
        yield FullCollections(now)
    finally:
        _oldest_threshold_set(AUTOMATIC)


def _oldest_threshold_set(number: int) -> None:
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, number)
