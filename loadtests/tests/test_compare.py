"""Comparing finds what got worse, and does not cry at noise."""

import json
from typing import Any

import pytest

from loadtests.compare import main
from loadtests.judging.verdicts import run_judge
from loadtests.reporting.write import summary
from loadtests.tests.synthetic import a_run, samples

SUBMIT = "POST /api/v1/generations"


def summary_of(tmp_path, name: str, **changes: Any) -> str:
    run = a_run(samples=samples(seconds=120, **changes))
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


def test_what_is_no_summary_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(SystemExit, match=r"none.json is not the summary.json of a run"):
        main([summary_of(tmp_path, "a"), str(tmp_path / "none.json")])
