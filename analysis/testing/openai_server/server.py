"""A small HTTP server that answers like OpenAI, remembers what it was asked, and fails when it is told to."""

from types import TracebackType
from typing import Any, Self

from analysis.testing.openai_server.desk import Desk
from analysis.testing.openai_server.handler import Handler
from videogen.kernel.testing.http_server import LocalServer


class OpenAIServer(Desk):
    """The server, for as long as it is entered: `with OpenAIServer() as server: … server.url`.

    It takes the options of `Desk`, and listens on the loopback only; `port` 0 is any free one.
    """

    def __init__(self, *, port: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self._server = LocalServer(type("BoundHandler", (Handler,), {"desk": self}), port=port)

    @property
    def url(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"{self.root}/v1"

    @property
    def root(self) -> str:
        """Where `/ledger` and `/script` are."""
        return self._server.origin

    def __enter__(self) -> Self:
        self._server.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut all connections, and wait until every thread has ended."""
        self._server.__exit__(kind, error, trace)
