"""Bounds on what a server can do to us: bytes, seconds, encodings, redirects; and a way to stop waiting."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import httpx2
import openai

from videogen.kernel.waiting import Tick, nothing

MAX_ANSWER_BYTES = 8 * 1024 * 1024
TICK_SECONDS = 0.25

_tick: ContextVar[Tick] = ContextVar("tick", default=nothing)


@contextmanager
def ticking(tick: Tick) -> Iterator[None]:
    """Within it, `tick` is called about every TICK_SECONDS of a request; a raise ends the request."""
    token = _tick.set(tick)
    try:
        yield
    finally:
        _tick.reset(token)


class UnacceptableAnswer(openai.OpenAIError):
    """An answer that is not read to its end. The openai package lets its own errors through as they are."""


class GuardedClient(httpx2.Client):
    """An HTTP client for whole answers that are small and come in time.

    Each request runs in a thread and on a connection of its own, so that it can be left at any
    moment, whatever it waits for: a name server, a handshake, headers, or a body that drips. It
    costs a handshake for each call. It saves the failures of kept connections that the server has
    just closed, which no retry would hide here, and there is nothing that a fork could share.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(
            follow_redirects=False,  # They would take the key, and the user's text, elsewhere.
            headers={"Accept-Encoding": "identity", "Connection": "close"},
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=0),
            **options,
        )

    def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        """Send it once, and read all of the answer.

        The request's read timeout bounds the whole of it, from now to the last byte. Raises
        `httpx2.RequestError`, `UnacceptableAnswer`, or whatever the tick raises.
        """
        exchange = _Exchange()
        seconds = request.extensions["timeout"]["read"]
        request.extensions = {**request.extensions, "trace": exchange.trace}
        answer = _in_a_thread(lambda: self._receive(request, {**options, "stream": True}))
        try:
            return _awaited(answer, request, seconds)
        except BaseException:
            exchange.cut()
            raise

    def _receive(self, request: httpx2.Request, options: Mapping[str, Any]) -> httpx2.Response:
        with closing(super().send(request, **options)) as response:
            encoding = response.headers.get("content-encoding", "identity")
            if encoding != "identity":
                raise UnacceptableAnswer("It is compressed, which was not asked for.")
            body = bytearray()
            for chunk in response.iter_raw():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise UnacceptableAnswer(f"It is larger than {MAX_ANSWER_BYTES // 1024**2} MB.")
        return httpx2.Response(
            response.status_code, headers=response.headers, content=bytes(body), request=request
        )


class _Exchange:
    """The connection of one request, to be cut from another thread."""

    def __init__(self) -> None:
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note each socket as it appears: the plain one, then the one with TLS. See httpcore, "trace"."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._sockets.append(info["return_value"].get_extra_info("socket"))
            if self._is_cut:
                self.cut()

    def cut(self) -> None:
        """End both directions at once. Closing would not wake a thread that reads; this does."""
        self._is_cut = True
        for sock in self._sockets:
            with suppress(OSError):  # It is closed already, or TLS has taken it over.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)


def _in_a_thread(do: Callable[[], httpx2.Response]) -> futures.Future[httpx2.Response]:
    answer: futures.Future[httpx2.Response] = futures.Future()

    def run() -> None:
        try:
            answer.set_result(do())
        except BaseException as error:  # Whatever it is belongs to the thread that asked.
            answer.set_exception(error)

    # No pool: it would hold up the end of the process for a name server that does not answer.
    threading.Thread(target=run, name="openai", daemon=True).start()
    return answer


def _awaited(
    answer: futures.Future[httpx2.Response], request: httpx2.Request, seconds: float
) -> httpx2.Response:
    deadline = time.monotonic() + seconds
    tick = _tick.get()
    while (left := deadline - time.monotonic()) > 0:
        futures.wait([answer], timeout=min(TICK_SECONDS, left))
        if answer.done():
            return answer.result()
        tick()
    raise httpx2.ReadTimeout("No whole answer came in time.", request=request)
