"""The command line's own client, against small servers that misbehave as they are told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import Server, ServerConnection, serve

from generations.cli.client import Api, ApiProblem, ServiceAway
from generations.cli.following import Follower, FollowingRefused
from generations.management.commands.generate import REFUSED, refuse, why_not
from generations.tests.sockets import free_port

FAILED = {
    "status": "failed",
    "error": {
        "code": "safety.refused",
        "message": "No.",
        "stage": "prompt_analysis",
        "hint": "Ask for a cat.",
    },
}


def test_a_failure_is_told_with_what_can_be_done() -> None:
    told = "The video has failed in prompt_analysis (safety.refused): No.\n"
    assert why_not(FAILED) == f"{told}Unchanged, it would fail again. Ask for a cat."


def test_a_refusal_is_told_with_what_can_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    refused = ApiProblem(422, {"detail": "Not these words.", "hint": "Use other words."})
    assert refuse(refused) == REFUSED
    assert capsys.readouterr().err == "Not these words.\nUse other words.\n"


def nowhere() -> Api:
    return Api(f"http://127.0.0.1:{free_port()}", "vg_key")


@contextmanager
def service(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[Api, list[tuple[str, Any]]]]:
    """A service that gives these answers in turn, and what it was asked: (path, headers)."""
    asked: list[tuple[str, Any]] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers))
            status, headers, body = left.pop(0)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Api(f"http://127.0.0.1:{server.server_port}", "vg_key"), asked
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def socket_server(*scripts: Callable[[ServerConnection], None]) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Runs one script for each connection. Gives the generation that leads there, and the paths asked for."""
    paths: list[str] = []
    left = list(scripts)

    def handle(connection: ServerConnection) -> None:
        assert connection.request is not None
        paths.append(connection.request.path)
        left.pop(0)(connection)

    server: Server = serve(handle, "127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        port = server.socket.getsockname()[1]
        yield {"id": "7", "links": {"websocket": f"ws://127.0.0.1:{port}/ws"}}, paths
    finally:
        server.shutdown()


def sends(*sequences: int, end: int | None = None, code: int = 1012) -> Callable[[ServerConnection], None]:
    """Sends these events, of which `end` completes the generation; then closes."""

    def script(connection: ServerConnection) -> None:
        for number in sequences:
            name = "generation.completed" if number == end else "stage.started"
            connection.send(json.dumps({"type": "event", "sequence": number, "event": name}))
        connection.close(code, "because")

    return script


def test_who_is_cut_off_goes_on_from_the_last_event_heard() -> None:
    with socket_server(sends(1, 2), sends(2, 3, end=3)) as (generation, paths):
        heard = [message["sequence"] for message in Follower(nowhere(), generation).messages()]
    assert heard == [1, 2, 3]
    assert paths == ["/ws?after=0", "/ws?after=2"]


def test_without_a_socket_the_events_are_polled() -> None:
    ended = {"type": "event", "sequence": 1, "event": "generation.completed"}
    page: tuple[int, dict[str, str], bytes] = (200, {}, json.dumps({"results": [ended]}).encode())
    generation = {"id": "7", "links": {"websocket": f"ws://127.0.0.1:{free_port()}"}}
    with service(page) as (api, asked):
        assert list(Follower(api, generation).messages()) == [ended]
    assert asked[0][0] == "/api/v1/generations/7/events?after=0"


def test_a_refusal_of_the_socket_is_final() -> None:
    with socket_server(sends(code=4404)) as (generation, _), pytest.raises(FollowingRefused, match="because"):
        list(Follower(nowhere(), generation).messages())


def test_a_follower_with_little_time_stops_in_time() -> None:
    generation = {"id": "7", "links": {"websocket": f"ws://127.0.0.1:{free_port()}"}}
    assert list(Follower(nowhere(), generation, seconds=0.3).messages()) == []


def test_a_problem_is_raised_with_its_sentence_and_its_fields() -> None:
    errors = [{"field": "seed", "message": "It must be a number."}]
    body = json.dumps({"detail": "These fields are not right: seed.", "errors": errors}).encode()
    with service((400, {}, body)) as (api, _), pytest.raises(ApiProblem, match="not right") as refused:
        api.generation_create({"prompt": "x"})
    assert refused.value.errors == errors


def test_a_busy_service_is_asked_again_under_the_same_key() -> None:
    busy = (503, {"Retry-After": "0"}, b"{}")
    with service(busy, (202, {}, b'{"id": "7"}')) as (api, asked):
        assert api.generation_create({"prompt": "x"}) == {"id": "7"}
    first, second = (headers["Idempotency-Key"] for _, headers in asked)
    assert first == second


def test_a_service_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ServiceAway, match="make up"):
        nowhere().generation_get("7")


def test_a_download_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    half = (200, {"Content-Length": "1000"}, b"half")
    with service(half) as (api, _), pytest.raises(ServiceAway):
        api.download("generations/7/video", tmp_path / "video.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    with service((404, {}, b'{"detail": "No."}')) as (api, _), pytest.raises(ApiProblem, match="No"):
        api.download("generations/7/video", tmp_path / "video.mp4")
    assert list(tmp_path.iterdir()) == []
