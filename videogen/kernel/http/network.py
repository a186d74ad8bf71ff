"""A connection that keeps to its time, can be left while it waits, and avoids the inside."""

import errno
import math
import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterable
from concurrent import futures
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import httpcore

from videogen.kernel.http.addresses import is_public
from videogen.kernel.http.patience import OutOfTime, Patience

# An address that answers nothing is left for the next one; the first packet is repeated thrice by then.
_CONNECT_SECONDS = 15.0

_T = TypeVar("_T")
#: An entry of what `getaddrinfo` answers.
_Address = tuple[int, int, int, str, Any]


class ForbiddenAddress(httpcore.ConnectError):
    """The name leads to an address that is not public. Nothing was sent to any of its addresses."""


class GuardedNetwork(httpcore.NetworkBackend):
    """Makes one connection. The timeouts that httpcore names are ignored: `patience` bounds everything.

    With `public_only`, each address of the name has to be public, and the connection goes to one of
    those: the name is looked up once, so it cannot mean something else a moment later.
    """

    def __init__(self, patience: Patience, *, public_only: bool = False) -> None:
        self._patience = patience
        self._public_only = public_only
        #: Whether the other side can have seen anything of the request.
        self.may_have_sent = False
        #: Whether the other side has closed the connection.
        self.has_ended = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> "GuardedStream":
        addresses = self._addresses(host, port)
        while True:
            address = addresses.pop(0)
            seconds = min(_CONNECT_SECONDS, self._patience.left / (1 + len(addresses)))
            try:
                return GuardedStream(_connected(address, self._patience.part(seconds)), self._patience, self)
            except (httpcore.ConnectError, OutOfTime):
                if not addresses:
                    raise

    def _addresses(self, host: str, port: int) -> list[_Address]:
        answer = _looked_up(host, port)
        while not answer.done():
            futures.wait([answer], timeout=self._patience.check())
        try:
            addresses = answer.result()
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("its name cannot be resolved") from error
        if self._public_only and not all(is_public(address[4][0]) for address in addresses):
            raise ForbiddenAddress("its address is not public")
        return addresses


class GuardedStream(httpcore.NetworkStream):
    """A socket that never blocks, so that each wait can be cut into slices."""

    def __init__(self, sock: socket.socket, patience: Patience, network: GuardedNetwork) -> None:
        self._socket = sock
        self._patience = patience
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = self._patiently(partial(self._socket.recv, max_bytes), select.POLLIN, httpcore.ReadError)
        if not data:
            self._network.has_ended = True
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        unsent = memoryview(buffer)
        while unsent:
            sent = self._patiently(partial(self._send, unsent), select.POLLOUT, httpcore.WriteError)
            unsent = unsent[sent:]

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> "GuardedStream":
        try:
            tls = ssl_context.wrap_socket(
                self._socket, server_hostname=server_hostname, do_handshake_on_connect=False
            )
        except (OSError, ValueError) as error:
            self.close()
            raise httpcore.ConnectError("TLS cannot begin") from error
        stream = GuardedStream(tls, self._patience, self._network)
        try:
            stream._patiently(tls.do_handshake, select.POLLIN, httpcore.ConnectError)
        except BaseException:
            tls.close()
            raise
        return stream

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket) else None

    def _send(self, data: memoryview) -> int:
        self._network.may_have_sent = True
        return self._socket.send(data)

    def _patiently(self, attempt: Callable[[], _T], event: int, failed: type[httpcore.NetworkError]) -> _T:
        """Try until it does not have to wait; `event` is what it waits for unless TLS knows better."""
        while True:
            seconds = self._patience.check()
            try:
                return attempt()
            except BlockingIOError:
                awaited = event
            except ssl.SSLWantReadError:
                awaited = select.POLLIN
            except ssl.SSLWantWriteError:
                awaited = select.POLLOUT
            except OSError as error:
                raise failed(_reason(error)) from error
            _wait(self._socket, awaited, seconds)


def _looked_up(host: str, port: int) -> "futures.Future[list[_Address]]":
    answer: futures.Future[list[_Address]] = futures.Future()

    def run() -> None:
        try:
            answer.set_result(list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except BaseException as error:  # Whatever it is belongs to the thread that asked.
            answer.set_exception(error)

    # No pool: it would hold up the end of the process for a name server that does not answer.
    threading.Thread(target=run, name="getaddrinfo", daemon=True).start()
    return answer


def _connected(address: _Address, patience: Patience) -> socket.socket:
    family, kind, protocol, _, where = address
    try:
        sock = socket.socket(family, kind, protocol)
    except OSError as error:  # A machine without IPv6, say.
        raise httpcore.ConnectError(_reason(error)) from error
    try:
        sock.setblocking(False)
        number = sock.connect_ex(where)
        if number == errno.EINPROGRESS:
            while not _wait(sock, select.POLLOUT, patience.check()):
                pass
            number = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise httpcore.ConnectError(os.strerror(number).lower())
        with suppress(OSError):  # It only makes it faster.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except BaseException:
        sock.close()
        raise
    return sock


def _wait(sock: socket.socket, event: int, seconds: float) -> bool:
    """Whether it happened. Unlike `select`, it does not mind how many files are open."""
    poll = select.poll()
    poll.register(sock, event)
    return bool(poll.poll(math.ceil(seconds * 1000)))


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not accepted ({error.verify_message.rstrip('.')})"
    if isinstance(error, ssl.SSLError):
        return "TLS failed"
    return (error.strerror or "the connection failed").lower()
