"""Limits as a strict server keeps them, and as it tells of them."""

import threading

from videogen.kernel.testing.windows import SlidingWindow

#: What is announced where nothing is limited.
ANNOUNCED = {"requests": 10_000, "tokens": 2_000_000}


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
