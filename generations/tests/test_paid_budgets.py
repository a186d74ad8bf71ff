"""Budgets: at the request, before the clips, and before whatever is bought again. All of it, or nothing."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from generations.models import Generation, ProviderCall
from generations.services.generations import generation_retry
from generations.stages.clip import LOST_TRIES
from generations.testing.video_servers import Fault
from generations.tests.clients import GENERATIONS, JsonClient, client_of, problem_of
from generations.tests.following import error_of
from generations.tests.studio import (
    MODELS,
    PRICES,
    Studio,
    call_of,
    calls_of,
    doubt_ages,
    statuses,
)
from generations.tests.studio import studio as studio
from videogen.accounts.budgets import BudgetRefused
from videogen.accounts.models import Budget

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = PRICES["replicate"]
BODY = {
    "prompt": "A reusable coffee cup in rainy Tokyo at night",
    "provider": "replicate",
    "model": MODELS["replicate"],
    "resolution": "480p",
    "duration_seconds": 8,
}


@pytest.fixture
def poor_api(studio: Studio) -> JsonClient:
    """Alice, with a key for one clip a month."""
    return client_of(studio.owner, monthly_limit_usd=Decimal("0.40"))


def ordered(client: JsonClient, **changes: Any) -> Generation:
    answer = client.post(GENERATIONS, BODY | changes)
    assert answer.status_code == 202, answer.content
    return Generation.objects.get(pk=answer.json()["id"])


def test_a_request_that_costs_more_than_it_may_is_refused(studio: Studio, api: JsonClient) -> None:
    problem = problem_of(api.post(GENERATIONS, BODY | {"max_cost_usd": "0.63"}), 402)
    assert (problem["code"], problem["estimated_usd"]) == ("budget.too_small", "0.64000000")
    ordered(api, max_cost_usd="0.64")


def test_a_key_whose_month_is_used_up_is_refused_with_numbers(studio: Studio, poor_api: JsonClient) -> None:
    problem = problem_of(poor_api.post(GENERATIONS, BODY), 402)
    assert (problem["code"], problem["asked_usd"], problem["left_usd"]) == (
        "budget.key",
        "0.640000",
        "0.400000",
    )
    assert not Generation.objects.exists()


def test_the_day_of_everybody_is_refused_with_numbers(studio: Studio, api: JsonClient, settings: Any) -> None:
    settings.DAILY_BUDGET_USD = Decimal("0.50")
    problem = problem_of(api.post(GENERATIONS, BODY), 402)
    assert (problem["code"], problem["limit_usd"], problem["spent_usd"], problem["reserved_usd"]) == (
        "budget.daily",
        "0.500000",
        "0.000000",
        "0.000000",
    )
    assert "DAILY_BUDGET_USD" in problem["hint"]


def test_what_a_key_spends_counts_for_its_month(studio: Studio, poor_api: JsonClient) -> None:
    generation = studio.go_on(ordered(poor_api, duration_seconds=4))
    assert statuses(generation) == ["succeeded"]
    assert Budget.objects.get(scope="key").spent_usd == PRICE
    problem = problem_of(poor_api.post(GENERATIONS, BODY | {"duration_seconds": 4}), 402)
    assert (problem["code"], problem["left_usd"]) == ("budget.key", "0.080000")


def test_all_clips_are_reserved_or_none(studio: Studio, settings: Any) -> None:
    settings.DAILY_BUDGET_USD = 3 * PRICE
    first, second = studio.order(clips=2), studio.order(clips=2)
    studio.slow_down()
    studio.go_on(first)
    studio.go_on(second)
    assert error_of(second)["code"] == "budget.daily"
    assert (len(calls_of(first)), len(calls_of(second))) == (2, 0)
    assert Budget.objects.get(scope="all").reserved_usd == 2 * PRICE
    assert len(studio.replicate.ledger.submissions()) == 2


def test_a_retry_is_refused_while_there_is_no_money_and_changes_nothing(
    studio: Studio, api: JsonClient, settings: Any
) -> None:
    studio.script(Fault("moderated"))
    generation = studio.go_on(studio.order())
    before = api.get(f"{GENERATIONS}/{generation.pk}").json()
    settings.DAILY_BUDGET_USD = PRICE - Decimal("0.01")
    problem = problem_of(api.post(f"{GENERATIONS}/{generation.pk}/retry"), 402)
    assert (problem["code"], problem["asked_usd"]) == ("budget.daily", "0.320000")
    assert api.get(f"{GENERATIONS}/{generation.pk}").json() == before
    settings.DAILY_BUDGET_USD = PRICE
    assert api.post(f"{GENERATIONS}/{generation.pk}/retry").status_code == 202


def test_an_approval_is_refused_while_there_is_no_money_and_can_be_given_later(
    studio: Studio, api: JsonClient, settings: Any
) -> None:
    generation = studio.planned(approval="storyboard")
    assert (generation.status, calls_of(generation)) == ("awaiting_approval", [])
    settings.DAILY_BUDGET_USD = Decimal("0.10")
    assert problem_of(api.post(f"{GENERATIONS}/{generation.pk}/approve"), 402)["code"] == "budget.daily"
    generation.refresh_from_db()
    assert generation.status == "awaiting_approval"
    settings.DAILY_BUDGET_USD = None
    assert api.post(f"{GENERATIONS}/{generation.pk}/approve").status_code == 202
    assert statuses(studio.go_on(generation)) == ["succeeded"]


def test_what_was_spent_already_counts_against_the_requests_own_limit(studio: Studio) -> None:
    studio.script(Fault("expired", times=LOST_TRIES))
    generation = studio.go_on(studio.order(max_cost_usd=Decimal("0.50")))
    with pytest.raises(BudgetRefused, match=r"With 0\.320000 USD spent or reserved already") as refused:
        generation_retry(generation=generation)
    assert refused.value.code == "budget.too_small"
    assert (statuses(generation), len(studio.replicate.ledger.jobs())) == (["succeeded"], 1)


def test_no_second_try_is_made_without_money(studio: Studio, settings: Any) -> None:
    settings.DAILY_BUDGET_USD = PRICE
    studio.script(Fault("expired", times=LOST_TRIES))  # It is paid for, and cannot be had.
    generation = studio.go_on(studio.order())
    with pytest.raises(BudgetRefused):
        generation_retry(generation=generation)
    generation.refresh_from_db()
    assert (generation.status, len(studio.replicate.ledger.submissions())) == ("failed", 1)


def test_what_may_be_lost_is_not_sent_again_without_money(studio: Studio, settings: Any) -> None:
    settings.DAILY_BUDGET_USD = PRICES["fal"]
    studio.script(Fault("accept_and_drop"))
    generation = studio.go_on(studio.order("fal"))
    doubt_ages(generation)
    studio.go_on(generation)
    assert (statuses(generation), len(studio.fal.ledger.submissions())) == (["unknown"], 1)
    assert error_of(generation)["code"] == "provider.outcome_unknown"
    assert not call_of(generation).is_superseded


def test_the_money_of_what_was_not_taken_is_there_for_the_next(studio: Studio, settings: Any) -> None:
    settings.DAILY_BUDGET_USD = PRICE
    studio.script(Fault("fail", times=2))
    assert statuses(studio.go_on(studio.order())) == ["failed", "failed", "succeeded"]


def test_without_a_budget_the_sums_are_kept_too(studio: Studio) -> None:
    studio.go_on(studio.order(clips=2))
    day = Budget.objects.get(scope="all")
    assert (day.spent_usd, day.reserved_usd) == (2 * PRICE, 0)


def status_of_one(studio: Studio) -> str:
    """What becomes of one more, in a thread of its own."""
    try:
        return studio.sent().status
    except BudgetRefused:
        return "refused"
    finally:
        connection.close()


def test_twenty_at_once_never_exceed_the_day(studio: Studio, settings: Any) -> None:
    settings.DAILY_BUDGET_USD = 7 * PRICE + Decimal("0.31")
    studio.slow_down()
    with ThreadPoolExecutor(20) as pool:
        ended = list(pool.map(status_of_one, [studio] * 20))
    assert ended.count("processing") == 7
    assert ProviderCall.objects.filter(status="accepted").count() == 7
    assert len(studio.replicate.ledger.jobs()) == 7
    assert Budget.objects.get(scope="all").reserved_usd == 7 * PRICE
