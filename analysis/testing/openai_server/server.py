"""A small HTTP server that answers like OpenAI, remembers what it was asked, and fails when it is told to."""

import json
import math
import select
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from analysis.testing.openai_server.answers import (
    ENDINGS,
    HUGE_BYTES,
    JSON,
    Answer,
    error_answer,
    fault_answer,
    json_answer,
    models_answer,
)
from analysis.testing.openai_server.calls import BadCall, Call, Written, call_of, envelope_of
from analysis.testing.openai_server.faults import Fault, Script
from analysis.testing.openai_server.ledger import CLIENT_LEFT, Asked, Ledger
from analysis.testing.openai_server.limits import Limits
from analysis.testing.openai_server.moderation import moderation_of
from analysis.testing.openai_server.schemas import Answerer, any_answer
from analysis.testing.openai_server.usage import (
    REASONING_TOKENS,
    Counted,
    PromptCache,
    cacheable_tokens,
    tokens_in,
)

NO_FAULT = Fault("late")
ON_THE_WIRE = {"silence", "cut_before_headers", "cut_in_body", "drip_headers", "drip", "huge"}
MODEL_PATHS = ("/v1/responses", "/v1/chat/completions")


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


class OpenAIServer:
    """The server, for as long as it is entered: `with OpenAIServer() as server: … server.url`.

    `answers` has an answerer for a task; any other gets an answer that satisfies its schema. Limits
    are per model and strict in any `window_seconds`; with `punish`, what exceeds them makes the
    refusal last longer. `latency_seconds` passes before each answer, or `latency_of[task]`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        answers: Mapping[str, Answerer] | None = None,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        window_seconds: float = 60.0,
        punish: bool = False,
        concurrent: int = 0,
        latency_seconds: float = 0.0,
        latency_of: Mapping[str, float] | None = None,
        announce: bool = True,
        told: Callable[[Asked], None] | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.limits = Limits(requests_per_minute, tokens_per_minute, window_seconds, punish=punish)
        self.concurrent = concurrent
        self.latency_seconds = latency_seconds
        self.latency_of = dict(latency_of or {})
        self.announce = announce
        self.told = told
        self.ledger = Ledger()
        self.faults = Script()
        self._cache = PromptCache()
        self._service = _Service(("127.0.0.1", port), self)

    @property
    def url(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"{self.root}/v1"

    @property
    def root(self) -> str:
        """Where `/ledger` and `/script` are."""
        return f"http://127.0.0.1:{self._service.server_address[1]}"

    def script(self, *faults: Fault) -> None:
        """Let these go wrong, in this order."""
        self.faults.add(*faults)

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

    def one_too_many(self, call: Call) -> Answer | None:
        """The refusal of a request that exceeds a limit; None where it does not."""
        what, wait_seconds = self.limits.take(call.model, tokens_in(call.prompt) + call.max_tokens)
        if not what and self.concurrent and self.ledger.running > self.concurrent:
            what, wait_seconds = "concurrent requests", 1.0
        if not what:
            return None
        message = f"Rate limit reached for {call.model} on {what}."
        if not self.announce:
            return error_answer(429, what, "rate_limit_exceeded", message)
        head = {
            "retry-after": str(math.ceil(wait_seconds)),
            "retry-after-ms": str(math.ceil(wait_seconds * 1000)),
            **self.headers(call.model),
        }
        return error_answer(429, what, "rate_limit_exceeded", message, headers=head)

    def headers(self, model: str) -> dict[str, str]:
        """What is announced of the limits; nothing with `announce` off."""
        return self.limits.headers(model) if self.announce else {}

    def written(self, call: Call, fault: Fault) -> Written:
        """What the model writes: by its answerer, unless the fault knows better."""
        ending, text = ENDINGS.get(fault.kind, ("complete", None))
        if text is None:
            answer = self.answers.get(call.task, any_answer)(call.task, call.schema, call.data)
            text = json.dumps(answer, ensure_ascii=False)
        reasoned = REASONING_TOKENS.get(call.effort, 0)
        room = (call.max_tokens or 10**9) - reasoned
        if ending == "truncated" or tokens_in(text) > room:
            ending, text = "truncated", text[: min(len(text) // 2, max(room, 0) * 4)]
        read = tokens_in(call.prompt)
        cached = self._cache.cached_tokens(call.model, call.prompt)
        stored = cacheable_tokens(read) - cached
        return Written(text, ending, Counted(read, cached, stored, tokens_in(text) + reasoned, reasoned))


class _Service(ThreadingHTTPServer):
    """Threads for any number of slow requests, which all end when the server is closed."""

    request_queue_size = 1024
    daemon_threads = False

    def __init__(self, address: tuple[str, int], owner: OpenAIServer) -> None:
        super().__init__(address, _Handler)
        self.owner = owner
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
            _cut(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # Headers and body in one packet.
    server: _Service

    def do_GET(self) -> None:
        if self._path == "/ledger":
            self._send(json_answer(self._owner.ledger.as_json()))
        else:
            self._serve()

    def do_DELETE(self) -> None:
        if self._path == "/ledger":
            self._owner.ledger.reset()
        self._owner.faults.clear()
        self._send(Answer(204, b""))

    def do_POST(self) -> None:
        if self._path == "/script":
            self._send(self._scripted())
        else:
            self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """The ledger has it."""

    @property
    def _owner(self) -> OpenAIServer:
        return self.server.owner

    @property
    def _path(self) -> str:
        return urlsplit(self.path).path

    def _body(self) -> Any:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            return json.loads(text) if text else None
        except ValueError:
            return None

    def _scripted(self) -> Answer:
        body = self._body()
        try:
            self._owner.script(*[Fault(**each) for each in (body if isinstance(body, list) else [body])])
        except (TypeError, ValueError) as error:
            names = ", ".join(each.name for each in fields(Fault))
            return json_answer({"error": f"{error} A fault has {names}."}, status=400)
        return Answer(204, b"")

    def _serve(self) -> None:
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self._path, headers, body)
        asked.model = str(body.get("model", "")) if isinstance(body, dict) else ""
        answer, fault, status = None, NO_FAULT, CLIENT_LEFT
        self._owner.ledger.begin(asked)
        try:
            answer, fault = self._answered(asked)
            if fault.kind in ON_THE_WIRE:
                self._deliver_badly(answer, fault)
            status = answer.status
        except (ClientLeft, ConnectionError):
            self.close_connection = True
        finally:
            self._owner.ledger.end(asked, status)
            if self._owner.told:
                self._owner.told(asked)
        # The ledger knows of it before the client does, who may look at once.
        if answer and fault.kind not in ON_THE_WIRE:
            self._send(answer)

    def _answered(self, asked: Asked) -> tuple[Answer, Fault]:
        """The answer by the API's rules, the limits and the script, in this order."""
        call = None
        if asked.path in MODEL_PATHS and asked.method == "POST":
            try:
                call = call_of(asked.path, asked.body)
            except BadCall as bad:
                what = "invalid_request_error", "invalid_value"
                return error_answer(400, *what, str(bad), param=bad.param), NO_FAULT
        asked.task = call.task if call else asked.path.removeprefix("/v1/").rstrip("s")
        if call and (refusal := self._owner.one_too_many(call)):
            return refusal, NO_FAULT
        fault = self._owner.faults.next(asked.task) or NO_FAULT
        self._wait(fault.seconds if fault.kind == "late" else 0)
        self._wait(self._owner.latency_of.get(asked.task, self._owner.latency_seconds if call else 0))
        return fault_answer(fault) or self._right_answer(asked, call, fault), fault

    def _right_answer(self, asked: Asked, call: Call | None, fault: Fault) -> Answer:
        if call:
            body = envelope_of(call, self._owner.written(call, fault))
            return json_answer(body, headers=self._owner.headers(call.model))
        if (asked.method, asked.path) == ("GET", "/v1/models"):
            return models_answer()
        if (asked.method, asked.path) == ("POST", "/v1/moderations") and isinstance(asked.body, dict):
            texts = asked.body.get("input", [])
            return json_answer(moderation_of([texts] if isinstance(texts, str) else texts, asked.model))
        message = f"Invalid URL ({asked.method} {asked.path})"
        return error_answer(404, "invalid_request_error", None, message)

    def _deliver_badly(self, answer: Answer, fault: Fault) -> None:
        """Send it as the fault wants it. Raises ClientLeft where nobody reads to the end."""
        head, body, pause_seconds = self._head(answer), answer.body, fault.seconds or 0.1
        if fault.kind == "silence":
            self._wait(None)
        elif fault.kind == "cut_before_headers":
            self._cut(b"")
        elif fault.kind == "cut_in_body":
            self._cut(head + body[: len(body) // 2])
        elif fault.kind == "drip_headers":
            self._drip(head, pause_seconds)
            self._write(body)
        elif fault.kind == "drip":
            self._write(head)
            self._drip(body, pause_seconds)
        elif fault.kind == "huge":
            self._write_huge()

    def _send(self, answer: Answer) -> None:
        self._write(self._head(answer) + answer.body)

    def _head(self, answer: Answer) -> bytes:
        phrase, _ = self.responses.get(answer.status, ("Unknown", ""))
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        head = {"Date": self.date_time_string(), "Content-Length": str(len(answer.body)), **answer.headers}
        if self.close_connection:
            head["Connection"] = "close"
        lines += [f"{name}: {value}" for name, value in head.items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")

    def _write(self, data: bytes) -> None:
        self.wfile.write(data)
        self.wfile.flush()

    def _write_huge(self) -> None:
        self._write(self._head(Answer(200, b"", {"Content-Length": str(HUGE_BYTES), **JSON})))
        for _ in range(0, HUGE_BYTES, 100_000):
            self._write(b" " * 100_000)

    def _drip(self, data: bytes, pause_seconds: float) -> None:
        for byte in data:
            self._write(bytes([byte]))
            self._wait(pause_seconds)

    def _cut(self, data: bytes) -> None:
        self._write(data)
        _cut(self.connection)
        self.close_connection = True

    def _wait(self, seconds: float | None) -> None:
        """Let time pass (None: for ever), unless the client leaves."""
        if seconds == 0:
            return
        client = select.poll()
        client.register(self.connection, select.POLLIN)
        if client.poll(None if seconds is None else seconds * 1000):
            raise ClientLeft


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):  # The other side was quicker.
        connection.shutdown(socket.SHUT_RDWR)
