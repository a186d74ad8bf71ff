"""Asks over REST, checks the answer, and tells Locust how long it took."""

import json as json_module
import time
from collections.abc import Callable, Mapping
from typing import ClassVar

import gevent
from locust import User
from locust.env import Environment

from loadtests.users.http import Answer, Connection
from loadtests.users.target import Target

#: What the answer says that it should not; empty where it is right.
Complaint = Callable[[Answer], str]

#: Nobody asks again at once where nothing answers.
PAUSE_SECONDS = 1.0


class WrongAnswer(Exception):
    """An answer that a client could not use."""


class ApiUser(User):
    """One connection, one key. `asking` has the requests of all users that are open, with their start."""

    abstract = True
    asking: ClassVar[dict[int, tuple[str, float]]] = {}

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self.connection = Connection(self.host or environment.host or "")
        self.key = Target.next_key()
        self.headers = {"Authorization": f"Bearer {self.key}"}

    def ask(
        self,
        method: str,
        path: str,
        complaint: Complaint,
        *,
        name: str,
        headers: Mapping[str, str] | None = None,
        json: object = None,
    ) -> Answer | None:
        """The answer, if it is a right one. Being refused by a limit is an error, and is waited for."""
        sent = self.headers | dict(headers or {})
        body = b""
        if json is not None:
            sent["Content-Type"] = "application/json"
            body = json_module.dumps(json).encode()
        started_at, began = time.time(), time.perf_counter()
        self.asking[id(self)] = f"{method} {name}", started_at
        try:
            answer = self._exchange(method, path, sent, body)
        except OSError as error:
            self.tell(method, name, started_at, began, error=error)
            gevent.sleep(PAUSE_SECONDS)
            return None
        milliseconds = 1000 * (time.perf_counter() - began)
        wrong = self._wrong(answer, complaint)
        refusal = WrongAnswer(f"{wrong} (status {answer.status}: {answer.text[:200]})") if wrong else None
        self.fire(method, name, started_at, milliseconds, len(answer.body), refusal)
        if answer.status == 429:
            gevent.sleep(float(answer.header("Retry-After") or PAUSE_SECONDS))
        return None if wrong else answer

    def _exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        try:
            return self.connection.request(method, path, headers, body)
        finally:
            del self.asking[id(self)]

    def tell(
        self, method: str, name: str, started_at: float, began: float, *, error: Exception | None = None
    ) -> None:
        self.fire(method, name, started_at, 1000 * (time.perf_counter() - began), 0, error)

    def fire(
        self,
        method: str,
        name: str,
        started_at: float,
        milliseconds: float,
        length: int,
        error: Exception | None,
    ) -> None:
        self.environment.events.request.fire(
            request_type=method,
            name=name,
            response_time=milliseconds,
            response_length=length,
            exception=error,
            context={},
            start_time=started_at,
        )

    def on_stop(self) -> None:
        self.connection.close()

    @staticmethod
    def _wrong(answer: Answer, complaint: Complaint) -> str:
        if answer.status == 429:
            return "refused by a limit"
        try:
            return complaint(answer)
        except (KeyError, TypeError, ValueError) as error:
            return f"an answer that cannot be read: {error!r}"
