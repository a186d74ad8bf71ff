"""How much may happen, and has happened, within some seconds."""

import threading
import time
from collections import deque
from collections.abc import Sequence

#: With `punish`, each excess request keeps the door shut for this part of the window longer.
PUNISHMENT = 1 / 12


class SlidingWindow:
    """At most `limit` within any `seconds`; the excess is refused, and may make it worse.

    With a limit of 0 everything is allowed, and counted against `announced`.
    """

    def __init__(self, limit: int, seconds: float, *, announced: int, punish: bool = False) -> None:
        self.limit = limit or announced
        self._is_open = not limit
        self._seconds = seconds
        self._punishment = PUNISHMENT * seconds if punish else 0.0
        self._taken: deque[tuple[float, int]] = deque()
        self._used = 0
        self._shut_until = 0.0
        self._lock = threading.Lock()

    def take(self, amount: int = 1) -> float:
        """Take `amount` and return 0.0, or take nothing and return the seconds until it is worth a try."""
        with self._lock:
            now = self._now()
            if self._is_open or (now >= self._shut_until and self._used + amount <= self.limit):
                self._taken.append((now, amount))
                self._used += amount
                return 0.0
            free_at = max(self._free_at(amount, now), self._shut_until, now + 0.001)
            if self._punishment:
                free_at = self._shut_until = free_at + self._punishment
            return free_at - now

    def state(self) -> tuple[int, float]:
        """What remains, and the seconds until all of it is free again."""
        with self._lock:
            now = self._now()
            full_at = self._taken[-1][0] + self._seconds if self._taken else now
            return max(self.limit - self._used, 0), max(full_at, self._shut_until) - now

    def _now(self) -> float:
        now = time.monotonic()
        while self._taken and now - self._taken[0][0] >= self._seconds:
            self._used -= self._taken.popleft()[1]
        return now

    def _free_at(self, amount: int, now: float) -> float:
        excess = self._used + amount - self.limit
        for at, taken in self._taken:
            if excess <= 0:
                break
            excess -= taken
            now = at + self._seconds
        return now


def most_within(seconds: float, times: Sequence[float]) -> int:
    """The most of these moments, in their order, that lie within any `seconds`."""
    most = first = 0
    for last, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
