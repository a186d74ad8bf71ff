"""What is just within a limit passes, what is just beyond fails."""

from dataclasses import replace

import pytest

from loadtests.judging.growth import Growth
from loadtests.judging.run import Run
from loadtests.judging.steps import StepResult, capacity, steps_judge
from loadtests.judging.verdicts import Verdict, run_judge
from loadtests.reporting.words import title
from loadtests.samples import percentile
from loadtests.scenarios import Objective
from loadtests.tests.synthetic import BUDGETS, STARTED_AT, a_run, look, moments, run_with, samples
from loadtests.watching.watcher import Moment

#: Whole things come one by one.
WHOLE = {"connections": 1.0, "capacity": 1.0}
#: Computed from whole bytes, so that a value is never quite the limit.
ROUNDED = {"memory", "growth"}


CAPACITY = next(each for each in BUDGETS.objectives if each.metric == "capacity")


def steps_of(run: Run) -> list[StepResult]:
    return steps_judge(
        run.scenario, BUDGETS, run.samples, run.generator, started_at=STARTED_AT, now=run.ended_at
    )


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


@pytest.mark.parametrize("megabytes, percent", [(1, 2), (200, 1), (400, 0.5)])
def test_two_megabytes_more_are_a_share_of_what_a_process_has_but_of_100_at_least(megabytes, percent):
    grown = Growth("web", megabytes * 2**20, (megabytes + 2) * 2**20, 100 * 2**20, is_judged=True)

    assert grown.percent == percent


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


def test_growth_is_not_judged_where_the_run_is_too_short():
    verdict = next(each for each in run_judge(a_run("endurance", seconds=500)).verdicts if is_growth(each))

    assert (verdict.level, verdict.reason) == ("not judged", "the run is shorter than 9 minutes")


@pytest.mark.parametrize(
    "spoil, reason",
    [
        (lambda moment, over: None if 0.4 < over < 0.6 else moment, "only 80 % of the run was watched"),
        (lambda moment, over: with_pid(moment, 2) if over > 0.5 else moment, "web was started again"),
        (lambda moment, over: replace(moment, processes=()) if over > 0.5 else moment, "web was gone"),
    ],
)
def test_growth_fails_where_nobody_can_tell(spoil, reason):
    run = a_run("endurance", seconds=900)
    watched = [spoil(moment, number / 900) for number, moment in enumerate(moments(look(), seconds=900))]
    run = replace(run, moments=[moment for moment in watched if moment])
    verdict = next(each for each in run_judge(run).verdicts if is_growth(each))

    assert verdict.level == "fail" and reason in verdict.reason


def with_pid(moment: Moment, pid: int) -> Moment:
    return replace(moment, processes=tuple(replace(each, pid=pid) for each in moment.processes))


def is_growth(verdict: Verdict) -> bool:
    return verdict.objective.metric == "growth"


def test_polls_that_fail_do_not_hide_behind_health_checks():
    failing = samples(seconds=120, of="GET /api/v1/generations/{id}", count=1000)
    supported = next(each for each in BUDGETS.objectives if each.metric == "supported")
    polls = failing.rows["name"] == failing.names.index("GET /api/v1/generations/{id}")
    failing.rows["ok"][polls.nonzero()[0][:3]] = 0  # 3.6 % of the polls, 0.9 % of the span's requests.
    verdict = next(each for each in run_judge(a_run(samples=failing)).verdicts if each.objective == supported)

    assert verdict.level == "fail"


def test_capacity_is_the_last_step_before_the_one_that_breaks():
    run = run_with(CAPACITY, 150)
    steps = steps_of(run)

    assert [(step.users, step.holds) for step in steps] == [(150, True), (999, False)]
    assert capacity(steps) == 150
    assert "p95 of GET /health is 5000 ms" in steps[1].reasons()


@pytest.mark.parametrize(
    "changes, reason",
    [
        ({"users": {"HealthUser": 149}}, "all users were there in 0 of 60 seconds"),
        ({"cpu_percent": 80.0}, "the load generator used 80 % of a core"),
        ({"lag_p95_ms": 10.0}, "the load generator was late by 10.0 ms"),
    ],
)
def test_a_step_that_was_not_played_does_not_count_as_capacity(changes, reason):
    run = run_with(CAPACITY, 150)
    run = replace(run, generator=[line | changes for line in run.generator])
    steps = steps_of(run)

    assert steps[0].verdict == f"not played: {reason}" and capacity(steps) == 0
    assert reason in next(each.reason for each in run_judge(run).verdicts if each.objective == CAPACITY)


@pytest.mark.parametrize("age, broken", [(5, "p99 of GET /health"), (20, "availability of GET /health")])
def test_requests_that_are_open_at_the_end_count_with_their_age(age, broken):
    run = run_with(CAPACITY, 150)
    since = run.generator[-1]["at"] - age - 0.0003
    opened = [["GET /health", since - number / 1000] for number in range(600)]
    run.generator[-1]["open"] = opened
    samples = run.samples.of("GET /health").with_open(opened, at=run.generator[-1]["at"])

    assert broken in " ".join(steps_of(run)[1].reasons())
    assert len(samples) == 10_600 and len(samples.with_open(opened, at=run.ended_at)) == 10_600


def test_percentiles_are_values_that_were_measured():
    assert [percentile(range(1, 101), percent) for percent in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([3.0, 1.0], 50) == 1.0
    assert percentile([], 50) is None
