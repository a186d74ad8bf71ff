"""What one subscriber was told about one generation: whether it was all of it, in order, and how late."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from loadtests.users.api import ENDINGS


@dataclass
class Following:
    """`subscribed_at` is by the clock of this machine, and so has to be the service's."""

    generation_id: str
    subscribed_at: float
    sequence: int = 0
    is_over: bool = False

    def hear(self, event: dict[str, Any], *, now: float) -> float | None:
        """The milliseconds that an event took; None for one from before the subscription.

        Raises `Gap` where an event is missing or comes twice.
        """
        if event["sequence"] != self.sequence + 1:
            raise Gap(f"event {event['sequence']} came after event {self.sequence}")
        self.sequence = event["sequence"]
        self.is_over = event["event"] in ENDINGS
        created_at = datetime.fromisoformat(event["created_at"]).timestamp()
        return 1000 * (now - created_at) if created_at >= self.subscribed_at else None


class Gap(Exception):
    """The history that was told has a hole, or a repeat."""
