"""A small HTTP server in threads of this process, whose connections can misbehave in every way."""

import json
import select
import socket
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

JSON = {"Content-Type": "application/json"}
#: The status of a request whose client left before it was answered, as nginx writes it.
CLIENT_LEFT = 499
CHUNK_BYTES = 100_000


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


class Connection(BaseHTTPRequestHandler):
    """One connection, and the right and wrong ways to answer on it."""

    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # Headers and body in one packet.

    def log_message(self, format: str, *args: Any) -> None:
        """The ledger has it."""

    @property
    def path_only(self) -> str:
        """The path, without the query."""
        return urlsplit(self.path).path

    def read_body(self) -> bytes:
        """All that was sent along."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, answer: Answer) -> None:
        """Answer as one should."""
        self.write(self.head(answer) + answer.body)

    def head(self, answer: Answer) -> bytes:
        """The status line and the headers. The answer's own Content-Length wins over the true one."""
        phrase, _ = self.responses.get(answer.status, ("Unknown", ""))
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        head = {"Date": self.date_time_string(), "Content-Length": str(len(answer.body)), **answer.headers}
        if self.close_connection:
            head["Connection"] = "close"
        lines += [f"{name}: {value}" for name, value in head.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def write(self, data: bytes) -> None:
        """Send it at once."""
        self.wfile.write(data)
        self.wfile.flush()

    def write_blanks(self, count: int) -> None:
        """Many blanks, made while they are sent."""
        for begin in range(0, count, CHUNK_BYTES):
            self.write(b" " * min(CHUNK_BYTES, count - begin))

    def drip(self, pieces: Iterable[bytes], pause_seconds: float) -> None:
        """Send it piece by piece. Raises ClientLeft."""
        for number, piece in enumerate(pieces):
            # Not after the last one: the next request on this connection is no sign of leaving.
            self.wait(pause_seconds if number else 0)
            self.write(piece)

    def cut(self, data: bytes) -> None:
        """Send this much, then close the connection."""
        self.write(data)
        cut(self.connection)
        self.close_connection = True

    def wait(self, seconds: float | None) -> None:
        """Let time pass (None: for ever), unless the client leaves. Raises ClientLeft."""
        if seconds == 0:
            return
        client = select.poll()
        client.register(self.connection, select.POLLIN)
        if client.poll(None if seconds is None else seconds * 1000):
            raise ClientLeft


class LocalServer:
    """Listens on the loopback for as long as it is entered; `port` 0 is any free one."""

    def __init__(self, handler: type[Connection], *, port: int = 0) -> None:
        self._service = _Service(("127.0.0.1", port), handler)

    @property
    def origin(self) -> str:
        """Where it listens, as `http://127.0.0.1:PORT`."""
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

    def __init__(self, address: tuple[str, int], handler: type[Connection]) -> None:
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


def cut(connection: socket.socket) -> None:
    """End both directions at once, whoever reads or writes."""
    with suppress(OSError):  # The other side was quicker.
        connection.shutdown(socket.SHUT_RDWR)


def json_of(text: bytes) -> Any:
    """What a body says; None where it is no JSON."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
