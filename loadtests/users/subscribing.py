"""Follows what was submitted over one WebSocket, from its first event to its last.

A subscription that is answered and followed to the end without a gap is one success.
"""

import json
import time
from contextlib import suppress
from typing import Any

import gevent
from locust import constant, task
from websocket import WebSocket, WebSocketException, WebSocketTimeoutException, create_connection

from loadtests.users.api import FINISHED, GENERATIONS, WEBSOCKET
from loadtests.users.api_user import ApiUser, WrongAnswer
from loadtests.users.following import Following, Gap
from loadtests.users.target import Target

ANSWER_SECONDS = 30
IDLE_SECONDS = 0.5
#: After so long a silence it asks over REST whether the last event was lost.
SILENCE_SECONDS = 10
#: Then an event that is on its way has this long to arrive.
GRACE_SECONDS = 5


class SubscribingUser(ApiUser):
    """`fixed_count` is set from the scenario: subscribers come on top of the seed's users."""

    wait_time = constant(0.5)
    fixed_count = 1

    def on_start(self) -> None:
        self._socket: WebSocket | None = None

    @property
    def socket(self) -> WebSocket:
        if self._socket is None:
            raise WrongAnswer("the socket was closed")
        return self._socket

    @task
    def follow(self) -> None:
        started_at, began = time.time(), time.perf_counter()
        try:
            if not Target.submitted:
                self._idle()
                return
            generation = Target.submitted.pop()
            following = self._subscribe(generation)
            answered = 1000 * (time.perf_counter() - began)
            while not following.is_over:
                self._hear(following)
            self._send("unsubscribe", following.generation_id)
        except (OSError, WebSocketException, Gap, WrongAnswer) as error:
            self._give_up(started_at, began, error)
        except (KeyError, TypeError, ValueError) as error:
            wrong = WrongAnswer(f"a message that cannot be read: {error!r}")
            self._give_up(started_at, began, wrong)
        else:
            self.fire("WS", WEBSOCKET, started_at, answered, 0, None)

    def _give_up(self, started_at: float, began: float, error: Exception) -> None:
        self.tell("WS", WEBSOCKET, started_at, began, error=error)
        self._hang_up()
        gevent.sleep(1)

    def _idle(self) -> None:
        """The service pings, and drops whoever does not answer; reading does."""
        if self._socket is not None:
            self._socket.settimeout(IDLE_SECONDS)
            with suppress(WebSocketTimeoutException):
                self._receive()

    def _subscribe(self, generation: dict[str, Any]) -> Following:
        if self._socket is None:
            url = generation["links"]["websocket"].rsplit("/", 1)[0]
            headers = [f"Authorization: Bearer {self.key}"]
            self._socket = create_connection(
                url, header=headers, timeout=ANSWER_SECONDS, http_no_proxy=["*"], enable_multithread=False
            )
        self._send("subscribe", generation["id"])
        self.socket.settimeout(ANSWER_SECONDS)
        while (message := self._receive())["type"] != "snapshot":
            if message["type"] == "error":
                raise WrongAnswer(f"refused: {message['message']}")
        return Following(generation["id"], subscribed_at=time.time())

    def _hear(self, following: Following) -> None:
        self.socket.settimeout(SILENCE_SECONDS)
        try:
            message = self._receive()
        except WebSocketTimeoutException:
            self._look(following)
            return
        if message.get("generation_id") != following.generation_id:
            return  # What was under way of the one before.
        if message["type"] == "error":
            raise WrongAnswer(f"told of an error: {message['message']}")
        if message["type"] == "event":
            now = time.time()
            if (late := following.hear(message, now=now)) is not None:
                self.fire("WS", f"{WEBSOCKET} delivery", now - late / 1000, late, 0, None)

    def _look(self, following: Following) -> None:
        """A generation may be silent because its workers are busy, but not once it is finished."""
        answer = self.ask(
            "GET",
            f"{GENERATIONS}/{following.generation_id}",
            lambda it: "" if it.status == 200 else "no generation",
            name=f"{GENERATIONS}/{{id}} (silence)",
        )
        if answer is None or answer.json()["status"] not in FINISHED:
            return
        self.socket.settimeout(GRACE_SECONDS)
        try:
            message = self._receive()
        except WebSocketTimeoutException:
            missing = f"it is {answer.json()['status']}, the last event heard is {following.sequence}"
            raise WrongAnswer(f"the last event did not arrive: {missing}") from None
        if message["type"] == "event" and message["generation_id"] == following.generation_id:
            following.hear(message, now=time.time())

    def _send(self, kind: str, generation_id: str) -> None:
        after = {"after": 0} if kind == "subscribe" else {}
        self.socket.send(json.dumps({"type": kind, "generation_id": generation_id, **after}))

    def _receive(self) -> dict[str, Any]:
        text = self.socket.recv()
        if not text:
            raise WrongAnswer("the socket was closed")
        return dict(json.loads(text))

    def _hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError, WebSocketException):
                self._socket.close(timeout=1)
        self._socket = None

    def on_stop(self) -> None:
        self._hang_up()
        super().on_stop()
