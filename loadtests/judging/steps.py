"""The steps of a scenario, each judged while its number of users is held."""

from collections.abc import Iterator
from dataclasses import dataclass

from loadtests.judging.latencies import latency_value
from loadtests.samples import Samples
from loadtests.scenarios import Budgets, Objective, Scenario


@dataclass(frozen=True)
class StepResult:
    users: int
    start: float
    end: float
    samples: Samples
    #: What broke, each with its value.
    broken: tuple[tuple[Objective, float | None], ...]

    @property
    def holds(self) -> bool:
        return not self.broken

    def reasons(self) -> list[str]:
        return [
            f"{objective.metric} of {objective.of} is "
            + ("not measured" if value is None else f"{value:.4g} {objective.unit}")
            for objective, value in self.broken
        ]


def steps_judge(
    scenario: Scenario, budgets: Budgets, samples: Samples, *, started_at: float, now: float
) -> list[StepResult]:
    """Of the steps that are over."""
    return [
        step_judge(users, start, end, samples.between(start, end), budgets)
        for users, start, end in _spans(scenario, started_at)
        if end <= now
    ]


def _spans(scenario: Scenario, at: float) -> Iterator[tuple[int, float, float]]:
    for step in scenario.steps:
        yield step.users, at + step.ramp_seconds, at + step.whole_seconds
        at += step.whole_seconds


def step_judge(users: int, start: float, end: float, samples: Samples, budgets: Budgets) -> StepResult:
    values = [
        (objective, latency_value(objective, samples)) for objective in budgets.objectives if objective.step
    ]
    broken = tuple(
        (objective, value) for objective, value in values if value is None or not objective.holds(value)
    )
    return StepResult(users, start, end, samples, broken)


def capacity(steps: list[StepResult]) -> int:
    """The most users of a step that held, as did all before it."""
    users = 0
    for step in steps:
        if not step.holds:
            break
        users = step.users
    return users
