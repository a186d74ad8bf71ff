"""Comparing finds what got worse, and does not cry at noise."""

import json
from dataclasses import replace
from typing import Any

import pytest

from loadtests.compare import main
from loadtests.judging.run import Run
from loadtests.judging.verdicts import run_judge
from loadtests.reporting.write import summary
from loadtests.tests.synthetic import a_run, samples

SUBMIT = "POST /api/v1/generations"


def summary_of(tmp_path, name: str, **changes: Any) -> str:
    return written(tmp_path, name, a_run(samples=samples(seconds=120, **changes)))


def written(tmp_path, name: str, run: Run) -> str:
    path = tmp_path / f"{name}.json"
    path.write_text(json.dumps(summary(run, run_judge(run))))
    return str(path)


@pytest.mark.parametrize(
    "before, after, worse",
    [
        ({"milliseconds": 40, "of": SUBMIT}, {"milliseconds": 50, "of": SUBMIT}, f"Worse: {SUBMIT}: p50"),
        ({}, {"wrong": 20, "of": SUBMIT}, f"{SUBMIT}: answered rightly"),
    ],
)
def test_a_regression_is_named_and_fails(tmp_path, capsys, before, after, worse):
    assert main([summary_of(tmp_path, "a", **before), summary_of(tmp_path, "b", **after)]) == 1
    assert worse in capsys.readouterr().out.replace("\n", " ")


@pytest.mark.parametrize(
    "before, after",
    [
        ({"milliseconds": 40, "of": SUBMIT}, {"milliseconds": 47, "of": SUBMIT}),  # Within the tolerance.
        ({"milliseconds": 1, "of": SUBMIT}, {"milliseconds": 5, "of": SUBMIT}),  # Within the noise.
        ({"milliseconds": 90, "of": SUBMIT}, {"milliseconds": 40, "of": SUBMIT}),  # Better.
    ],
)
def test_noise_and_progress_pass(tmp_path, capsys, before, after):
    assert main([summary_of(tmp_path, "a", **before), summary_of(tmp_path, "b", **after)]) == 0
    assert "Nothing is worse." in capsys.readouterr().out


def test_what_only_the_earlier_run_has_is_worse(tmp_path, capsys):
    all_wrong = {"of": SUBMIT, "wrong": 10_000}  # So there is no time of a right answer.
    later = a_run(samples=samples(seconds=120, **all_wrong), outcomes=None)

    assert main([summary_of(tmp_path, "a"), written(tmp_path, "b", later)]) == 1
    worse = " ".join(capsys.readouterr().out.partition("Worse: ")[2].split())
    assert f"{SUBMIT}: p50, {SUBMIT}: p95, {SUBMIT}: p99" in worse
    assert "generations: success rate" in worse


def test_runs_of_other_steps_are_refused(tmp_path):
    other = a_run()
    scenario = other.scenario.changed(minutes=None, users=7)
    path = written(tmp_path, "b", replace(other, scenario=scenario))

    with pytest.raises(SystemExit, match="other steps or users"):
        main([summary_of(tmp_path, "a"), path])


def test_what_is_no_summary_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"none.json is not the summary.json of a run"):
        main([summary_of(tmp_path, "a"), str(tmp_path / "none.json")])
