"""The server's HTTP: what is right about it, and everything that a fault gets wrong."""

import json
import select
import socket
from contextlib import suppress
from dataclasses import fields
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from analysis.testing.openai_server.answers import (
    HUGE_BYTES,
    JSON,
    Answer,
    error_answer,
    fault_answer,
    json_answer,
    models_answer,
)
from analysis.testing.openai_server.calls import BadCall, Call, call_of, envelope_of
from analysis.testing.openai_server.desk import Desk
from analysis.testing.openai_server.faults import Fault
from analysis.testing.openai_server.ledger import CLIENT_LEFT, Asked
from analysis.testing.openai_server.moderation import moderation_of

NO_FAULT = Fault("late")
ON_THE_WIRE = {"silence", "cut_before_headers", "cut_in_body", "drip_headers", "drip", "huge"}
MODEL_PATHS = ("/v1/responses", "/v1/chat/completions")


class ClientLeft(Exception):
    """Nobody waits for the answer any more."""


class Handler(BaseHTTPRequestHandler):
    """One connection. A subclass has the `desk`."""

    desk: Desk
    protocol_version = "HTTP/1.1"
    wbufsize = 64 * 1024  # Headers and body in one packet.

    def do_GET(self) -> None:
        if self._path == "/ledger":
            self._send(json_answer(self.desk.ledger.as_json()))
        else:
            self._serve()

    def do_DELETE(self) -> None:
        if self._path != "/ledger":
            self._serve()
            return
        self.desk.ledger.reset()
        self.desk.faults.clear()
        self._send(Answer(204, b""))

    def do_POST(self) -> None:
        if self._path == "/script":
            self._send(self._scripted())
        else:
            self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        """The ledger has it."""

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
            self.desk.script(*[Fault(**each) for each in (body if isinstance(body, list) else [body])])
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
        self.desk.ledger.begin(asked)
        try:
            answer, fault = self._answered(asked)
            if fault.kind in ON_THE_WIRE:
                self._deliver_badly(answer, fault)
            status = answer.status
        except (ClientLeft, ConnectionError):
            self.close_connection = True
        finally:
            self.desk.ledger.end(asked, status)
            if self.desk.told:
                self.desk.told(asked)
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
        if call and (refusal := self.desk.one_too_many(call)):
            return refusal, NO_FAULT
        fault = self.desk.faults.next(asked.task) or NO_FAULT
        self._wait(fault.seconds if fault.kind == "late" else 0)
        self._wait(self.desk.latency_of.get(asked.task, self.desk.latency_seconds if call else 0))
        return fault_answer(fault) or self._right_answer(asked, call, fault), fault

    def _right_answer(self, asked: Asked, call: Call | None, fault: Fault) -> Answer:
        if call:
            body = envelope_of(call, self.desk.written(call, fault))
            return json_answer(body, headers=self.desk.headers(call.model))
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
        cut(self.connection)
        self.close_connection = True

    def _wait(self, seconds: float | None) -> None:
        """Let time pass (None: for ever), unless the client leaves."""
        if seconds == 0:
            return
        client = select.poll()
        client.register(self.connection, select.POLLIN)
        if client.poll(None if seconds is None else seconds * 1000):
            raise ClientLeft


def cut(connection: socket.socket) -> None:
    """End both directions at once, whoever reads or writes."""
    with suppress(OSError):  # The other side was quicker.
        connection.shutdown(socket.SHUT_RDWR)
