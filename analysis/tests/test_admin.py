"""Operators read the ledger and its sums; nobody changes it, and who may not see it does not."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from analysis.admin.chart import chart_of
from analysis.admin.costs_page import CostsPage
from analysis.costs import CostRow, Totals
from analysis.language_models import MODERATION, TASKS
from analysis.models import Outcome, TextCall
from analysis.tests.ledger import call_made, hit_made
from videogen.kernel.admin.chart import HEIGHT, REST, SERIES, TOP

pytestmark = pytest.mark.django_db
CALLS = "/admin/analysis/textcall/"
COSTS = f"{CALLS}costs/"
GENERATION = UUID("0badcafe-0000-4000-8000-000000000000")
DAY = date(2026, 11, 20)


@pytest.fixture
def operator() -> User:
    return User.objects.create_user("operator", is_staff=True)


@pytest.fixture
def desk(operator: User) -> Client:
    """The browser of an operator who may look at the ledger."""
    operator.user_permissions.add(Permission.objects.get(codename="view_textcall"))
    client = Client()
    client.force_login(operator)
    return client


def models_listed(desk: Client, **query: str) -> set[str]:
    answer = desk.get(CALLS, query)
    assert answer.status_code == 200
    return {call.model for call in answer.context["cl"].result_list}


# The list


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"a", "b", "c"}),
        ({"task": "micro_prompts"}, {"b"}),
        ({"model": "a"}, {"a"}),
        ({"outcome__exact": "failed"}, {"c"}),
        ({"q": "0badcafe"}, {"a"}),
        ({"q": str(GENERATION)}, {"a"}),
        ({"q": "req_42"}, {"b"}),
        ({"q": "feedface"}, {"c"}),
        ({"q": "nothing"}, set()),
        ({"q": " "}, {"a", "b", "c"}),
    ],
)
def test_calls_are_found_by_what_is_known_of_them(
    desk: Client, query: dict[str, str], found: set[str]
) -> None:
    call_made(model="a", generation_id=GENERATION)
    call_made(model="b", task="micro_prompts", provider_request_id="req_42")
    call_made(model="c", outcome=Outcome.FAILED, pk=UUID("feedface-0000-4000-8000-000000000000"))
    assert models_listed(desk, **query) == found


def test_every_task_of_the_ledger_can_be_chosen(desk: Client) -> None:
    page = desk.get(CALLS).content.decode()
    assert all(f"?task={task}" in page for task in (*TASKS, MODERATION))


def test_a_call_leads_to_its_generation(desk: Client) -> None:
    call_made(generation_id=GENERATION)
    assert f"/admin/generations/generation/{GENERATION}/change/" in desk.get(CALLS).content.decode()


@pytest.mark.parametrize("calls", [1, 20])
def test_the_list_costs_the_same_for_one_call_and_for_many(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries, calls: int
) -> None:
    for _ in range(calls):
        call_made(generation_id=GENERATION)
    with django_assert_num_queries(7):  # The session, the user, permissions twice, models, count, rows.
        desk.get(CALLS)


def test_the_page_of_a_call_shows_what_it_cost_at_which_price(desk: Client) -> None:
    call = call_made(
        input_price_usd="0.125",
        cached_price_usd="0.0125",
        cache_write_price_usd="0.15",
        output_price_usd="0.5",
        cost_usd="0.0042",
    )
    page = desk.get(f"{CALLS}{call.pk}/change/").content.decode()
    for price in ("0.125", "0.0125", "0.15", "0.50"):
        assert f"${price} for a million tokens" in page
    assert "$0.0042" in page
    assert "1,000 tokens, 400 of them cached" in page


@pytest.mark.parametrize("verb", ["add/", "{}/delete/"])
def test_nobody_adds_or_deletes(desk: Client, operator: User, verb: str) -> None:
    User.objects.filter(pk=operator.pk).update(is_superuser=True)
    call = call_made()
    assert desk.get(CALLS + verb.format(call.pk)).status_code == 403


def test_nobody_changes(desk: Client, operator: User) -> None:
    User.objects.filter(pk=operator.pk).update(is_superuser=True)
    call = call_made()
    assert desk.post(f"{CALLS}{call.pk}/change/", {"model": "forged"}).status_code == 403
    assert TextCall.objects.get().model == "gpt-6-luna"


@pytest.mark.parametrize("url", [CALLS, COSTS])
def test_staff_without_the_permission_see_nothing(desk: Client, operator: User, url: str) -> None:
    operator.user_permissions.clear()
    assert desk.get(url).status_code == 403


@pytest.mark.parametrize("url", [CALLS, COSTS])
def test_a_stranger_is_asked_to_log_in(url: str) -> None:
    assert Client().get(url).headers["Location"].startswith("/admin/login/")


# The page of costs


def test_the_page_is_empty_before_the_first_call(desk: Client) -> None:
    page = desk.get(COSTS).content.decode()
    assert "No text task has asked a language model in these 30 days" in page
    assert "<svg width" not in page


def test_the_periods_add_up_what_happened_in_them(desk: Client) -> None:
    for days_ago in (0, 6, 7, 29, 30, 89, 90):
        call_made(days_ago=days_ago, cost_usd="1")
    periods = {period.days: period.totals for period in CostsPage.of_query({}).periods}
    assert {days: totals.cost_usd for days, totals in periods.items()} == {7: 2, 30: 4, 90: 6}


def test_the_page_reads_the_ledger_once(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    call_made()
    call_made(days_ago=60)
    hit_made()
    with django_assert_num_queries(5):  # The session, the user, permissions twice, the ledger.
        desk.get(COSTS)


def test_the_page_shows_tasks_models_money_and_what_was_saved(desk: Client) -> None:
    call_made(cost_usd="1.25", model="gpt-6.1-terra", task="micro_prompts")
    hit_made(model="gpt-6.1-terra", task="micro_prompts")
    page = re.sub(r"\s+", " ", desk.get(COSTS).content.decode())
    assert "$1.25 saved by 1 cached answer<" in page
    assert f'href="{CALLS}?task=micro_prompts&amp;model=gpt-6.1-terra">micro prompts</a>' in page
    assert '<title id="costs-title">Dollars per day by model</title>' in page


@pytest.mark.parametrize("query", [{"days": "-1", "by": "price"}, {"days": "1e9"}, {"by": "day"}])
def test_a_query_that_means_nothing_gets_what_is_usual(desk: Client, query: dict[str, str]) -> None:
    page = CostsPage.of_query(query)
    assert (page.days, page.by) == (30, "model")
    assert desk.get(COSTS, query).status_code == 200


def test_a_name_with_markup_stays_a_name(desk: Client) -> None:
    call_made(model="<script>alert(1)</script>")
    assert "<script>alert" not in desk.get(COSTS).content.decode()


def test_the_start_page_leads_to_the_costs_only_who_may_see_them(desk: Client, operator: User) -> None:
    assert COSTS in desk.get("/admin/").content.decode()
    operator.user_permissions.clear()
    assert COSTS not in desk.get("/admin/").content.decode()


# The chart


def row(days_ago: int, model: str, dollars: str, calls: int = 1) -> CostRow:
    totals = Totals(calls=calls, answers=calls, cost_usd=Decimal(dollars))
    return CostRow(DAY - timedelta(days=days_ago), "prompt_analysis", model, totals)


def heights(rows: list[CostRow], days: int = 3) -> list[list[float]]:
    chart = chart_of(rows, by="model", first=DAY - timedelta(days=days - 1), last=DAY)
    assert chart
    return [[round(piece.height / HEIGHT, 3) for piece in bar.pieces] for bar in chart.bars]


def test_bars_are_as_high_as_their_dollars_and_a_day_without_has_none() -> None:
    rows = [row(0, "a", "3"), row(0, "b", "1"), row(2, "a", "2")]
    assert heights(rows) == [[0.5], [], [0.75, 0.25]]


def test_pieces_stand_on_each_other_and_on_the_floor() -> None:
    chart = chart_of([row(0, "a", "3"), row(0, "b", "1")], by="model", first=DAY, last=DAY)
    assert chart
    below, above = chart.bars[0].pieces
    assert below.y + below.height == pytest.approx(TOP + HEIGHT)
    assert above.y + above.height == pytest.approx(below.y)


def test_where_everything_was_free_the_bars_count_calls() -> None:
    chart = chart_of([row(0, "a", "0", calls=3)], by="model", first=DAY, last=DAY)
    assert chart
    assert (chart.title, chart.keys[0].amount) == ("Calls per day", "3 calls")
    assert [label for _, label in chart.lines] == ["0 calls", "1 call", "2 calls", "3 calls"]


def test_what_has_no_colour_left_is_put_together() -> None:
    rows = [row(0, f"model-{number}", str(number)) for number in range(1, SERIES + 3)]
    chart = chart_of(rows, by="model", first=DAY, last=DAY)
    assert chart
    assert [key.name for key in chart.keys][-2:] == ["model-4", REST]
    assert chart.keys[-1].amount == "$6.00"


@pytest.mark.parametrize(
    ("most", "labels"),
    [
        ("0.223", ["$0.00", "$0.05", "$0.10", "$0.15", "$0.20", "$0.25"]),
        ("1", ["$0.00", "$0.20", "$0.40", "$0.60", "$0.80", "$1.00"]),
        ("0.0044", ["$0.00", "$0.0010", "$0.0020", "$0.0030", "$0.0040", "$0.0050"]),
        ("8123", ["$0.00", "$2,000.00", "$4,000.00", "$6,000.00", "$8,000.00", "$10,000.00"]),
    ],
)
def test_lines_are_at_round_numbers(most: str, labels: list[str]) -> None:
    chart = chart_of([row(0, "a", most)], by="model", first=DAY, last=DAY)
    assert chart
    assert [label for _, label in chart.lines] == labels


@pytest.mark.parametrize("days", [1, 7, 30, 90])
def test_there_is_room_for_every_label_and_the_last_day_has_one(days: int) -> None:
    chart = chart_of([row(0, "a", "1")], by="model", first=DAY - timedelta(days=days - 1), last=DAY)
    assert chart
    assert (len(chart.bars), chart.labels[-1][1]) == (days, "20 Nov")
    assert len(chart.labels) == min(days, 8)


def test_a_bar_says_its_day_and_its_parts() -> None:
    chart = chart_of([row(0, "a", "3"), row(0, "b", "0.004")], by="model", first=DAY, last=DAY)
    assert chart
    assert chart.bars[0].title == "Fri 20 Nov: $3.00 (a $3.00, b $0.0040)"
    assert (
        chart.description
        == "A bar for each day from 20 November to 20 November. Together: a $3.00; b $0.0040."
    )


def test_today_is_that_of_utc() -> None:
    assert CostsPage.of_query({}).today == datetime.now(UTC).date() == timezone.now().date()
