"""The share of a limit that one worker keeps to while Redis is away.

It lives in anonymous shared memory made at import: a worker forks a process for each job,
and all of them count against the same share, which outlives each of them.
"""

import mmap
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from multiprocessing import get_context

#: A table of so many subjects. Two that fall into one row are limited as one.
_ROWS = 256
#: Nobody holds the lock for longer than microseconds, unless it was killed while it did. Then we do without.
_LOCK_SECONDS = 0.05

_row = struct.Struct("5d")
_memory = mmap.mmap(-1, _ROWS * _row.size)
_lock = get_context("fork").Lock()


@dataclass
class Share:
    """What is known of a subject. Times are `time.monotonic()`, which all processes of a machine share."""

    #: When the next request and the next token may go.
    requests_at: float = 0.0
    tokens_at: float = 0.0
    paused_until: float = 0.0
    #: What the server said, per minute; 0 for nothing.
    requests_told: float = 0.0
    tokens_told: float = 0.0


@contextmanager
def share(subject: str) -> Iterator[Share]:
    """The subject's share, to be read and changed by one process and thread at a time."""
    offset = zlib.crc32(subject.encode()) % _ROWS * _row.size
    is_held = _lock.acquire(timeout=_LOCK_SECONDS)
    try:
        found = Share(*_row.unpack_from(_memory, offset))
        yield found
        _row.pack_into(_memory, offset, *astuple(found))
    finally:
        if is_held:
            _lock.release()


def share_take(subject: str, *, request_seconds: float, token_seconds: float) -> float:
    """Go, and return 0.0; or return the seconds until it is worth a try. One after the other, no bursts.

    `request_seconds` and `token_seconds` are what this call takes of the share.
    """
    with share(subject) as mine:
        now = time.monotonic()
        wait = max(mine.requests_at, mine.tokens_at, mine.paused_until) - now
        if wait > 0:
            return wait
        mine.requests_at, mine.tokens_at = now + request_seconds, now + token_seconds
        return 0.0


def share_pause(subject: str, seconds: float) -> None:
    """Nobody of this worker goes for so long; never shortened."""
    with share(subject) as mine:
        mine.paused_until = max(mine.paused_until, time.monotonic() + seconds)
