"""`manage.py ai_costs` prints the ledger's sums, for people and for programs."""

import json

import pytest
from django.core.management import CommandError, call_command

from analysis.tests.ledger import call_made, hit_made

pytestmark = pytest.mark.django_db


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("ai_costs", *arguments)
    return capsys.readouterr().out


def test_the_table_has_a_row_for_each_task_and_model_and_a_sum(capsys: pytest.CaptureFixture[str]) -> None:
    call_made(cost_usd="0.25")
    call_made(cost_usd="1.50", task="micro_prompts", model="gpt-6.1-terra")
    lines = [line.split() for line in said(capsys).splitlines() if "$" in line]
    assert lines[0][:2] + lines[0][-1:] == ["micro", "prompts", "$1.50"]
    assert lines[1][:3] + lines[1][-1:] == ["prompt", "analysis", "gpt-6-luna", "$0.25"]
    assert (lines[2][0], lines[2][-1]) == ("Together", "$1.75")


def test_no_number_is_cut_short_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    call_made(model="a-model-with-a-rather-long-name", input_tokens=1_234_567_890)
    assert "1,234,567,890" in said(capsys)


def test_what_the_cache_saved_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    call_made(cost_usd="0.25")
    hit_made()
    assert "1 answer from the cache saved about $0.25." in said(capsys)


def test_an_empty_ledger_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(capsys).startswith("No text task has asked a language model since")


@pytest.mark.parametrize(
    ("since", "calls"), [("24h", 1), ("1d", 1), ("7d", 2), ("30d", 3), ("2020-01-01", 4), ("2999-01-01", 0)]
)
def test_only_calls_since_then_count(capsys: pytest.CaptureFixture[str], since: str, calls: int) -> None:
    for days_ago in (0, 3, 20, 200):
        call_made(days_ago=days_ago)
    assert json.loads(said(capsys, "--since", since, "--json"))["total"]["calls"] == calls


@pytest.mark.parametrize("since", ["7x", "0d", "-3d", "yesterday", "2026-13-01", ""])
def test_a_time_that_is_none_is_refused_with_what_would_be_one(since: str) -> None:
    with pytest.raises(CommandError, match="use 7d, 24h or a date like 2026-11-01"):
        call_command("ai_costs", f"--since={since}")


@pytest.mark.parametrize(("by", "rows"), [("task", 2), ("model", 1), ("day", 3)])
def test_rows_are_by_what_is_asked_for(capsys: pytest.CaptureFixture[str], by: str, rows: int) -> None:
    call_made(days_ago=1)
    call_made(days_ago=2)
    call_made(task="brand_analysis")
    found = json.loads(said(capsys, "--by", by, "--json"))["rows"]
    assert len({row[by] for row in found}) == len(found) == rows


def test_money_for_programs_is_exact_text(capsys: pytest.CaptureFixture[str]) -> None:
    call_made(cost_usd="0.000000100001")
    found = json.loads(said(capsys, "--json"))
    assert found["total"]["cost_usd"] == found["rows"][0]["cost_usd"] == "0.000000100001"
