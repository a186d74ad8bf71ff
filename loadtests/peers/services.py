"""The services that are measured: how each is started, and how its callers say who they are."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from loadtests.own_stack import ROOT
from loadtests.peers.ground import Ground
from loadtests.peers.rows import Caller
from videogen.stack.configuration import StackConfiguration
from videogen.stack.services import front

START_SECONDS = 60
OURS = "ours"
#: Ours, when it asks PostgreSQL for every poll's answer.
FORGETFUL = "ours, nothing remembered"
FASTAPI = ("fastapi-sync", "fastapi-async")
BARE = "wsgi"
WSGI_OF_OURS = "videogen.wsgi:application"


def bearer(caller: Caller) -> str:
    return f"Bearer {caller.secret}"


def token(caller: Caller) -> str:
    return f"Token {caller.token}"


@dataclass(frozen=True)
class Kind:
    """A service before it is started. `argv` gets the port and the number of worker processes."""

    name: str
    says: str
    argv: Callable[[int, int], list[str]]
    credentials: Callable[[Caller], str] = bearer
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """A service that answers."""

    kind: Kind
    port: int
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def name(self) -> str:
        return self.kind.name


def _granian(application: str) -> Callable[[int, int], list[str]]:
    """The product's own way to start its web processes, with this application."""

    def argv(port: int, workers: int) -> list[str]:
        configuration = StackConfiguration(
            base_dir=ROOT,
            data_dir=ROOT,
            host="127.0.0.1",
            port=port,
            ws_port=port,
            embedded_database=False,
            embedded_redis=False,
            web_workers=workers,
            web_threads=4,
            workers={},
        )
        web = next(program for program in front(configuration) if program.name == "web")
        return [application if word == WSGI_OF_OURS else word for word in web.argv]

    return argv


def _uvicorn(application: str) -> Callable[[int, int], list[str]]:
    def argv(port: int, workers: int) -> list[str]:
        listen = ["--host", "127.0.0.1", "--port", str(port), "--workers", str(workers)]
        tuned = ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        return [sys.executable, "-m", "uvicorn", application, *listen, *tuned]

    return argv


KINDS = {
    kind.name: kind
    for kind in (
        Kind(OURS, "the product", _granian(WSGI_OF_OURS)),
        Kind(
            FORGETFUL,
            "the product without polls in memory",
            _granian(WSGI_OF_OURS),
            environment={"POLLS_REMEMBERED": "0"},
        ),
        Kind(
            "fastapi-sync",
            "FastAPI, SQLAlchemy 2, psycopg2",
            _uvicorn("loadtests.peers.fastapi_service.app_sync:app"),
        ),
        Kind(
            "fastapi-async",
            "FastAPI, SQLAlchemy 2, asyncpg",
            _uvicorn("loadtests.peers.fastapi_service.app_async:app"),
        ),
        Kind(
            "drf",
            "plain DRF, served as ours",
            _granian("loadtests.peers.drf_service.wsgi:application"),
            token,
            {"DJANGO_SETTINGS_MODULE": "loadtests.peers.drf_service.settings"},
        ),
        Kind(BARE, "a bare WSGI answer of this size", _granian("loadtests.peers.bare:application")),
    )
}


@contextmanager
def services(
    kinds: Iterable[Kind], ground: Ground, *, workers: int = 1, body: str = "{}"
) -> Iterator[list[Service]]:
    """They answer, on this ground, until the `with` block ends. `body` is what the bare one answers."""
    started: list[Service] = []
    try:
        for kind in kinds:
            started.append(_start(kind, ground, workers, body))
        for each in started:
            _await(each, ground.callers[0])
        yield started
    finally:
        for each in started:
            each.process.terminate()
        for each in started:
            each.process.wait()


def _start(kind: Kind, ground: Ground, workers: int, body: str) -> Service:
    port = _free_port()
    log = Path(ground.environment["DATA_DIR"]) / f"{kind.name}.log"
    environment = {"DJANGO_SETTINGS_MODULE": "videogen.settings", "BARE_BODY": body}
    with log.open("wb") as output:
        process = subprocess.Popen(
            kind.argv(port, workers),
            cwd=ROOT,
            env={**ground.environment, **environment, **kind.environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Service(kind, port, process, log)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _await(started: Service, caller: Caller) -> None:
    deadline = time.monotonic() + START_SECONDS
    while started.process.poll() is None and time.monotonic() < deadline:
        try:
            answer(started, "GET", caller, caller.generations[0])
        except (OSError, HTTPException, WrongStatus):
            time.sleep(0.1)
        else:
            return
    sys.exit(f"{started.name} does not answer: {started.log.read_text()[-2000:].strip()}")


class WrongStatus(Exception):
    """It answered, but not as it has to."""


@dataclass(frozen=True)
class Answer:
    body: str
    etag: str


def answer(
    asked: Service, method: str, caller: Caller, generation_id: str = "", content: str = "", key: str = ""
) -> Answer:
    """One exchange, outside of any measurement. Raises `WrongStatus`."""
    connection = HTTPConnection("127.0.0.1", asked.port, timeout=30)
    headers = {"Authorization": asked.kind.credentials(caller), "Content-Type": "application/json"}
    path = f"/api/v1/generations/{generation_id}".rstrip("/")
    try:
        known = {"Idempotency-Key": key} if key else {}
        connection.request(method, path, body=content.encode() or None, headers=headers | known)
        response = connection.getresponse()
        body = response.read().decode()
    finally:
        connection.close()
    if response.status != (200 if method == "GET" else 202):
        raise WrongStatus(f"{asked.name} answered {response.status}: {body[:500]}")
    return Answer(body, response.headers.get("ETag", ""))
