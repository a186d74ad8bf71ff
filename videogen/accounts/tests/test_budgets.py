"""Budgets: what fits is reserved, what does not is refused, and no cent goes missing."""

import random
from contextlib import nullcontext
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError
from pytest_django import Settings

from videogen.accounts.budgets import (
    BudgetExceeded,
    NotReserved,
    budget_reserve,
    budget_settle,
    budget_spend,
    budgets_now,
)
from videogen.accounts.models import ApiKey, Budget
from videogen.accounts.services import api_key_create
from videogen.accounts.tests.budgets import DAY, NEXT_DAY, REFUSERS, limited, rows, usd

pytestmark = pytest.mark.django_db

# Reserving


def test_a_reservation_is_held_for_the_day_and_for_the_month_of_the_key(key: ApiKey) -> None:
    budget_reserve(key=key, amount_usd=usd("1.5"), on=DAY)
    budget_reserve(key=key, amount_usd=usd("0.00000001"), on=DAY)
    held = (usd("1.50000001"), usd(0))
    assert rows() == {"2026-11-30": held, f"key {key.pk}, 2026-11": held}


def test_without_a_key_only_the_day_counts() -> None:
    budget_reserve(key=None, amount_usd=usd(1), on=DAY)
    assert rows() == {"2026-11-30": (1, 0)}


def test_the_last_cent_can_be_reserved_and_nothing_after_it(key: ApiKey, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd("0.3")
    for _ in range(3):
        budget_reserve(key=key, amount_usd=usd("0.1"), on=DAY)
    with pytest.raises(BudgetExceeded):
        budget_reserve(key=key, amount_usd=usd("0.00000001"), on=DAY)


@pytest.mark.parametrize("ask", REFUSERS)
def test_what_was_spent_counts_like_what_is_reserved(ask: Any, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd(10)
    budget_spend(key_id=None, amount_usd=usd(6), on=DAY)
    budget_reserve(key=None, amount_usd=usd(3), on=DAY)
    with pytest.raises(BudgetExceeded):
        ask(key=None, amount_usd=usd("1.01"), on=DAY)
    ask(key=None, amount_usd=usd(1), on=DAY)


@pytest.mark.parametrize("daily, monthly, code", [(5, 100, "budget.daily"), (100, 5, "budget.key")])
def test_a_refusal_by_one_budget_changes_nothing_in_the_other(
    key: ApiKey, settings: Settings, daily: int, monthly: int, code: str
) -> None:
    settings.DAILY_BUDGET_USD = usd(daily)
    budget_reserve(key=limited(key, monthly), amount_usd=usd(3), on=DAY)
    before = rows()
    with pytest.raises(BudgetExceeded) as refused:
        budget_reserve(key=key, amount_usd=usd(3), on=DAY)
    assert (refused.value.code, refused.value.status, rows()) == (code, 402, before)


def test_a_refusal_leaves_no_rows(key: ApiKey, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd(1)
    with pytest.raises(BudgetExceeded):
        budget_reserve(key=key, amount_usd=usd(2), on=DAY)
    assert rows() == {}


@pytest.mark.parametrize("ask", REFUSERS)
def test_each_day_each_month_and_each_key_has_its_own_budget(
    ask: Any, key: ApiKey, settings: Settings
) -> None:
    settings.DAILY_BUDGET_USD = usd(5)
    budget_reserve(key=limited(key, 4), amount_usd=usd(4), on=DAY)
    other, _ = api_key_create(user_name="bob", monthly_limit_usd=usd(4))
    with pytest.raises(BudgetExceeded):
        ask(key=key, amount_usd=usd(1), on=date(2026, 11, 1))
    ask(key=key, amount_usd=usd(4), on=NEXT_DAY)
    ask(key=other, amount_usd=usd(1), on=DAY)


@pytest.mark.parametrize("ask", REFUSERS)
def test_what_is_free_is_allowed_though_nothing_is_left(ask: Any, key: ApiKey, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd(0)
    budget_spend(key_id=key.pk, amount_usd=usd(1), on=DAY)
    before = rows()
    ask(key=limited(key, 0), amount_usd=usd(0), on=DAY)
    assert rows() == before


@pytest.mark.parametrize("ask", REFUSERS)
def test_a_limit_below_what_is_taken_leaves_nothing(ask: Any, key: ApiKey) -> None:
    budget_spend(key_id=key.pk, amount_usd=usd(8), on=DAY)
    budget_reserve(key=key, amount_usd=usd(3), on=DAY)
    with pytest.raises(BudgetExceeded) as refused:
        ask(key=limited(key, 10), amount_usd=usd("0.01"), on=DAY)
    assert refused.value.details["left_usd"] == "0.000000"
    budget_settle(key_id=key.pk, reserved_usd=usd(3), actual_usd=usd(3), on=DAY)
    assert rows()[f"key {key.pk}, 2026-11"] == (0, 11)


def test_less_than_nothing_is_refused(key: ApiKey) -> None:
    with pytest.raises(ValueError, match="less than nothing"):
        budget_reserve(key=key, amount_usd=usd(-1), on=DAY)


# Settling


@pytest.mark.parametrize("actual", ["0", "1.2", "2", "3.7"])
def test_settling_releases_all_and_spends_what_it_cost(key: ApiKey, settings: Settings, actual: str) -> None:
    settings.DAILY_BUDGET_USD = usd(2)
    budget_reserve(key=limited(key, 2), amount_usd=usd(2), on=DAY)
    budget_settle(key_id=key.pk, reserved_usd=usd(2), actual_usd=usd(actual), on=DAY)
    assert set(rows().values()) == {(usd(0), usd(actual))}


def test_an_amount_is_rounded_as_a_column_rounds_it(key: ApiKey) -> None:
    amount = usd("1.000000005")
    budget_reserve(key=None, amount_usd=amount, on=DAY)
    kept = limited(key, amount).monthly_limit_usd
    assert kept is not None
    budget_settle(key_id=None, reserved_usd=kept, actual_usd=amount, on=DAY)
    assert rows() == {"2026-11-30": (0, kept)}


def test_a_reservation_of_last_month_is_settled_where_it_is_held(key: ApiKey) -> None:
    budget_reserve(key=key, amount_usd=usd(2), on=DAY)
    budget_reserve(key=key, amount_usd=usd(1), on=NEXT_DAY)
    budget_settle(key_id=key.pk, reserved_usd=usd(2), actual_usd=usd(2), on=DAY)
    assert rows() == {
        "2026-11-30": (0, 2),
        f"key {key.pk}, 2026-11": (0, 2),
        "2026-12-01": (1, 0),
        f"key {key.pk}, 2026-12": (1, 0),
    }


def test_nothing_is_settled_twice(key: ApiKey) -> None:
    budget_reserve(key=None, amount_usd=usd(5), on=DAY)
    budget_reserve(key=key, amount_usd=usd(2), on=DAY)
    budget_settle(key_id=key.pk, reserved_usd=usd(2), actual_usd=usd(2), on=DAY)
    before = rows()
    with pytest.raises(NotReserved, match=r"2\.0+ USD cannot be released: 0\.0+ USD are reserved"):
        budget_settle(key_id=key.pk, reserved_usd=usd(2), actual_usd=usd(2), on=DAY)
    assert rows() == before


def test_a_settlement_that_the_day_refuses_changes_nothing_for_the_key(key: ApiKey) -> None:
    budget_reserve(key=key, amount_usd=usd(2), on=DAY)
    Budget.objects.filter(scope="all").update(reserved_usd=usd(1))
    before = rows()
    with pytest.raises(NotReserved):
        budget_settle(key_id=key.pk, reserved_usd=usd(2), actual_usd=usd(2), on=DAY)
    assert rows() == before


def test_what_is_spent_already_is_never_refused(key: ApiKey, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd(0)
    budget_spend(key_id=limited(key, 0).pk, amount_usd=usd("0.000000004"), on=DAY)
    budget_spend(key_id=key.pk, amount_usd=usd("0.25"), on=DAY)
    assert set(rows().values()) == {(usd(0), usd("0.25"))}


@pytest.mark.parametrize("numbers", [{"spent_usd": -1}, {"reserved_usd": -1}])
def test_the_database_refuses_what_is_negative(numbers: dict[str, int]) -> None:
    with pytest.raises(IntegrityError, match="budget_not_negative"):
        Budget.objects.create(scope="all", period=DAY, **numbers)


@pytest.mark.parametrize("seed", range(10))
def test_random_histories_leave_what_the_sums_say(key: ApiKey, settings: Settings, seed: int) -> None:
    settings.DAILY_BUDGET_USD, dice = usd(30), random.Random(seed)
    held, spent = list[Decimal](), usd(0)
    for _ in range(60):
        amount, cost = (usd(dice.randrange(10**9)).scaleb(-8) for _ in range(2))
        if held and dice.random() < 0.5:
            reserved = held.pop(dice.randrange(len(held)))
            budget_settle(key_id=key.pk, reserved_usd=reserved, actual_usd=cost, on=DAY)
            spent += cost
        elif is_reserved(key, amount):
            held.append(amount)
        assert set(rows().values()) == {(sum(held), spent)}


def is_reserved(key: ApiKey, amount: Decimal) -> bool:
    """Whether it was reserved; it is exactly where the day's sums allow it."""
    (taken,) = {reserved + spent for reserved, spent in rows().values()} or {usd(0)}
    fits = taken + amount <= 30
    with nullcontext() if fits else pytest.raises(BudgetExceeded):
        budget_reserve(key=key, amount_usd=amount, on=DAY)
    return fits


# How they stand


def test_without_a_limit_it_is_still_known_what_was_spent(key: ApiKey, at_noon: date) -> None:
    budget_spend(key_id=key.pk, amount_usd=usd(3), on=at_noon)
    month, day = budgets_now(key=key)
    assert (month.scope, month.spent_usd, month.limit_usd, month.left_usd) == ("key", 3, None, None)
    assert (day.scope, day.spent_usd, day.limit_usd, day.left_usd) == ("all", 3, None, None)


def test_what_is_left_is_what_is_neither_spent_nor_reserved(
    key: ApiKey, settings: Settings, at_noon: date
) -> None:
    settings.DAILY_BUDGET_USD = usd(10)
    budget_spend(key_id=key.pk, amount_usd=usd(3), on=at_noon)
    budget_reserve(key=limited(key, 50), amount_usd=usd(2), on=at_noon)
    month, day = budgets_now(key=key)
    assert (month.left_usd, month.resets_at) == (45, datetime(2027, 1, 1, tzinfo=UTC))
    assert (day.left_usd, day.resets_at) == (5, datetime(2026, 12, 13, tzinfo=UTC))


def test_a_new_day_begins_with_nothing(settings: Settings, at_noon: date) -> None:
    budget_spend(key_id=None, amount_usd=usd(3), on=DAY)
    (day,) = budgets_now()
    assert (day.period, day.spent_usd, day.reserved_usd) == (at_noon, 0, 0)


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> date:
    """The day that it is."""
    noon = datetime(2026, 12, 12, 12, tzinfo=UTC)
    monkeypatch.setattr("videogen.accounts.budgets.timezone.now", lambda: noon)
    return noon.date()
