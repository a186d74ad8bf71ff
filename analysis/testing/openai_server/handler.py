"""The server's HTTP: what is right about it, and everything that a fault gets wrong."""

from analysis.testing.openai_server.answers import (
    HUGE_BYTES,
    error_answer,
    fault_answer,
    json_answer,
    models_answer,
)
from analysis.testing.openai_server.calls import BadCall, Call, call_of, envelope_of
from analysis.testing.openai_server.desk import Desk
from analysis.testing.openai_server.faults import Fault
from analysis.testing.openai_server.ledger import Asked
from analysis.testing.openai_server.moderation import moderation_of
from videogen.kernel.testing.http_server import (
    CLIENT_LEFT,
    JSON,
    Answer,
    ClientLeft,
    Connection,
    json_of,
)
from videogen.kernel.testing.script import faults_of

NO_FAULT = Fault("late")
ON_THE_WIRE = {"silence", "cut_before_headers", "cut_in_body", "drip_headers", "drip", "huge"}
MODEL_PATHS = ("/v1/responses", "/v1/chat/completions")


class Handler(Connection):
    """One connection. A subclass has the `desk`."""

    desk: Desk

    def do_GET(self) -> None:
        if self.path_only == "/ledger":
            self.send(json_answer(self.desk.ledger.as_json()))
        else:
            self._serve()

    def do_DELETE(self) -> None:
        if self.path_only != "/ledger":
            self._serve()
            return
        self.desk.ledger.reset()
        self.desk.faults.clear()
        self.send(Answer(204, b""))

    def do_POST(self) -> None:
        if self.path_only == "/script":
            self.send(self._scripted())
        else:
            self._serve()

    def _scripted(self) -> Answer:
        try:
            self.desk.script(*faults_of(json_of(self.read_body()), Fault))
        except ValueError as error:
            return json_answer({"error": str(error)}, status=400)
        return Answer(204, b"")

    def _serve(self) -> None:
        body = json_of(self.read_body())
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path_only, headers, body)
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
            self.send(answer)

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
        fault = self.desk.faults.next(lambda fault: fault.task in ("", asked.task)) or NO_FAULT
        self.wait(fault.seconds if fault.kind == "late" else 0)
        self.wait(self.desk.latency_of.get(asked.task, self.desk.latency_seconds if call else 0))
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
        head, body, pause_seconds = self.head(answer), answer.body, fault.seconds or 0.1
        if fault.kind == "silence":
            self.wait(None)
        elif fault.kind == "cut_before_headers":
            self.cut(b"")
        elif fault.kind == "cut_in_body":
            self.cut(head + body[: len(body) // 2])
        elif fault.kind == "drip_headers":
            self.drip((bytes([byte]) for byte in head), pause_seconds)
            self.write(body)
        elif fault.kind == "drip":
            self.write(head)
            self.drip((bytes([byte]) for byte in body), pause_seconds)
        elif fault.kind == "huge":
            self.write(self.head(Answer(200, b"", {"Content-Length": str(HUGE_BYTES), **JSON})))
            self.write_blanks(HUGE_BYTES)
