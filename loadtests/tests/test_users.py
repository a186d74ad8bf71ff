"""Users of a load test ask as the seed says, and notice wrong answers."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from loadtests.prompts import ASPECT_RATIOS, DURATIONS, PROMPTS, STYLES

ROOT = Path(__file__).resolve().parents[2]
#: Ten users are some of each kind, and each of them acts at once for the first time.
LOAD = ["--headless", "--users", "10", "--spawn-rate", "10", "--run-time", "2s", "--only-summary"]


class Service(ThreadingHTTPServer):
    """Notes the submissions in `asked`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.lies: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []


class Answers(BaseHTTPRequestHandler):
    """Answers as the API would, but for what is in the service's `lies`."""

    server: Service
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, self.lie("health", {"status": "ok"}))
        elif self.path.startswith("/api/v1/generations?"):
            self.answer(200, {"results": []})
        else:
            self.answer(200, {"name": "prerendered"})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "{}")
        self.server.asked.append((self.path, body, self.headers.get("Idempotency-Key")))
        if len(self.server.asked) == 1:
            self.answer(429, {}, **self.lie("429", {"Retry-After": "1"}))
        else:
            self.answer(202, {"id": "1", **body, **self.lie("submission", {})}, Location="/generations/1")

    def lie(self, about: str, truth: dict[str, Any]) -> dict[str, Any]:
        return self.server.lies.get(about, truth)

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
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def play(service: Service) -> "subprocess.CompletedProcess[str]":
    host = f"http://127.0.0.1:{service.server_port}"
    return subprocess.run(
        [sys.executable, "-m", "locust", *LOAD, "--locustfile", "loadtests/locustfile.py", "--host", host],
        cwd=ROOT,
        env=os.environ | {"VIDEOGEN_API_KEY": "vg_test"},
        capture_output=True,
        text=True,
    )


def test_users_are_content_with_right_answers_and_take_a_limit_for_one(service):
    played = play(service)

    assert played.returncode == 0, played.stderr
    assert "GET /generations " in played.stderr
    submissions = [(body, key) for path, body, key in service.asked if path == "/api/v1/generations"]
    assert {body["provider"] for body, _ in submissions} == {"prerendered"}
    assert all(key for _, key in submissions)


@pytest.mark.parametrize(
    "about, lie, complaint",
    [
        ("health", {"status": "tired"}, "not well"),
        ("submission", {"duration_seconds": 1}, "not what was asked for: duration_seconds"),
        ("429", {"X-Why": "no Retry-After"}, "not accepted (status 429"),
    ],
)
def test_users_notice_a_wrong_answer(service, about, lie, complaint):
    service.lies = {about: lie}

    played = play(service)

    assert played.returncode == 1
    assert complaint in played.stderr


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
