"""What one socket still has to be told about one generation. It holds a bounded amount, whatever arrives.

Hints may be lost, repeated or out of order; what `take` gives away is neither.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

Message = dict[str, Any]

#: A socket that is further behind reads rows again instead of remembering hints.
HINTS_REMEMBERED = 64


class Subscription:
    """`sequence` is the last number that was sent; `behind` says that there may be rows after it."""

    def __init__(self, generation_id: UUID, *, after: int) -> None:
        self.generation_id = generation_id
        self.sequence = after
        self.behind = True
        self._percentage = 0
        self._waiting: dict[object, Message] = {}

    def hear_event(self, event: Message) -> None:
        """An event has happened."""
        if len(self._waiting) >= HINTS_REMEMBERED:
            self._waiting.clear()
            self.behind = True
        self._waiting["event", event["sequence"]] = event

    def hear_percentage(self, message: Message) -> None:
        """Something moved. A newer word on the same clip replaces the older, and queues up again."""
        step = ("percentage", message["stage"], message["position"])
        self._waiting.pop(step, None)
        if len(self._waiting) < HINTS_REMEMBERED:
            self._waiting[step] = message

    def hear_sequence(self, sequence: int) -> None:
        """The newest row has this number, whether or not a hint came."""
        self.behind = self.behind or sequence > self.sequence

    def take(self) -> Iterator[Message]:
        """What may be sent now, in order."""
        while self._waiting and not self.behind:
            message = self._waiting.pop(next(iter(self._waiting)))
            if message["type"] == "percentage":
                self._percentage = max(self._percentage, message["percentage"])
                yield message | {"percentage": self._percentage}
            elif message["sequence"] > self.sequence + 1:
                self.behind = True  # A hint was lost; the rows have this event too.
            else:
                yield from self.advance([message])

    def advance(self, events: list[Message]) -> Iterator[Message]:
        """Those of `events` that have not been sent."""
        for event in events:
            if event["sequence"] > self.sequence:
                self.sequence = event["sequence"]
                self._percentage = max(self._percentage, event["percentage"])
                yield event
