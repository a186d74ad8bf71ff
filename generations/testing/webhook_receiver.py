"""A place that webhooks go to: it keeps them, and answers as it is told."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from videogen.kernel.testing.http_server import Answer, Connection, LocalServer, json_of


@dataclass(frozen=True)
class Received:
    """One webhook. The names of `headers` are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json_of(self.body)


class WebhookReceiver:
    """Takes webhooks for as long as it is entered. It answers `statuses` one after the other, then 200."""

    def __init__(self, statuses: Sequence[int] = ()) -> None:
        self.received: list[Received] = []
        self._statuses = list(statuses)
        self._server = LocalServer(type("BoundReceiver", (_Handler,), {"receiver": self}))

    def url(self, name: str = "call") -> str:
        """Where webhooks go; `name` ends the address, as a token does."""
        return f"{self._server.origin}/hooks/{name}"

    def take(self, received: Received) -> int:
        """Keep it, and say with which status to answer."""
        self.received.append(received)
        return self._statuses.pop(0) if self._statuses else 200

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)


class _Handler(Connection):
    receiver: WebhookReceiver

    def do_POST(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        status = self.receiver.take(Received(self.path, headers, self.read_body()))
        self.send(Answer(status, b""))
