"""Users of a load test ask as the seed says, and count a wrong answer as an error."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from websockets.sync.server import Server, ServerConnection, serve

from loadtests.own_stack import ROOT
from loadtests.prompts import ASPECT_RATIOS, DURATIONS, PROMPTS, STYLES
from loadtests.samples import SamplesFile, lines_read
from loadtests.users.following import Following, Gap

#: Ten users are some of each kind, and each of them acts at once for the first time.
LOAD = ["--headless", "--users", "10", "--spawn-rate", "10", "--run-time", "3s", "--only-summary"]
GENERATION = {"id": "1", "status": "processing", "percentage": 50}
EVENTS = [
    {"type": "event", "generation_id": "1", "sequence": number, "event": kind}
    for number, kind in enumerate(["stage.started", "generation.completed"], start=1)
]


class Service(ThreadingHTTPServer):
    """Notes the submissions in `asked`. Answers as the API would, but for what is in `lies`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.lies: dict[str, Any] = {}
        self.listed = threading.Event()
        self.asked: list[tuple[dict[str, Any], str | None]] = []
        self.sockets: Server = serve(self.follow, "127.0.0.1", 0)
        for server in (self, self.sockets):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def follow(self, socket: ServerConnection) -> None:
        for text in socket:
            if json.loads(text)["type"] == "subscribe":
                socket.send(json.dumps({"type": "snapshot", **GENERATION}))
                for event in self.lies.get("events", EVENTS):
                    socket.send(json.dumps(event | {"created_at": "2026-11-26T10:00:00Z"}))


class Answers(BaseHTTPRequestHandler):
    server: Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, self.lie("health", {"status": "ok"}))
        elif self.path.startswith("/api/v1/generations?"):
            self.server.listed.set()
            self.answer(200, self.lie("list", {"results": [GENERATION]}))
        elif self.path.startswith("/api/v1/generations/"):
            status = self.server.lies.get("status", 200)
            self.answer(status, GENERATION | self.lie("poll", {}), ETag='"1"')
        else:
            self.answer(200, {"name": "prerendered"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        if self.path.endswith("/cancel"):
            return self.answer(202, {})
        if "list" in self.server.lies:
            self.server.listed.wait(10)  # Whoever polls asks for the list while nothing is submitted.
        self.server.asked.append((body, self.headers.get("Idempotency-Key")))
        port = self.server.sockets.socket.getsockname()[1]
        links = {"websocket": f"ws://127.0.0.1:{port}/ws/generations/1"}
        # Only the first is a lie, so that there is something to follow.
        lie = self.server.lies.pop("submission", {})
        if [key for _, key in self.server.asked].count(self.server.asked[-1][1]) > 1:
            lie = self.lie("replay", {})
        return self.answer(202, {**GENERATION, "links": links, **body, **lie}, Location="/generations/1")

    def lie(self, about: str, truth: dict[str, Any]) -> dict[str, Any]:
        return dict(self.server.lies.get(about, truth))

    def answer(self, status: int, body: object, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        """Nothing: pytest would show every request."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    yield server
    server.shutdown()
    server.server_close()
    server.sockets.shutdown()


def play(service: Service, **variables: str) -> "subprocess.CompletedProcess[str]":
    host = f"http://127.0.0.1:{service.server_port}"
    return subprocess.run(
        [sys.executable, "-m", "locust", *LOAD, "--locustfile", "loadtests/locustfile.py", "--host", host],
        cwd=ROOT,
        env=os.environ | {"VIDEOGEN_API_KEY": "vg_test"} | variables,
        capture_output=True,
        text=True,
    )


def test_users_are_content_with_right_answers(service, tmp_path):
    played = play(service, LOADTEST_RECORDS=str(tmp_path))
    samples = SamplesFile(tmp_path).all()

    assert played.returncode == 0, played.stderr
    assert samples.errors == 0
    asked_for = [
        "GET /health",
        "GET /api/v1/generations/{id}",
        "POST /api/v1/generations",
        "POST /api/v1/generations (replay)",
        "WS /ws/generations",
    ]
    assert [name for name in asked_for if not len(samples.of(name))] == []
    assert {body["provider"] for body, _ in service.asked} == {"prerendered"}
    assert all(key for _, key in service.asked)


def test_users_count_each_wrong_answer_as_an_error(service, tmp_path):
    service.lies = {
        "health": {"status": "tired"},
        "submission": {"duration_seconds": 1},
        "replay": {"id": "2"},
        "poll": {"percentage": 10},
        "events": EVENTS[1:],
    }
    played = play(service, LOADTEST_RECORDS=str(tmp_path))
    errors = {each["name"]: each["error"] for each in lines_read(tmp_path / "errors.jsonl")}

    assert played.returncode == 1
    assert errors["GET /health"].startswith("not well (status 200")
    assert errors["POST /api/v1/generations"].startswith("not what was asked for: duration_seconds")
    replay = errors["POST /api/v1/generations (replay)"]
    assert replay.startswith("one key made two generations, 1 and 2")
    assert errors["GET /api/v1/generations/{id}"].startswith("percentage went back from 50")
    assert errors["WS /ws/generations"] == "event 2 came after event 0"


def test_a_user_that_fails_is_an_error_and_so_is_a_message_that_cannot_be_read(service, tmp_path):
    service.lies = {"list": {}, "events": [{"type": "event", "generation_id": "1"}]}
    play(service, LOADTEST_RECORDS=str(tmp_path))

    errors = {each["name"]: each["error"] for each in lines_read(tmp_path / "errors.jsonl")}

    assert errors["USER PollingUser"] == "'results'"
    assert errors["WS /ws/generations"].startswith("a message that cannot be read: KeyError")


def test_being_refused_by_a_limit_is_an_error(service, tmp_path):
    service.lies = {"status": 429}
    play(service, LOADTEST_RECORDS=str(tmp_path))

    errors = {each["name"]: each["error"] for each in lines_read(tmp_path / "errors.jsonl")}

    assert list(errors) == ["GET /api/v1/generations/{id}"]
    assert errors["GET /api/v1/generations/{id}"].startswith("refused by a limit (status 429")


def test_a_follower_measures_what_came_after_it_subscribed():
    following = Following("1", subscribed_at=1000.0)
    old, new = (
        EVENTS[number] | {"created_at": f"1970-01-01T00:16:{second}Z"}
        for number, second in ((0, 30), (1, 50))
    )

    assert following.hear(old, now=1010.25) is None
    assert following.hear(new, now=1010.25) == 250
    assert following.is_over


def test_a_follower_refuses_a_repeat():
    following = Following("1", subscribed_at=0)
    event = EVENTS[0] | {"created_at": "2026-11-26T10:00:00Z"}
    following.hear(event, now=0)

    with pytest.raises(Gap, match="event 1 came after event 1"):
        following.hear(event, now=0)


def test_users_say_what_to_do_where_nothing_answers(service):
    service.server_close()

    played = play(service)

    assert played.returncode == 1
    assert "run `make up` first" in played.stderr


def test_there_are_thirty_prompts_of_varying_length_and_script():
    assert len(set(PROMPTS)) == len(PROMPTS) == 30
    assert min(map(len, PROMPTS)) < 15 and max(map(len, PROMPTS)) > 200
    assert sum(not prompt.isascii() for prompt in PROMPTS) >= 10


def test_requests_vary_as_the_seed_says():
    assert DURATIONS == (15, 30, 45, 60)
    assert len(set(ASPECT_RATIOS)) > 2 and len(set(STYLES)) > 2
