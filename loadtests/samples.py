"""Response times as the recorder kept them, and exact percentiles of any part of them."""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

LAYOUT = np.dtype([("at", "<f8"), ("ms", "<f4"), ("name", "<u2"), ("ok", "<u2")])
Array = npt.NDArray[Any]

#: Longer than any limit here: whoever still waits then has been let down.
LOST_SECONDS = 10
DELIVERY = "WS /ws/generations delivery"
#: The endpoints of the seed's table, by their names here.
ENDPOINTS = ("GET /health", "POST /api/v1/generations", "GET /api/v1/generations/{id}")


def percentile(values: Iterable[float] | Array, percent: float) -> float | None:
    """A value that was really measured: the smallest that `percent` of all do not exceed."""
    ordered = np.sort(np.asarray(values, dtype=float))
    if not len(ordered):
        return None
    return float(ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)])


@dataclass(frozen=True)
class Samples:
    """Rows of `LAYOUT`; `names` says what a row's number stands for."""

    rows: Array
    names: tuple[str, ...]

    def between(self, start: float, end: float) -> "Samples":
        """Those that were sent from `start` and before `end`."""
        at = self.rows["at"]
        return Samples(self.rows[(at >= start) & (at < end)], self.names)

    def with_open(self, asked: Iterable[tuple[str, float]], *, at: float) -> "Samples":
        """With the requests that were open at that time, their names and starts; each has taken its age.

        Whoever has waited for `LOST_SECONDS` has been let down: an error. What was answered since is here.
        """
        names = list(self.names)
        rows = []
        for name, started_at in asked:
            if name not in names:
                names.append(name)
            number, age = names.index(name), at - started_at
            is_answered = ((self.rows["at"] == started_at) & (self.rows["name"] == number)).any()
            if age > 0 and not is_answered:
                rows.append((started_at, 1000 * age, number, age < LOST_SECONDS))
        return Samples(np.concatenate([self.rows, np.array(rows, LAYOUT)]), tuple(names))

    def of(self, name: str) -> "Samples":
        number = self.names.index(name) if name in self.names else len(self.names)
        return Samples(self.rows[self.rows["name"] == number], self.names)

    def requests(self) -> "Samples":
        """All but deliveries, which nobody asked for one by one: they would thin out the errors."""
        number = self.names.index(DELIVERY) if DELIVERY in self.names else len(self.names)
        return Samples(self.rows[self.rows["name"] != number], self.names)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def errors(self) -> int:
        return int((self.rows["ok"] == 0).sum())

    @property
    def error_percent(self) -> float | None:
        return 100 * self.errors / len(self) if len(self) else None

    def percentile(self, percent: float) -> float | None:
        """Of right answers, in milliseconds."""
        return percentile(self.rows["ms"][self.rows["ok"] == 1], percent)


class SamplesFile:
    """What a recorder writes, read while it does."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: IO[bytes] | None = None
        self._blocks: list[Array] = []

    def fresh(self) -> Samples:
        """What has come since the last time."""
        path = self._directory / "samples.bin"
        if self._file is None and path.exists():
            self._file = path.open("rb")
        data = self._file.read() if self._file else b""
        whole = len(data) - len(data) % LAYOUT.itemsize
        if self._file:
            self._file.seek(whole - len(data), 1)
        block = np.frombuffer(data[:whole], LAYOUT)
        self._blocks.append(block)
        return Samples(block, self._names())

    def all(self) -> Samples:
        self.fresh()
        return Samples(np.concatenate(self._blocks), self._names())

    def _names(self) -> tuple[str, ...]:
        path = self._directory / "names.json"
        return tuple(json.loads(path.read_text())) if path.exists() else ()


def lines_read(path: Path) -> list[dict[str, Any]]:
    """A file with a JSON object on each line; none where there is no file. The last may be half written."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]
