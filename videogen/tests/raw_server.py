"""Servers that get HTTP wrong, byte by byte, on the loopback."""

import datetime
import ipaddress
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

#: What a server does on a connection after it has read the head of the request.
Talk = Callable[[socket.socket], None]


class RawServer:
    """Gives its first connection the first talk, and so on; the last talk is given to all others.

    It counts connections, and keeps the head of each request. A `rude` one talks before it listens.
    """

    def __init__(self, *talks: Talk, context: ssl.SSLContext | None = None, rude: bool = False) -> None:
        self.connections = 0
        self.requests: list[bytes] = []
        self._talks = talks
        self._context = context
        self._rude = rude
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.origin = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for sock in (self._listener, *self._open):
            with suppress(OSError):  # It has ended already.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def _listen(self) -> None:
        with suppress(OSError):  # The end of the listener.
            while True:
                connection = self._listener.accept()[0]
                talk = self._talks[min(self.connections, len(self._talks) - 1)]
                self.connections += 1
                self._open.append(connection)
                self._threads.append(threading.Thread(target=self._serve, args=(connection, talk)))
                self._threads[-1].start()

    def _serve(self, connection: socket.socket, talk: Talk) -> None:
        with suppress(OSError), connection:  # Clients leave; many of the tests are about that.
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            with connection:
                if self._rude or self._hears(connection):
                    talk(connection)
                    # To close with something unread would cut off what was just sent.
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass

    def _hears(self, connection: socket.socket) -> bool:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(1)
            if not piece:
                return False
            head += piece
        self.requests.append(head.removesuffix(b"\r\n\r\n"))
        return True


def says(*pieces: bytes) -> Talk:
    """Send that, and close."""

    def talk(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return talk


def hears_out(size: int, *pieces: bytes) -> Talk:
    """Read a body of that size, then send the pieces, and close."""

    def talk(connection: socket.socket) -> None:
        left = size
        while left:
            piece = connection.recv(min(left, 65536))
            if not piece:
                return
            left -= len(piece)
        says(*pieces)(connection)

    return talk


def falls_silent(*pieces: bytes) -> Talk:
    """Send that, read nothing, and wait until the client leaves."""

    def talk(connection: socket.socket) -> None:
        says(*pieces)(connection)
        poll = select.poll()
        poll.register(connection, select.POLLRDHUP)
        poll.poll()

    return talk


def drips(head: bytes, drop: bytes) -> Talk:
    """Send the head, then drop after drop for ever."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(drop)
            time.sleep(0.02)

    return talk


def pours(head: bytes) -> Talk:
    """Send the head, then as much as the client takes."""

    def talk(connection: socket.socket) -> None:
        connection.sendall(head)
        while True:
            connection.sendall(bytes(65536))

    return talk


def answer(body: bytes = b"", *headers: str, status: str = "200 OK", length: int | None = None) -> bytes:
    """A whole answer; `length` is what it says of its body if that is not the truth."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def redirect(to: str) -> Talk:
    return says(answer(b"Over there.", f"Location: {to}", status="302 Found"))


@contextmanager
def full_backlog() -> Iterator[str]:
    """The origin of a server on which a connection is neither accepted nor refused."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for sock in waiting:
            sock.close()


def tls_context(directory: Path, name: str) -> tuple[ssl.SSLContext, Path]:
    """A server's TLS with a certificate that it signed itself, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([_general(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path, both = directory / "certificate.pem", directory / "both.pem"
    path.write_bytes(certificate.public_bytes(pem))
    both.write_bytes(private + path.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, path


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
