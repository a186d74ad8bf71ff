"""A small HTTP server that answers like OpenAI, remembers what it was asked, and fails when it is told to."""

import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from analysis.testing.openai_server.desk import Desk
from analysis.testing.openai_server.handler import Handler, cut


class OpenAIServer(Desk):
    """The server, for as long as it is entered: `with OpenAIServer() as server: … server.url`.

    It takes the options of `Desk`, and listens on the loopback only; `port` 0 is any free one.
    """

    def __init__(self, *, port: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self._service = _Service(("127.0.0.1", port), type("BoundHandler", (Handler,), {"desk": self}))

    @property
    def url(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"{self.root}/v1"

    @property
    def root(self) -> str:
        """Where `/ledger` and `/script` are."""
        return f"http://127.0.0.1:{self._service.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._service.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cut all connections, and wait until every thread has ended."""
        self._service.shutdown()
        self._service.cut_all()
        self._service.server_close()
        self._thread.join()


class _Service(ThreadingHTTPServer):
    """Threads for any number of slow requests, which all end when the server is closed."""

    request_queue_size = 1024
    daemon_threads = False

    def __init__(self, address: tuple[str, int], handler: type[Handler]) -> None:
        super().__init__(address, handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tell of mistakes in answerers, and not of clients that leave: many of the tests are about that."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def cut_all(self) -> None:
        for connection in list(self._connections):
            cut(connection)
