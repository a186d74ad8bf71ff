"""What was measured of the services, their ratios, and whether ours are good enough."""

import os
import platform
import shlex
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtests.peers.services import FASTAPI, OURS

#: Ours polled while it keeps no answers in memory, which the peers never do.
FORGOTTEN = "poll, nothing remembered"
#: At least so many times the better FastAPI service, and what we aim at.
LIMITS = {"poll": 5.0, "submission": 3.0}
AIMS = {"poll": 10.0, "submission": 5.0}
VERSIONS = (
    "Django",
    "djangorestframework",
    "granian",
    "psycopg2-binary",
    "rq",
    "fastapi",
    "starlette",
    "pydantic",
    "SQLAlchemy",
    "asyncpg",
    "uvicorn",
    "uvloop",
    "httptools",
    "orjson",
)
#: What a table shows of each service, with how many decimals.
SHOWN: dict[str, tuple[list[str], int]] = {
    "per s": (["per_second"], 0),
    "p50 p95 p99 ms": (["p50_ms", "p95_ms", "p99_ms"], 1),
    "CPU ms": (["own_cpu_ms", "all_cpu_ms"], 2),
    "asking": (["generator_cpu_share"], 2),
}


@dataclass(frozen=True)
class Measurement:
    """One service in one round. CPU is per request: of its own processes, and with PostgreSQL and Redis."""

    service: str
    scenario: str
    round: int
    requests: int
    per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    own_cpu_ms: float
    all_cpu_ms: float
    generator_cpu_share: float


@dataclass(frozen=True)
class Scenario:
    """What is asked, and the status of a right answer by a service with ETag, and by one without."""

    name: str
    method: str
    status: int
    plain_status: int


SCENARIOS = (
    Scenario("poll", "GET", 200, 200),
    Scenario(FORGOTTEN, "GET", 200, 200),
    Scenario("unchanged", "GET", 304, 200),
    Scenario("submission", "POST", 202, 202),
)


def ratios(measured: list[Measurement], scenario: str, peer: str) -> list[float]:
    """Ours by the peer's requests a second, of each round."""
    rates = {(m.service, m.round): m.per_second for m in measured if m.scenario == scenario}
    return [rates[OURS, number] / rates[peer, number] for name, number in sorted(rates) if name == peer]


def better_fastapi(measured: list[Measurement], scenario: str) -> str | None:
    """The one with the higher median."""
    names = {m.service for m in measured if m.scenario == scenario} & set(FASTAPI)
    return max(names, key=lambda name: _median(measured, scenario, name, "per_second"), default=None)


def _median(measured: list[Measurement], scenario: str, name: str, what: str) -> float:
    rows = [m for m in measured if (m.scenario, m.service) == (scenario, name)]
    return median(getattr(row, what) for row in rows)


def report(measured: list[Measurement], **facts: object) -> dict[str, Any]:
    """What is written down. The `facts` say how it was measured."""
    names = list(dict.fromkeys(m.service for m in measured))
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", "loadtests.bench_http", *sys.argv[1:]]),
        "machine": {
            "cores": os.cpu_count(),
            "architecture": platform.machine(),
            "system": platform.platform(),
            "load_average": os.getloadavg()[0],
        },
        "versions": {"Python": platform.python_version()} | {name: version(name) for name in VERSIONS},
        **facts,
        "ratios": {
            scenario.name: {name: ratios(measured, scenario.name, name) for name in names if name != OURS}
            for scenario in SCENARIOS
        },
        "better_fastapi": {s.name: better_fastapi(measured, s.name) for s in SCENARIOS},
        "measurements": [asdict(m) for m in measured],
    }


@dataclass(frozen=True)
class Verdict:
    """How many times as fast as the better FastAPI service we are, and whether that is enough, if asked."""

    peer: str
    ratio: float
    is_kept: bool | None


def verdict(result: dict[str, Any], scenario: str) -> Verdict | None:
    """None where nothing is asked for, or nothing was compared with."""
    peer = result["better_fastapi"][scenario]
    if peer is None or scenario not in (*LIMITS, FORGOTTEN):
        return None
    ratio = median(result["ratios"][scenario][peer])
    return Verdict(peer, ratio, ratio >= LIMITS[scenario] if scenario in LIMITS else None)


def show(console: Console, result: dict[str, Any]) -> int:
    """Print it. Answers what the program exits with."""
    measured = [Measurement(**row) for row in result["measurements"]]
    status = 0
    for scenario in SCENARIOS:
        console.print(_table(measured, scenario, result["better_fastapi"][scenario.name]))
        found = verdict(result, scenario.name)
        if found and found.is_kept is None:
            console.print(
                f"  {found.ratio:.2f} times {found.peer}, each of our polls from PostgreSQL; no limit"
            )
        elif found:
            mark = "[green]✓[/]" if found.is_kept else "[red]✗[/]"
            limit, aim = LIMITS[scenario.name], AIMS[scenario.name]
            console.print(f"{mark} {found.ratio:.2f} times {found.peer}; limit {limit:g}, aim {aim:g}")
            status = status if found.is_kept else 1
    console.print(
        "Medians of the rounds; ratios as minimum, median, maximum. CPU per request: of the service alone, "
        "and with PostgreSQL and Redis; asking: the generator's share of a core."
    )
    return status


def _table(measured: list[Measurement], scenario: Scenario, better: str | None) -> Table:
    is_same = scenario.plain_status == scenario.status
    plain = "" if is_same else f", {scenario.plain_status} where there is no ETag"
    table = Table("", *SHOWN, "ours, times", title=f"{scenario.name}: {scenario.status}{plain}")
    for name in dict.fromkeys(m.service for m in measured):
        cells = [
            " ".join(f"{_median(measured, scenario.name, name, what):.{digits}f}" for what in column)
            for column, digits in SHOWN.values()
        ]
        its = [] if name == OURS else ratios(measured, scenario.name, name)
        times = f"{min(its):.2f} {median(its):.2f} {max(its):.2f}" if its else ""
        table.add_row(f"{name} *" if name == better else name, *cells, times)
    return table
