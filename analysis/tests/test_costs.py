"""The ledger adds up exactly, in one query, and knows what the next generation will probably cost."""

from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from analysis.costs import Totals, costs, grouped, saved_usd, spent_usd, sum_of, typical_cost_usd
from analysis.language_models import TASKS, cost_usd, price_of, typical_usage
from analysis.models import Outcome
from analysis.tests.ledger import call_made, hit_made

pytestmark = pytest.mark.django_db
ALWAYS = (timezone.now() - timedelta(days=400), timezone.now() + timedelta(days=400))


@pytest.fixture(autouse=True)
def usual(settings: Settings) -> None:
    cache.clear()
    settings.ANALYSIS_ENGINE, settings.OPENAI_MODELS_FILE = "openai", ""
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, "")


def test_a_generation_has_spent_what_its_own_calls_cost() -> None:
    mine, another = uuid4(), uuid4()
    call_made(generation_id=mine, cost_usd="0.000000100001")
    call_made(generation_id=mine, cost_usd="0.5", outcome=Outcome.FAILED)
    call_made(generation_id=another)
    assert spent_usd(mine) == Decimal("0.500000100001")
    assert spent_usd(uuid4()) == 0


def test_a_row_counts_how_calls_ended() -> None:
    for outcome in (Outcome.ANSWERED, Outcome.FAILED, Outcome.ABANDONED, Outcome.STARTED):
        call_made(outcome=outcome)
    hit_made()
    (row,) = costs(*ALWAYS)
    assert (row.task, row.model, row.day) == ("prompt_analysis", "gpt-6-luna", timezone.now().date())
    expected = Totals(4, 1, 2, 1, 4, 8.0, 4000, 1600, 800, 200, Decimal("0.004"))
    assert row.totals == expected


def test_rows_are_divided_by_day_task_and_model_in_one_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for task in ("prompt_analysis", "brand_analysis"):
        for model in ("gpt-6-luna", "gpt-6.1-terra"):
            for days_ago in (0, 1):
                call_made(task=task, model=model, days_ago=days_ago)
                call_made(task=task, model=model, days_ago=days_ago)
    with django_assert_num_queries(1):
        rows = costs(*ALWAYS)
    assert [row.totals.calls for row in rows] == [2] * 8
    assert list(grouped(rows, "model")) == [("gpt-6-luna",), ("gpt-6.1-terra",)]
    assert sum_of(rows).cost_usd == Decimal("0.016")


def test_a_period_holds_its_start_and_not_its_end() -> None:
    at = datetime(2026, 11, 1, tzinfo=timezone.now().tzinfo)
    call_made(created_at=at)
    assert len(costs(at, at + timedelta(days=1))) == 1
    assert costs(at - timedelta(days=1), at) == []


def test_the_mean_time_is_that_of_the_calls_that_ended() -> None:
    call_made(latency_seconds=1.0)
    call_made(latency_seconds=4.0, days_ago=1)
    call_made(latency_seconds=None, outcome=Outcome.STARTED)
    assert sum_of(costs(*ALWAYS)).mean_latency_seconds == 2.5
    assert Totals().mean_latency_seconds is None


def test_a_hit_saves_what_an_answer_of_its_task_and_model_cost() -> None:
    call_made(cost_usd="0.002")
    call_made(cost_usd="0.004")
    call_made(cost_usd="1", task="micro_prompts")
    hit_made()
    hit_made()
    assert saved_usd(costs(*ALWAYS)) == Decimal("0.006")


def test_a_hit_without_an_answer_saves_what_one_is_expected_to_cost() -> None:
    hit_made()
    expected = cost_usd(price_of("gpt-6-luna"), typical_usage("prompt_analysis", duration_seconds=15))
    assert saved_usd(costs(*ALWAYS)) == expected > 0


# What it will cost


def test_the_local_engine_is_free(settings: Settings) -> None:
    settings.ANALYSIS_ENGINE = "local"
    call_made(cost_usd="0.5")
    assert typical_cost_usd(tasks=["prompt_analysis"], duration_seconds=15) == 0


def test_without_a_history_it_is_typical_tokens_at_the_price() -> None:
    luna, terra = price_of("gpt-6-luna"), price_of("gpt-6.1-terra")
    expected = cost_usd(luna, typical_usage("prompt_analysis", duration_seconds=60))
    expected += cost_usd(terra, typical_usage("micro_prompts", duration_seconds=60))
    assert typical_cost_usd(tasks=["prompt_analysis", "micro_prompts"], duration_seconds=60) == expected


def test_with_a_history_it_is_the_median_of_the_newest_answers_of_the_model_in_use() -> None:
    call_made(cost_usd="9", model="gpt-4")
    for _ in range(4):
        call_made(cost_usd="9", outcome=Outcome.FAILED)
    for days_ago, dollars in enumerate(["0.001", "0.003", "0.002"]):
        call_made(cost_usd=dollars, days_ago=days_ago)
    assert typical_cost_usd(tasks=["prompt_analysis"], duration_seconds=15) == Decimal("0.002")


def test_only_the_newest_answers_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.costs.HISTORY_CALLS", 2)
    for days_ago, dollars in enumerate(["0.001", "0.001", "9", "9", "9"]):
        call_made(cost_usd=dollars, days_ago=days_ago)
    assert typical_cost_usd(tasks=["prompt_analysis"], duration_seconds=15) == Decimal("0.001")


def test_a_history_of_free_answers_is_a_history() -> None:
    call_made(cost_usd="0")
    assert typical_cost_usd(tasks=["prompt_analysis"], duration_seconds=15) == 0


def test_the_history_is_remembered_and_asked_for_once(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    call_made()
    with django_assert_num_queries(1):
        first = typical_cost_usd(tasks=["prompt_analysis"], duration_seconds=15)
        assert typical_cost_usd(tasks=["prompt_analysis"], duration_seconds=15) == first


def test_without_redis_it_is_asked_for_again(settings: Settings) -> None:
    call_made(cost_usd="0.007")
    away = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {"default": away}
    assert typical_cost_usd(tasks=["prompt_analysis"], duration_seconds=15) == Decimal("0.007")
