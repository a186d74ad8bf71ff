"""Limits as a strict server keeps them, and as it tells of them."""

import threading
import time
from collections import deque

#: With `punish`, each excess request keeps the door shut for this part of the window longer.
PUNISHMENT = 1 / 12
#: What is announced where nothing is limited.
ANNOUNCED = {"requests": 10_000, "tokens": 2_000_000}


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


class Limits:
    """Requests and tokens per minute, for each model by itself."""

    def __init__(self, requests: int, tokens: int, window_seconds: float, *, punish: bool) -> None:
        self._limits = {"requests": requests, "tokens": tokens}
        self._window_seconds = window_seconds
        self._punish = punish
        self._lock = threading.Lock()
        self._windows: dict[tuple[str, str], SlidingWindow] = {}

    def take(self, model: str, tokens: int) -> tuple[str, float]:
        """Count a request: which limit it exceeds (empty: none), and the seconds to wait."""
        for what, amount in (("requests", 1), ("tokens", tokens)):
            if wait := self._window(model, what).take(amount):
                return what, wait
        return "", 0.0

    def headers(self, model: str) -> dict[str, str]:
        """`x-ratelimit-*`."""
        head = {}
        for what in self._limits:
            window = self._window(model, what)
            remaining, reset_seconds = window.state()
            head[f"x-ratelimit-limit-{what}"] = str(window.limit)
            head[f"x-ratelimit-remaining-{what}"] = str(remaining)
            head[f"x-ratelimit-reset-{what}"] = go_duration(reset_seconds)
        return head

    def _window(self, model: str, what: str) -> SlidingWindow:
        with self._lock:
            if (model, what) not in self._windows:
                punish = self._punish and what == "requests"
                self._windows[model, what] = SlidingWindow(
                    self._limits[what], self._window_seconds, announced=ANNOUNCED[what], punish=punish
                )
            return self._windows[model, what]


def go_duration(seconds: float) -> str:
    """As Go prints it: `12ms`, `1.5s`, `6m0s`."""
    if seconds < 1:
        return f"{seconds * 1000:.0f}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return f"{minutes:.0f}m{rest:.3g}s" if minutes else f"{rest:.3g}s"
