"""What is known of a running generation, put together from its messages."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

LABELS = {
    "prompt_analysis": "Prompt analysis",
    "brand_analysis": "Brand",
    "micro_prompts": "Storyboard",
    "clip": "Clips",
    "conform": "Conform",
    "assembly": "Assembly",
    "publish": "Publish",
}
PER_CLIP = ("clip", "conform")


@dataclass
class Row:
    """One stage. `total` is None until it is known how many clips there are."""

    label: str
    total: int | None = 1
    done: set[int] = field(default_factory=set)
    running: dict[int, int] = field(default_factory=dict)
    note: str = ""
    first_started_at: datetime | None = None
    last_ended_at: datetime | None = None

    @property
    def fraction(self) -> float:
        """0 to 1."""
        return (len(self.done) + sum(self.running.values()) / 100) / self.total if self.total else 0.0

    @property
    def is_done(self) -> bool:
        return self.total is not None and len(self.done) == self.total

    @property
    def seconds(self) -> float | None:
        """From the first start to the last end, as the service saw it."""
        if self.first_started_at is None or self.last_ended_at is None:
            return None
        return (self.last_ended_at - self.first_started_at).total_seconds()


class Board:
    """`apply` every message; read the rest."""

    def __init__(self, *, branded: bool) -> None:
        names = [name for name in LABELS if branded or name != "brand_analysis"]
        self.rows = {name: Row(LABELS[name], total=None if name in PER_CLIP else 1) for name in names}
        self.status = "queued"
        self.percentage = 0
        self.sequence = 0
        self.message = ""
        self._completion: float | None = None

    @property
    def eta_seconds(self) -> int | None:
        """Counts down between two messages."""
        return None if self._completion is None else max(0, round(self._completion - time.monotonic()))

    def apply(self, message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "snapshot":
                self.status = message["status"]
                self._clips_known(message["clip_count"])
                self._reached(message)
            case "percentage":
                if row := self.rows.get(message["stage"]):
                    position = message["position"] or 0
                    row.running[position] = max(message["stage_percentage"], row.running.get(position, 0))
                self._reached(message)
            case "event":
                self._event(message)

    def _event(self, message: Mapping[str, Any]) -> None:
        self.sequence, self.status = message["sequence"], message["status"]
        self.percentage = max(self.percentage, message["percentage"])
        self.message = message["message"] or self.message
        if message["event"] == "storyboard.ready":
            self._clips_known(message["data"]["clip_count"])
        if row := self.rows.get(message["stage"]):
            _row_event(row, message, message["position"] or 0)

    def _clips_known(self, count: int) -> None:
        for name in PER_CLIP if count else ():
            self.rows[name].total = count

    def _reached(self, message: Mapping[str, Any]) -> None:
        self.percentage = max(self.percentage, message["percentage"])
        if message["eta_seconds"] is not None:
            self._completion = time.monotonic() + message["eta_seconds"]


def _row_event(row: Row, message: Mapping[str, Any], position: int) -> None:
    at = datetime.fromisoformat(message["created_at"])
    match message["event"]:
        case "stage.started":
            row.first_started_at = row.first_started_at or at
            row.running.setdefault(position, 0)
        case "stage.succeeded":
            row.last_ended_at = at
            row.running.pop(position, None)
            row.done.add(position)
            row.note = ""
        case "stage.postponed" | "stage.retrying" | "stage.lost" | "stage.failed":
            row.running.pop(position, None)
            row.note = message["message"]
