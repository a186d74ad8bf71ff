"""What a test server was asked: the oracle for "never asks twice" and "never asks too often"."""

import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from videogen.kernel.testing.windows import most_within


@dataclass
class Asked:
    """One request. `task` is the name of the schema; `status` is 0 while it is being answered.

    The names of `headers` are in lower case.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any = None
    model: str = ""
    task: str = ""
    status: int = 0
    seconds: float = 0.0
    at: float = field(default_factory=time.time)


class Ledger:
    """All requests since the last reset, by any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: list[Asked] = []
        self._running = 0
        self.max_concurrent = 0

    def begin(self, asked: Asked) -> None:
        """Write down a request that has just arrived."""
        with self._lock:
            self._asked.append(asked)
            self._running += 1
            self.max_concurrent = max(self.max_concurrent, self._running)

    def end(self, asked: Asked, status: int) -> None:
        """Write down how it was answered."""
        with self._lock:
            self._running -= 1
            asked.status, asked.seconds = status, time.time() - asked.at

    def reset(self) -> None:
        """Forget everything but what is still being answered."""
        with self._lock:
            self._asked = [asked for asked in self._asked if not asked.status]
            self.max_concurrent = self._running

    @property
    def running(self) -> int:
        """How many are being answered at this moment."""
        return self._running

    def asked(self, task: str = "") -> list[Asked]:
        """The requests for one task, or all, in the order in which they arrived."""
        with self._lock:
            return [asked for asked in self._asked if task in ("", asked.task)]

    def max_in_window(self, seconds: float = 60.0, *, model: str = "", status: int = 0) -> int:
        """The most requests that arrived within any `seconds`, of one model or status or of all."""
        times = [
            asked.at
            for asked in self.asked()
            if model in ("", asked.model) and (not status or asked.status == status)
        ]
        return most_within(seconds, times)

    def as_json(self) -> dict[str, Any]:
        """For `GET /ledger`."""
        asked = self.asked()
        statuses = sorted({each.status for each in asked})
        return {
            "requests": [asdict(each) for each in asked],
            "statuses": {status: sum(each.status == status for each in asked) for status in statuses},
            "running": self.running,
            "max_concurrent": self.max_concurrent,
            "max_in_60_seconds": self.max_in_window(),
        }
