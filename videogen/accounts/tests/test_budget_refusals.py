"""A refused budget says how much was asked for, how much is left, until when, and what to do."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from videogen.accounts.budgets import (
    BudgetExceeded,
    budget_check,
    budget_reserve,
    budget_spend,
)
from videogen.accounts.models import ApiKey
from videogen.accounts.tests.budgets import DAY, REFUSERS, limited, rows, usd

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("ask", REFUSERS)
def test_a_refusal_of_the_day_has_its_numbers(ask: Any, settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd(20)
    budget_spend(key_id=None, amount_usd=usd("14.2"), on=DAY)
    budget_reserve(key=None, amount_usd=usd("5.4"), on=DAY)
    with pytest.raises(BudgetExceeded) as refused:
        ask(key=None, amount_usd=usd("1.25"), on=DAY)
    assert refused.value.details == {
        "limit_usd": "20.000000",
        "spent_usd": "14.200000",
        "reserved_usd": "5.400000",
        "asked_usd": "1.250000",
        "left_usd": "0.400000",
        "period": "2026-11-30",
        "resets_at": "2026-12-01T00:00:00+00:00",
    }


def test_a_refusal_says_in_words_what_is_left_and_what_to_do(settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd(20)
    budget_spend(key_id=None, amount_usd=usd(19), on=DAY)
    with pytest.raises(BudgetExceeded) as refused:
        budget_check(key=None, amount_usd=usd(2), on=DAY)
    assert str(refused.value) == (
        "This needs 2.000000 USD, and 1.000000 USD are left: of the 20.000000 USD for everybody on "
        "2026-11-30, 19.000000 USD are spent and 0.000000 USD reserved."
    )
    assert refused.value.hint.startswith("Wait until 2026-12-01 00:00 UTC, or ask for something shorter")
    assert refused.value.hint.endswith("An operator can raise DAILY_BUDGET_USD.")


def test_a_refusal_of_a_key_speaks_of_its_month(key: ApiKey) -> None:
    with pytest.raises(BudgetExceeded) as refused:
        budget_check(key=limited(key, 1), amount_usd=usd(2), on=DAY)
    assert "of the 1.000000 USD for this key in 2026-11," in str(refused.value)
    assert refused.value.details["period"] == "2026-11-01"
    assert refused.value.details["resets_at"] == "2026-12-01T00:00:00+00:00"


def test_nobody_is_told_to_wait_for_what_never_fits(key: ApiKey) -> None:
    with pytest.raises(BudgetExceeded) as refused:
        budget_check(key=limited(key, 1), amount_usd=usd(2), on=DAY)
    assert refused.value.hint == (
        "Ask for something shorter or smaller. An operator can raise the key's monthly limit, in the admin."
    )


def test_a_check_writes_and_locks_nothing(
    key: ApiKey, settings: Settings, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.DAILY_BUDGET_USD = usd(5)
    with django_assert_num_queries(2) as queries:
        budget_check(key=limited_once(key), amount_usd=usd(1), on=DAY)
    assert all("FOR UPDATE" not in query["sql"] for query in queries.captured_queries)
    assert rows() == {}


def limited_once(key: ApiKey) -> ApiKey:
    key.monthly_limit_usd = usd(5)
    return key
