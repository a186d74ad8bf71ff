"""The servers' HTTP: what is right about it, and everything that a fault gets wrong."""

from typing import Any

from generations.testing.video_servers.desk import Desk
from generations.testing.video_servers.faults import Fault
from generations.testing.video_servers.ledger import Asked
from generations.testing.video_servers.refusals import CLOSED, json_answer
from generations.testing.video_servers.requests import Request
from videogen.kernel.testing.http_server import (
    CLIENT_LEFT,
    JSON,
    Answer,
    ClientLeft,
    Connection,
    json_of,
)
from videogen.kernel.testing.script import faults_of

ON_THE_WIRE = {
    *("drop", "accept_and_drop", "hang_before", "hang_after", "huge_json", "cut_in_body", "drip"),
    *("truncated", "huge", "slow_output"),
}
HUGE_JSON_BYTES = 100 * 10**6
HUGE_OUTPUT_BYTES = 10 * 10**9


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

    def do_PUT(self) -> None:
        self._serve()

    def _scripted(self) -> Answer:
        try:
            self.desk.script(*faults_of(json_of(self.read_body()), Fault))
        except ValueError as error:
            return json_answer({"error": str(error)}, status=400)
        return Answer(204, b"")

    def _serve(self) -> None:
        route, found = self.desk.route(self.command, self.path_only)
        asked = Asked(self.command, self.path_only, job_id=found.get("id", ""))
        asked.kind = route.kind if route else asked.kind
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(asked, headers, self.read_body(), self.path, found)
        self.desk.ledger.begin(asked)
        answer, fault, status = None, None, CLIENT_LEFT
        try:
            answer, fault = self.desk.answered(request, route)
            if fault and fault.kind == "late":
                self.wait(fault.seconds)
            if fault and fault.kind in ON_THE_WIRE:
                self._deliver_badly(answer, fault)
            status = CLOSED if fault and fault.kind == "accept_and_drop" else answer.status
        except (ClientLeft, ConnectionError):
            answer, self.close_connection = None, True
        finally:
            self._note(request, status)
        # The ledger knows of it before the client does, who may look at once.
        if answer and not (fault and fault.kind in ON_THE_WIRE):
            self.send(answer)

    def _note(self, request: Request, status: int) -> None:
        self.desk.ledger.end(request.asked, status, request.submission)
        if self.desk.told:
            self.desk.told(request.asked)

    def _deliver_badly(self, answer: Answer, fault: Fault) -> None:
        """Send it as the fault wants it. Raises ClientLeft where nobody reads to the end."""
        body, pause_seconds = answer.body, fault.seconds or 0.1
        match fault.kind:
            case "hang_before" | "hang_after":
                self.wait(None)
            case "drop" | "accept_and_drop":
                self.cut(b"")
            case "cut_in_body" | "truncated":
                self.cut(self.head(answer) + body[: len(body) // 2])
            case "huge_json":
                self._write_huge(JSON, HUGE_JSON_BYTES)
            case "huge":
                self._write_huge({"Content-Type": "video/mp4"}, HUGE_OUTPUT_BYTES)
            case "drip":
                self.write(self.head(answer))
                self.drip((bytes([byte]) for byte in body), pause_seconds)
            case "slow_output":
                piece = max(1, len(body) // 20)
                self.write(self.head(answer))
                self.drip((body[at : at + piece] for at in range(0, len(body), piece)), pause_seconds)

    def _write_huge(self, headers: dict[str, str], size: int) -> None:
        self.write(self.head(Answer(200, b"", {"Content-Length": str(size), **headers})))
        self.write_blanks(size)


def bound(desk: Any) -> type[Handler]:
    """Connections to this desk."""
    return type("BoundHandler", (Handler,), {"desk": desk})
