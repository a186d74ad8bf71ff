"""A database for each size, with a web service and a resident of its own, all on one ground."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg2

from loadtests.own_stack import ROOT
from loadtests.peers.ground import Ground
from loadtests.peers.rows import Caller
from loadtests.peers.services import KINDS, OURS, services
from videogen.embedded.places import DATABASE_NAME

PRUNE_OLDER_THAN = "2h"


@dataclass(frozen=True)
class Size:
    """How much has ended, how much has not, and whether what has was pruned."""

    history: int
    backlog: int
    is_pruned: bool = False

    @property
    def database(self) -> str:
        return f"growth_{self.history}_{self.backlog}{'_pruned' if self.is_pruned else ''}"

    def __str__(self) -> str:
        pruned = ", pruned" if self.is_pruned else ""
        return f"{self.history:,} ended{pruned}, {self.backlog:,} not"


class Resident:
    """The process of `loadtests.growth.resident`, in one database."""

    def __init__(self, environment: dict[str, str], log: Path) -> None:
        self._log = log
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "loadtests.growth.resident"],
                cwd=ROOT,
                env={**environment, "DJANGO_SETTINGS_MODULE": "videogen.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def do(self, deed: str, *arguments: object) -> Any:
        assert self._process.stdin and self._process.stdout  # noqa: S101  Both are pipes.
        self._process.stdin.write(json.dumps([deed, *arguments]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            sys.exit(f"{deed} failed: {self._log.read_text()[-2000:].strip()}")
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()


@dataclass(frozen=True)
class Place:
    """One database that can be asked. `web` is kept open; `submitted` is what has to be taken back."""

    size: Size
    caller: Caller
    facts: dict[str, Any]
    web: HTTPConnection
    resident: Resident
    submitted: list[str] = field(default_factory=list)

    def tidy(self) -> None:
        """So that the backlog stays as long as it is."""
        while self.submitted:
            self.resident.do("submission_forget", self.submitted.pop())


def environment_of(ground: Ground, size: Size, redis: int) -> dict[str, str]:
    """Redis has a numbered database for each."""
    of_ground = ground.environment
    directory = Path(of_ground["DATA_DIR"]) / size.database
    directory.mkdir(exist_ok=True)
    return {
        **of_ground,
        "DATA_DIR": str(directory),
        "DATABASE_URL": of_ground["DATABASE_URL"].replace(f"/{DATABASE_NAME}?", f"/{size.database}?"),
        "REDIS_URL": of_ground["REDIS_URL"].replace("db=0", f"db={redis}"),
        "CACHE_REDIS_URL": of_ground["CACHE_REDIS_URL"].replace("db=0", f"db={redis}"),
        "LOG_LEVEL": "ERROR",
    }


@contextmanager
def places(ground: Ground, sizes: list[Size]) -> Iterator[list[Place]]:
    """A place for each size, until the `with` block ends."""
    secret = ground.callers[0].secret
    environments = databases_make(ground, sizes)
    with ExitStack() as stack:
        yield [
            stack.enter_context(place(size, environment, secret))
            for size, environment in environments.items()
        ]


@contextmanager
def place(size: Size, environment: dict[str, str], secret: str) -> Iterator[Place]:
    """Ask with the first caller's `secret`, where rows are already."""
    log = Path(environment["DATA_DIR"]) / "resident.log"
    with closing(Resident(environment, log)) as resident:
        facts = resident.do("facts")
        caller = Caller(secret, "", [facts["processing"]])
        with (
            services([KINDS[OURS]], Ground(environment, [caller], [])) as (service,),
            closing(HTTPConnection("127.0.0.1", service.port, timeout=60)) as web,
        ):
            yield Place(size, caller, facts, web, resident)


def databases_make(ground: Ground, sizes: list[Size]) -> dict[Size, dict[str, str]]:
    """The rows of each history once; databases of the same history are copies."""
    environments = {size: environment_of(ground, size, redis) for redis, size in enumerate(sizes, start=1)}
    for length in sorted({size.history for size in sizes}):
        first, *others = [size for size in sizes if size.history == length]
        _copy(ground, DATABASE_NAME, first)
        _do(environments[first], "history_make", length)
        _vacuum(environments[first])
        for size in others:
            _copy(ground, first.database, size)
        for size in (first, *others):
            _do(environments[size], "backlog_make", size.backlog, length)
            if size.is_pruned:
                _prune(environments[size])
            _vacuum(environments[size])
    return environments


def _copy(ground: Ground, source: str, size: Size) -> None:
    with outside_cursor(ground) as cursor:
        cursor.execute(f"CREATE DATABASE {size.database} TEMPLATE {source}")


@contextmanager
def outside_cursor(ground: Ground) -> Iterator[Any]:
    """A cursor in autocommit mode, in none of the databases."""
    url = ground.environment["DATABASE_URL"].replace(f"/{DATABASE_NAME}?", "/postgres?")
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        yield connection.cursor()


def _do(environment: dict[str, str], deed: str, *arguments: object) -> None:
    """By a resident who leaves at once: nobody may be connected to what is copied."""
    with closing(Resident(environment, Path(environment["DATA_DIR"]) / "resident.log")) as resident:
        resident.do(deed, *arguments)


def _vacuum(environment: dict[str, str]) -> None:
    """As PostgreSQL does by itself, some time."""
    with closing(psycopg2.connect(environment["DATABASE_URL"])) as connection:
        connection.autocommit = True
        connection.cursor().execute("VACUUM ANALYZE")


def _prune(environment: dict[str, str]) -> None:
    command = [sys.executable, "manage.py", "prune", "--older-than", PRUNE_OLDER_THAN]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
