"""What is just within a limit passes, what is just beyond fails."""

from dataclasses import replace

import pytest

from loadtests.judging.steps import capacity, steps_judge
from loadtests.judging.verdicts import Verdict, run_judge
from loadtests.reporting.words import title
from loadtests.samples import percentile
from loadtests.scenarios import Objective
from loadtests.tests.synthetic import BUDGETS, STARTED_AT, a_run, look, moments, run_with, samples

#: Whole things come one by one.
WHOLE = {"connections": 1.0, "capacity": 1.0}
#: Computed from whole bytes, so that a value is never quite the limit.
ROUNDED = {"memory", "growth"}


def edges(objective: Objective) -> tuple[float, float]:
    """The last value that holds, and the first that does not."""
    small = WHOLE.get(objective.metric, 0.01)
    if objective.at_least is not None:
        return objective.at_least, objective.at_least - small
    if objective.below is not None:
        return objective.below - small, objective.below + (small if objective.metric in ROUNDED else 0)
    return objective.at_most or 0, (objective.at_most or 0) + small


def verdict_on(objective: Objective, value: float) -> Verdict:
    verdicts = run_judge(run_with(objective, value)).verdicts
    return next(each for each in verdicts if each.objective == objective)


@pytest.mark.parametrize(
    "objective", BUDGETS.objectives, ids=[f"{each.source} {title(each)}" for each in BUDGETS.objectives]
)
def test_each_limit_is_where_it_says(objective):
    within, beyond = map(verdict_on, [objective, objective], edges(objective))

    assert within.level in ("pass", "warning") and within.value == pytest.approx(
        edges(objective)[0], rel=1e-3
    )
    assert beyond.level == "fail"


def test_what_is_close_to_a_limit_is_marked_and_passes():
    cpu = next(each for each in BUDGETS.objectives if each.metric == "cpu" and each.of == "service")

    assert [verdict_on(cpu, value).level for value in (70, 71)] == ["pass", "warning"]


def test_a_good_run_misses_nothing():
    assert [title(each.objective) for each in run_judge(a_run()).failed] == []


def test_an_endpoint_that_nobody_asked_fails():
    run = a_run(samples=samples(seconds=120, count=0))

    assert "nothing was measured" in {each.reason for each in run_judge(run).failed}


def test_without_a_watcher_resources_are_not_judged():
    judgement = run_judge(a_run(moments=[], outcomes=None))

    assert not judgement.failed
    assert sum(each.reason == "the stack was not watched" for each in judgement.verdicts) >= 7


def test_growth_counts_neither_jobs_nor_the_load_generator():
    def grow(each, over):
        return replace(each, rss=round(each.rss * (1 + over))) if each.role in ("job", "locust") else each

    run = a_run("endurance", seconds=900)
    run = replace(run, moments=moments(look(), look("job"), look("locust"), seconds=900, grow=grow))

    assert not run_judge(run).failed


def test_capacity_is_the_last_step_before_the_one_that_breaks():
    run = run_with(next(each for each in BUDGETS.objectives if each.metric == "capacity"), 150)
    steps = steps_judge(run.scenario, BUDGETS, run.samples, started_at=STARTED_AT, now=run.ended_at)

    assert [(step.users, step.holds) for step in steps] == [(150, True), (999, False)]
    assert capacity(steps) == 150
    assert "p95 of GET /health is 5000 ms" in steps[1].reasons()


def test_percentiles_are_values_that_were_measured():
    assert [percentile(range(1, 101), percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([3.0, 1.0], 50) == 1.0
    assert percentile([], 50) is None
