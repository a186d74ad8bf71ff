"""The steps of a scenario, each judged while its number of users is held."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from loadtests.judging.latencies import latency_value
from loadtests.judging.run import users_at
from loadtests.samples import Samples, percentile
from loadtests.scenarios import Budgets, GeneratorLimits, Objective, Scenario

#: So much of a step all its users have to be there, as the load generator counts them second by second.
LEAST_SHARE = 0.9


@dataclass(frozen=True)
class StepResult:
    users: int
    start: float
    end: float
    samples: Samples
    #: Why it says nothing about the service.
    unplayed: tuple[str, ...]
    #: What broke, each with its value.
    broken: tuple[tuple[Objective, float | None], ...]

    @property
    def holds(self) -> bool:
        return not self.broken and not self.unplayed

    @property
    def verdict(self) -> str:
        if self.holds:
            return "held"
        return f"{'not played' if self.unplayed else 'broken'}: {'; '.join(self.reasons())}"

    def reasons(self) -> list[str]:
        broken = [
            f"{objective.metric} of {objective.of} is "
            + ("not measured" if value is None else f"{value:.4g} {objective.unit}")
            for objective, value in self.broken
        ]
        return [*self.unplayed, *broken]


def steps_judge(
    scenario: Scenario,
    budgets: Budgets,
    samples: Samples,
    generator: list[dict[str, Any]],
    *,
    started_at: float,
    now: float,
) -> list[StepResult]:
    """Of the steps that are over. `generator` is what the load generator said of itself until now."""
    return [
        step_judge(users, start, end, samples, generator, budgets)
        for users, start, end in _spans(scenario, started_at)
        if end <= now
    ]


def _spans(scenario: Scenario, at: float) -> Iterator[tuple[int, float, float]]:
    for step in scenario.steps:
        yield step.users, at + step.ramp_seconds, at + step.whole_seconds
        at += step.whole_seconds


def step_judge(
    users: int,
    start: float,
    end: float,
    samples: Samples,
    generator: list[dict[str, Any]],
    budgets: Budgets,
) -> StepResult:
    last: dict[str, Any] = generator[-1] if generator else {"at": end, "open": []}
    still_open = [(name, at) for name, at in last["open"] if at < end]
    measured = samples.between(start, end).with_open(still_open, at=last["at"])
    values = [
        (objective, latency_value(objective, measured)) for objective in budgets.objectives if objective.step
    ]
    broken = tuple(
        (objective, value) for objective, value in values if value is None or not objective.holds(value)
    )
    lines = [line for line in generator if start <= line["at"] < end]
    unplayed = tuple(_unplayed(users, end - start, lines, budgets.generator))
    return StepResult(users, start, end, measured, unplayed, broken)


def _unplayed(
    users: int, seconds: float, lines: list[dict[str, Any]], limits: GeneratorLimits
) -> Iterator[str]:
    complete = sum(users_at(line) >= users for line in lines)
    if complete < int(LEAST_SHARE * seconds):
        yield f"all users were there in {complete} of {seconds:.0f} seconds"
    cpu = percentile([line["cpu_percent"] for line in lines], 95) or 0.0
    if cpu >= limits.cpu_percent:
        yield f"the load generator used {cpu:.0f} % of a core"
    lag = percentile([line["lag_p95_ms"] for line in lines], 95) or 0.0
    if lag >= limits.lag_p95_ms:
        yield f"the load generator was late by {lag:.1f} ms"


def capacity(steps: list[StepResult]) -> int:
    """The most users of a step that held, as did all before it."""
    users = 0
    for step in steps:
        if not step.holds:
            break
        users = step.users
    return users
