"""A job of a provider: what was asked for, and how far it is. The clock alone moves it."""

import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from generations.testing.video_servers.faults import Fault
from generations.testing.video_servers.models import Model
from generations.testing.video_servers.videos import Shape, bent


class State(StrEnum):
    """Both providers have these, by other names. `aborted`: it was stopped before it began."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    ABORTED = "aborted"


ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.ABORTED)


@dataclass
class Job:
    """Accepted work. `outcome` is a fault that decides what comes of it, `webhook_fault` who hears of it."""

    model: Model
    input: Mapping[str, Any]
    at: float
    queue_seconds: float
    run_seconds: float
    webhook: str = ""
    events: Sequence[str] = ()
    cancel_after_seconds: float = math.inf
    outcome: Fault | None = None
    webhook_fault: Fault | None = None
    problems: Sequence[tuple[str, str]] = ()  # Of its input, where they show only when it runs.
    bills_failures: bool = False
    cancelled_at: float = math.inf
    is_told: bool = False  # Its last webhook is on the way.
    job_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def starts_at(self) -> float:
        """When it leaves the queue, unless it is stopped before."""
        return self.at + self.queue_seconds

    @property
    def ends_at(self) -> float:
        """When it ends, in whatever way."""
        return min(self._would_end_at, self._stopped_at)

    def state(self, now: float) -> State:
        """How far it is at this moment."""
        if now >= self._stopped_at and self._stopped_at < self._would_end_at:
            return State.ABORTED if self._stopped_at < self.starts_at else State.CANCELLED
        if now < self.starts_at:
            return State.QUEUED
        if now < self._would_end_at:
            return State.RUNNING
        return State.FAILED if self.has_failed else State.SUCCEEDED

    @property
    def has_failed(self) -> bool:
        """Whether it fails, once it has run."""
        return bool(self.problems or (self.outcome and self.outcome.kind in ("fail", "moderated")))

    def is_billed(self, now: float) -> bool:
        """Whether it costs money as far as can be said now: what is under way does."""
        state = self.state(now)
        return state != State.ABORTED and (state != State.FAILED or self.bills_failures)

    def shape(self) -> Shape:
        """The video that comes of it."""
        return bent(self.model.shape(self.input), self.outcome)

    @property
    def _would_end_at(self) -> float:
        never = self.outcome and self.outcome.kind == "never_ends"
        return math.inf if never else self.starts_at + self.run_seconds

    @property
    def _stopped_at(self) -> float:
        return min(self.cancelled_at, self.at + self.cancel_after_seconds)
