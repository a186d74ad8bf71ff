"""Runs that never were, with just the value that a test is about."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from loadtests.judging.run import Run
from loadtests.samples import DELIVERY, ENDPOINTS, LAYOUT, Samples
from loadtests.scenarios import Objective, Step, budgets_read
from loadtests.watching.processes import Look
from loadtests.watching.servers import Outcomes, ServerLook
from loadtests.watching.watcher import Moment

STARTED_AT = 1_800_000_000.0
NAMES = (*ENDPOINTS, "WS /ws/generations", DELIVERY)
BUDGETS = budgets_read()
CORES = 2
MEBIBYTE = 2**20


def samples(
    *, seconds: float, milliseconds: float = 1.0, of: str = "", count: int = 10_000, wrong: int = 0
) -> Samples:
    """Evenly spread, `count` for every name; `milliseconds` and `wrong` are for the name `of`, or for all."""
    blocks = []
    for number, name in enumerate(NAMES):
        block = np.zeros(count, LAYOUT)
        block["at"] = STARTED_AT + np.arange(count) * seconds / count
        block["name"], block["ms"], block["ok"] = number, 1.0, 1
        if of in ("", name):
            block["ms"] = milliseconds
            block["ok"][:wrong] = 0
        blocks.append(block)
    return Samples(np.concatenate(blocks), NAMES)


def look(role: str = "web", **changes: Any) -> Look:
    blank = Look(role, role, 1, 1.0, 0.0, 50 * MEBIBYTE, 40 * MEBIBYTE, 45 * MEBIBYTE, 4, 20)
    return replace(blank, **changes)


def servers(**changes: Any) -> ServerLook:
    blank = ServerLook({"idle": 8}, 0.0, 1, {"redis-cache": MEBIBYTE}, {"redis-cache": 64 * MEBIBYTE})
    return replace(blank, **changes)


def moments(
    *looks: Look,
    seconds: int,
    server: ServerLook | None = None,
    grow: Callable[[Look, float], Look] | None = None,
) -> list[Moment]:
    """One a second; `grow` is given each look and how much of the run is over, from 0 to 1."""
    return [
        Moment(
            STARTED_AT + second,
            100.0,
            tuple(
                grow(each, second / seconds) if grow else each for each in looks or (look(), look("postgres"))
            ),
            server or servers(),
        )
        for second in range(seconds)
    ]


def a_run(name: str = "baseline", *, seconds: int = 120, **changes: Any) -> Run:
    """In which nothing is wrong."""
    scenario = BUDGETS.scenarios[name]
    users = {"HealthUser": 2, "SubmittingUser": 1, "PollingUser": 2, "SubscribingUser": 1}
    line = {"users": users, "cpu_percent": 10.0, "lag_p95_ms": 1.0, "open": []}
    run = Run(
        name=name,
        scenario=scenario,
        budgets=BUDGETS,
        started_at=STARTED_AT,
        ended_at=STARTED_AT + seconds,
        samples=samples(seconds=seconds),
        generator=[{"at": STARTED_AT + second, **line} for second in range(seconds)],
        errors=[],
        moments=moments(seconds=seconds),
        outcomes=Outcomes(100, 0, 2, 12.0),
        cores=CORES,
        about={"date": "2026-11-26T10:00:00+00:00", "command": "python -m loadtests.run <baseline>"},
    )
    return replace(run, **changes)


def run_with(objective: Objective, value: float) -> Run:
    """A run whose value for this objective is just that."""
    scenario = next(name for name in ("baseline", *BUDGETS.scenarios) if objective.is_for(name))
    run = a_run(scenario, seconds=900 if objective.metric == "growth" else 120)
    return replace(run, **CHANGES[objective.metric](run, objective, value))


def _times(run: Run, objective: Objective, value: float) -> dict[str, Any]:
    return {"samples": samples(seconds=120, milliseconds=value, of=objective.of)}


def _wrong(run: Run, objective: Objective, percent: float) -> dict[str, Any]:
    of = "" if objective.of == "all requests" else objective.of
    return {"samples": samples(seconds=120, of=of, wrong=round(100 * percent))}


def _watched(*looks: Look, **changes: Any) -> dict[str, Any]:
    return {"moments": moments(*looks, seconds=120, server=servers(**changes))}


def _supported(run: Run, objective: Objective, percent: float) -> dict[str, Any]:
    """One span of ten seconds in which a tenth goes wrong, unless all are to be good."""
    return {"samples": samples(seconds=120, wrong=0 if percent >= 100 else 80)}


def _grown(run: Run, objective: Objective, percent: float) -> dict[str, Any]:
    def grow(each: Look, over: float) -> Look:
        return replace(each, rss=round(each.rss * (1 + percent / 100))) if over > 0.7 else each

    return {"moments": moments(look(rss=200 * 2**20), seconds=900, grow=grow)}


def _capacity(run: Run, objective: Objective, users: float) -> dict[str, Any]:
    """Two steps, of which the second is slow."""
    steps = tuple(Step(users=count, seconds=60) for count in (round(users), 999))
    slow = samples(seconds=120)
    slow.rows["ms"][slow.rows["at"] >= STARTED_AT + 60] = 5000
    generator = [line | {"users": {"HealthUser": 999}} for line in run.generator]
    scenario = run.scenario.model_copy(update={"steps": steps})
    return {"samples": slow, "scenario": scenario, "generator": generator}


CHANGES: dict[str, Callable[[Run, Objective, float], dict[str, Any]]] = {
    "p50": _times,
    "p95": _times,
    "p99": _times,
    "error_rate": _wrong,
    "availability": lambda run, objective, value: _wrong(run, objective, 100 - value),
    "cpu": lambda run, objective, value: _watched(
        look("web" if objective.of == "service" else objective.of, cpu=value * CORES)
    ),
    "memory": lambda run, objective, value: _watched(look(pss=round(value / 100 * CORES * 2 * 2**30))),
    "connections": lambda run, objective, value: _watched(
        connections={"idle": 1, "active": round(value) - 1}
    ),
    "idle_in_transaction": lambda run, objective, value: _watched(idle_in_transaction=value),
    "redis_memory": lambda run, objective, value: _watched(
        redis_bytes={"redis-cache": value * 64 * MEBIBYTE / 100}
    ),
    "success_rate": lambda run, objective, value: {
        "outcomes": Outcomes(round(100 * value), round(10_000 - 100 * value), 0, 1.0)
    },
    "completion_p95": lambda run, objective, value: {"outcomes": Outcomes(9, 0, 1, value)},
    "supported": _supported,
    "growth": _grown,
    "capacity": _capacity,
}
