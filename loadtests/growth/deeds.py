"""What is asked and done at each place, and how long it takes."""

import time
from collections.abc import Callable
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from rich.progress import Progress

from loadtests.growth.places import Place, Size

API = "/api/v1/generations"
ADMIN = "/admin/generations/generation/"
#: Rounds of everything before it is measured: prepared statements, plans, caches and pages are there then.
WARM_UP_ROUNDS = 5
BODY = b'{"prompt": "A train crosses a country from the sea to the mountains", "duration_seconds": 30}'

serial = count()
T = TypeVar("T")

#: Milliseconds of each measurement, by what was done and where.
Times = dict[tuple[str, Size], list[float]]


class WrongAnswer(Exception):
    """It was answered, but not as it has to be."""


def exchange(
    web: HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes | None = None
) -> tuple[float, bytes, str]:
    """Milliseconds, the body, and where the answer says that something was made."""
    started = time.perf_counter()
    web.request(method, path, body=body, headers=headers)
    response = web.getresponse()
    content = response.read()
    taken = 1000 * (time.perf_counter() - started)
    if response.status != (202 if method == "POST" else 200):
        raise WrongAnswer(f"{method} {path}: {response.status} {content[:500]!r}")
    return taken, content, response.headers.get("Location", "")


def bearer(place: Place) -> dict[str, str]:
    return {"Authorization": f"Bearer {place.caller.secret}", "Content-Type": "application/json"}


def asking(path: Callable[[Place], str]) -> Callable[[Place], dict[str, float]]:
    """A deed that gets this from the API. Answers milliseconds by part; the whole has no name."""

    def ask(place: Place) -> dict[str, float]:
        return {"": exchange(place.web, "GET", path(place), bearer(place))[0]}

    return ask


def submit(place: Place) -> dict[str, float]:
    headers = bearer(place) | {"Idempotency-Key": f"growth-{next(serial)}"}
    taken, _, location = exchange(place.web, "POST", API, headers, BODY)
    place.submitted.append(urlsplit(location).path.rsplit("/", 1)[1])
    return {"": taken}


def admin_list(place: Place) -> dict[str, float]:
    headers = {"Cookie": f"{place.facts['cookie']}={place.facts['session']}"}
    return {"": exchange(place.web, "GET", ADMIN, headers)[0]}


def dispatch(place: Place) -> dict[str, float]:
    chores: dict[str, Any] = place.resident.do("dispatch")
    return {"" if name == "dispatch" else f"dispatch: {name}": taken for name, taken in chores.items()}


def deep_page(place: Place) -> str:
    return f"{API}?created_before={quote(place.facts['deep'])}"


DEEDS: dict[str, Callable[[Place], dict[str, float]]] = {
    "status poll": asking(lambda place: f"{API}/{place.facts['processing']}"),
    "status poll, last in the queue": asking(lambda place: f"{API}/{place.facts['last_queued']}"),
    "list, first page": asking(lambda place: API),
    "list, page deep in the history": asking(deep_page),
    "submission": submit,
    "dispatcher's round": dispatch,
    "admin list": admin_list,
}


class Backends:
    """What PostgreSQL's processes have worked for each database."""

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def milliseconds(self, size: Size) -> float | None:
        """So far, or None where the system does not say it precisely."""
        self._cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = %s", [size.database])
        paths = [Path(f"/proc/{pid}/schedstat") for (pid,) in self._cursor.fetchall()]
        if not paths or not all(path.exists() for path in paths):
            return None
        return sum(int(path.read_text().split()[0]) for path in paths) / 1e6


def measure(
    places: list[Place], backends: Backends, *, rounds: int, progress: Progress
) -> tuple[Times, Times]:
    """Wall clock and PostgreSQL's work. Each round begins with another deed and at another place."""
    wall: Times = {}
    work: Times = {}
    for number in progress.track(range(-WARM_UP_ROUNDS, rounds), description="Measuring"):
        for name in turned(list(DEEDS), number):
            for place in turned(places, number):
                before = backends.milliseconds(place.size)
                taken = DEEDS[name](place)
                after = backends.milliseconds(place.size)
                place.tidy()
                if number < 0:
                    continue
                for part, milliseconds in taken.items():
                    wall.setdefault((part or name, place.size), []).append(milliseconds)
                if before is not None and after is not None:
                    work.setdefault((name, place.size), []).append(after - before)
    return wall, work


def turned(in_order: list[T], number: int) -> list[T]:
    first = number % len(in_order)
    return in_order[first:] + in_order[:first]
