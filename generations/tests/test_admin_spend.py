"""Operators see what clips have cost, what bought nothing, and how money and providers stand now."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from generations.admin.provider_states import ProviderState, provider_states
from generations.admin.spend import Totals
from generations.admin.spend_page import SpendPage
from generations.tests.ledger import PRICE_USD, call_made, undecided_call
from videogen.accounts.budgets import budget_reserve, budget_spend
from videogen.kernel.breaker import breaker_record
from videogen.kernel.quota import quota_pause

pytestmark = pytest.mark.django_db
CALLS = "/admin/generations/providercall/"
COSTS = f"{CALLS}costs/"


@pytest.fixture(autouse=True)
def keys(settings: Settings) -> None:
    settings.REPLICATE_API_TOKEN, settings.FAL_KEY = "r8_0123456789abcdef", ""


def totals(**query: str) -> Totals:
    return SpendPage.of_query(query).totals


def shown(desk: Client, **query: str) -> str:
    answer = desk.get(COSTS, query)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def state_of(name: str) -> ProviderState:
    (state,) = (state for state in provider_states() if state.name == name)
    return state


# What was spent


def test_the_periods_add_up_what_was_bought_in_them() -> None:
    for days_ago in (0, 6, 7, 29, 30, 89, 90):
        call_made(days_ago=days_ago, estimated_usd="1")
    periods = {period.days: period.totals for period in SpendPage.of_query({}).periods}
    assert {days: each.spent_usd for days, each in periods.items()} == {7: 2, 30: 4, 90: 6}


@pytest.mark.parametrize(
    ("status", "differing"),
    [
        ("failed", {"actual_usd": PRICE_USD}),
        ("cancelled", {}),
        ("written_off", {"actual_usd": PRICE_USD}),
        ("succeeded", {"is_superseded": True}),
        ("succeeded", {"error_code": "provider.output_lost"}),
    ],
)
def test_what_was_billed_without_a_clip_is_told_apart(status: str, differing: dict[str, Any]) -> None:
    call_made()
    call_made(status, **differing)
    found = totals()
    assert (found.calls, found.clips, found.wasted_calls) == (2, 1, 1)
    assert (found.spent_usd, found.wasted_usd) == (2 * PRICE_USD, PRICE_USD)
    assert (found.clip_seconds, found.usd_each) == (4, 2 * PRICE_USD)


def test_what_costs_nothing_wastes_nothing() -> None:
    for status in ("planned", "accepted", "failed", "refused", "written_off"):
        call_made(status)
    found = totals()
    assert (found.calls, found.clips, found.spent_usd, found.wasted_usd) == (4, 0, 0, 0)
    assert found.usd_each is None


def test_models_are_told_apart_by_their_provider_and_the_dearest_is_first() -> None:
    call_made(model="veo", estimated_usd="1")
    call_made(model="veo", provider="fal", estimated_usd="3")
    call_made(model="wan", estimated_usd="2")
    lines = [(line.provider, line.model) for line in SpendPage.of_query({}).lines]
    assert lines == [("fal", "veo"), ("replicate", "wan"), ("replicate", "veo")]


def test_the_bars_are_divided_by_model_or_provider() -> None:
    call_made(model="veo", estimated_usd="1")
    call_made(model="wan", estimated_usd="2", provider="fal")
    charts = [SpendPage.of_query({"by": by}).chart for by in ("model", "provider")]
    keys = [[(key.name, key.amount) for key in chart.keys] for chart in charts if chart]
    assert keys == [[("wan", "$2.00"), ("veo", "$1.00")], [("fal", "$2.00"), ("replicate", "$1.00")]]


def test_a_call_counts_on_the_day_of_its_budget() -> None:
    before, day, after = (datetime(2026, 11, number, tzinfo=UTC) for number in (19, 20, 21))
    call_made(created_at=before, reserved_on=day.date(), finished_at=after)
    page = SpendPage(days=7, by="model", today=after.date())
    assert [each for each, _ in page.days_with_calls] == [day.date()]


# The page


def test_the_page_shows_money_and_what_it_bought(desk: Client) -> None:
    call_made(estimated_usd="3")
    call_made("cancelled", estimated_usd="1")
    content = shown(desk)
    assert "<b>$4.00</b> in 30 days <small>1 clip of 2 calls</small>" in content
    assert "$1.00 (25 %) bought no clip" in content
    assert '<title id="costs-title">Dollars per day by model</title>' in content


def test_the_page_works_before_the_first_call(desk: Client) -> None:
    content = shown(desk)
    assert "No clip was paid for in these 30 days" in content
    assert "nothing asks for a decision" in content


@pytest.mark.parametrize("number", [1, 20])
def test_the_page_costs_the_same_for_one_call_and_for_twenty(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for count in range(number):
        call_made(days_ago=count)
        call_made("accepted")
    with django_assert_num_queries(5):  # The session, the user, the ledger, what is open, the budget.
        desk.get(COSTS)


def test_what_is_open_is_reserved_and_what_nobody_knows_asks_for_a_decision(desk: Client) -> None:
    call_made("planned")
    call_made("accepted")
    call = undecided_call()
    page = SpendPage.of_query({})
    assert (page.reserved_usd, page.open_calls, page.undecided) == (3 * PRICE_USD, 3, 1)
    assert f'href="{CALLS}?question=undecided&amp;provider={call.provider}"' in shown(desk)


@pytest.mark.parametrize(
    ("limit", "spent", "reserved"), [("10", 50, 30), ("6.25", 80, 20), ("4", 100, 0), ("0", None, None)]
)
def test_the_budget_of_today_is_drawn_as_far_as_it_goes(
    desk: Client, settings: Settings, limit: str, spent: float | None, reserved: float | None
) -> None:
    with transaction.atomic():
        budget_spend(key_id=None, amount_usd=Decimal(5), on=timezone.now().date())
        budget_reserve(key=None, amount_usd=Decimal(3), on=timezone.now().date())
    settings.DAILY_BUDGET_USD = Decimal(limit)
    drawn = SpendPage.of_query({}).budget_percentages
    assert drawn == (None if spent is None else (spent, reserved))
    assert "$5.00 spent, $3.00 reserved" in shown(desk)


def test_a_day_without_a_limit_says_how_to_set_one(desk: Client, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = None
    assert SpendPage.of_query({}).budget_percentages is None
    assert "no limit: set DAILY_BUDGET_USD" in shown(desk)


@pytest.mark.parametrize("query", [{"days": "-1", "by": "price"}, {"days": "1e9"}, {"by": "day"}])
def test_a_query_that_means_nothing_gets_what_is_usual(desk: Client, query: dict[str, str]) -> None:
    page = SpendPage.of_query(query)
    assert (page.days, page.by) == (30, "model")
    shown(desk, **query)


def test_a_name_with_markup_stays_a_name(desk: Client) -> None:
    call_made(model="<script>alert(1)</script>", provider="<script>alert(2)</script>")
    assert "<script>alert" not in shown(desk)


# Providers now


def test_a_provider_without_a_key_says_what_is_missing(desk: Client) -> None:
    state = state_of("fal")
    assert (state.state, "FAL_KEY" in state.said) == ("unavailable", True)
    assert state.said in shown(desk)


def test_a_provider_that_fails_is_left_alone() -> None:
    for _ in range(5):
        breaker_record("clips:replicate", failed=True)
    state = state_of("replicate")
    assert state.state == "left_alone"
    assert state.said.startswith("It failed too often, and is tried again in 1")
    assert state.breaker_said == "open; 5 of 5 failed in the last minute"


def test_a_provider_that_asked_for_a_pause_is_paused() -> None:
    assert (state_of("replicate").state, state_of("replicate").said) == ("ready", "")
    quota_pause(subject="clips:replicate", seconds=100)
    state = state_of("replicate")
    assert (state.state, state.said[:24]) == ("paused", "It asked for a pause of ")


def test_a_provider_shows_how_much_of_its_limits_is_used(settings: Settings) -> None:
    settings.PROVIDER_CONCURRENT_JOBS, settings.PROVIDER_REQUESTS_PER_MINUTE = 10, 0
    call_made("planned")
    call_made("accepted")
    state = state_of("replicate")
    assert (state.jobs_said, state.planned) == ("1 of 10", 1)
    assert state.requests_said == "0, without a limit"
    settings.PROVIDER_REQUESTS_PER_MINUTE = 300
    assert state_of("replicate").requests_said == "0 of 300"


def test_a_provider_that_was_taken_out_still_shows_what_is_open_there(desk: Client) -> None:
    call_made("accepted", provider="gone")
    assert state_of("gone").reserved_usd == PRICE_USD
    assert "It is not set up any more." in shown(desk)


# Who may


def test_staff_without_permission_see_nothing(staff_with: Callable[..., Client]) -> None:
    assert staff_with("view_generation").get(COSTS).status_code == 403
    assert staff_with("view_providercall").get(COSTS).status_code == 200


def test_a_stranger_is_asked_to_log_in(client: Client) -> None:
    assert client.get(COSTS).headers["Location"].startswith("/admin/login/")


def test_the_start_page_leads_to_the_costs_only_who_may_see_them(
    staff_with: Callable[..., Client],
) -> None:
    assert COSTS in staff_with("view_providercall").get("/admin/").content.decode()
    assert COSTS not in staff_with("view_generation").get("/admin/").content.decode()
