"""Following a generation to its end over its WebSocket; by polling while that cannot be had."""

import json
import time
from collections.abc import Iterator
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import connect

from generations.cli.client import Api, ApiProblem, ServiceAway

Message = dict[str, Any]

ENDINGS = {"generation.completed", "generation.failed", "generation.cancelled"}

PAUSE_SECONDS = 0.5

#: So long may the service be away before we stop waiting for it. What was accepted goes on without us.
PATIENCE_SECONDS = 120.0

#: Close codes for reasons that will not go away.
REFUSALS = range(4400, 4405)


class FollowingRefused(Exception):
    """The service does not let us watch. `str()` of it is its reason."""


class Follower:
    """Hears every event of a generation once and in order, whatever happens to the connection.

    `heard` is the number of the last one. With `seconds`, it stops listening after that time.
    """

    def __init__(
        self, api: Api, generation: Message, *, after: int = 0, seconds: float | None = None
    ) -> None:
        self.heard = after
        self._api = api
        self._generation = generation
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._answered_at = time.monotonic()

    def messages(self) -> Iterator[Message]:
        """Up to the event that ends the generation."""
        for message in self._with_repeats():
            if message["type"] == "event":
                if message["sequence"] <= self.heard:
                    continue
                self.heard = message["sequence"]
            yield message
            if message["type"] == "event" and message["event"] in ENDINGS:
                return

    def _with_repeats(self) -> Iterator[Message]:
        while self._seconds_left() != 0:
            yield from self._from_socket()
            yield from self._from_polling()
            time.sleep(PAUSE_SECONDS)

    def _from_socket(self) -> Iterator[Message]:
        """What one connection brings, until it ends."""
        url = f"{self._generation['links']['websocket']}?after={self.heard}"
        headers = self._api.headers
        try:
            with connect(
                url, additional_headers=headers, proxy=None, open_timeout=5, close_timeout=0.5
            ) as socket:
                while True:
                    yield json.loads(socket.recv(timeout=self._seconds_left()))
        except ConnectionClosed as closed:
            if closed.rcvd is not None and closed.rcvd.code in REFUSALS:
                raise FollowingRefused(closed.rcvd.reason) from None
        except (OSError, InvalidHandshake, InvalidURI):
            return  # A TimeoutError is an OSError.

    def _from_polling(self) -> Iterator[Message]:
        try:
            events = self._api.events(self._generation["id"], self.heard)
        except ServiceAway:
            if time.monotonic() - self._answered_at > PATIENCE_SECONDS:
                raise
        except ApiProblem as problem:
            if problem.status < 500 or time.monotonic() - self._answered_at > PATIENCE_SECONDS:
                raise
        else:
            self._answered_at = time.monotonic()
            yield from events

    def _seconds_left(self) -> float | None:
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())
