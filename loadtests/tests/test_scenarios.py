"""The scenario file is complete, and what it means is what the seed says."""

import pytest

from loadtests.scenarios import FILE, Objective, Step, budgets_read

SEED_SCENARIOS = {
    "baseline": [Step(users=5, seconds=600)],
    "stress": [Step(users=10, seconds=300)],
    "spike": [Step(users=20, ramp_seconds=60, seconds=120)],
    "endurance": [Step(users=5, seconds=1800)],
    "light": [Step(users=3, seconds=60)],
}
HEALTH, SUBMIT, POLL = "GET /health", "POST /api/v1/generations", "GET /api/v1/generations/{id}"
#: Every row of the seed's tables of objectives, with what fails it.
SEED = [
    *[("p50", HEALTH, 20), ("p95", HEALTH, 50), ("p99", HEALTH, 100), ("availability", HEALTH, 99.9)],
    *[("p50", SUBMIT, 150), ("p95", SUBMIT, 500), ("p99", SUBMIT, 1000), ("availability", SUBMIT, 99.5)],
    *[("p50", POLL, 50), ("p95", POLL, 200), ("p99", POLL, 300), ("availability", POLL, 99.9)],
    ("availability", "WS /ws/generations", 99),
    *[
        ("cpu", "service", 85),
        ("memory", "service", 90),
        ("cpu", "postgres", 75),
        ("connections", "postgres", 20),
    ],
    ("error_rate", "all requests", 2),
    *[("success_rate", "generations", 95), ("availability", "all requests", 99.5)],
    *[("completion_p95", "generations", 300), ("supported", "5 concurrent users", 100)],
]
ISSUE = [
    *[("p95", SUBMIT, 156), ("p95", POLL, 45), ("error_rate", "all requests", 0)],
    *[("growth", "each process", 3), ("capacity", "users", 200)],
]


@pytest.fixture(scope="module")
def budgets():
    return budgets_read()


def row(objective: Objective) -> tuple[str, str, float | None]:
    limits = (objective.below, objective.at_most, objective.at_least)
    return objective.metric, objective.of, next(limit for limit in limits if limit is not None)


@pytest.mark.parametrize("name", SEED_SCENARIOS)
def test_the_seeds_scenarios_are_played_as_it_says(budgets, name):
    assert list(budgets.scenarios[name].steps) == SEED_SCENARIOS[name]


def test_every_objective_of_the_seed_and_of_the_issue_is_judged(budgets):
    found = {
        source: [row(each) for each in budgets.objectives if each.source == source]
        for source in ("seed", "issue")
    }

    assert [each for each in SEED if each not in found["seed"]] == []
    assert [each for each in ISSUE if each not in found["issue"]] == []


def test_capacity_passes_its_target_and_its_aim(budgets):
    assert {200, 500} <= {step.users for step in budgets.scenarios["capacity"].steps}


def test_a_spike_ramps_up_and_is_held(budgets):
    spike = budgets.scenarios["spike"]

    assert [spike.users_at(second) for second in (0, 30, 60, 179)] == [0, 10, 20, 20]
    assert spike.users_at(300) is None


def test_minutes_and_users_change_a_scenario(budgets):
    changed = budgets.scenarios["baseline"].changed(minutes=0.5, users=7)
    ramp = budgets.scenarios["capacity"].changed(minutes=None, users=60)

    assert changed.steps == (Step(users=7, seconds=30),)
    assert [step.users for step in ramp.steps] == [10, 25, 50]


def test_an_objective_without_a_limit_is_refused(tmp_path):
    broken = tmp_path / "scenarios.toml"
    broken.write_text(FILE.read_text().replace("below = 20\n", "", 1))

    with pytest.raises(ValueError, match="needs one of below, at_most and at_least"):
        budgets_read(broken)
