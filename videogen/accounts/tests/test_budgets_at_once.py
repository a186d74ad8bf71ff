"""Budgets under many hands: no more is given than there is, and nobody waits for ever."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections, transaction
from django.db.transaction import TransactionManagementError
from pytest_django import Settings

from videogen.accounts.budgets import (
    BudgetExceeded,
    budget_reserve,
    budget_settle,
    budget_spend,
)
from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_key_create
from videogen.accounts.tests.budgets import DAY, NEXT_DAY, limited, rows, usd

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(tasks: list[Callable[[], None]]) -> list[BudgetExceeded | None]:
    """The refusal of each, if any; all are started together, each in a transaction of its own."""
    start = Barrier(len(tasks))

    def run(task: Callable[[], None]) -> BudgetExceeded | None:
        start.wait()
        try:
            with transaction.atomic():
                task()
        except BudgetExceeded as refused:
            return refused
        finally:
            connections.close_all()
        return None

    with ThreadPoolExecutor(len(tasks)) as pool:
        return list(pool.map(run, tasks))


def test_fifty_at_once_get_the_twenty_dollars_that_there_are(settings: Settings) -> None:
    settings.DAILY_BUDGET_USD = usd(20)
    answers = at_once([lambda: budget_reserve(key=None, amount_usd=usd(1), on=DAY)] * 50)
    assert Counter(type(answer) for answer in answers) == {type(None): 20, BudgetExceeded: 30}
    assert rows() == {"2026-11-30": (20, 0)}
    assert {refused.details["left_usd"] for refused in answers if refused} == {"0.000000"}


def test_fifty_at_once_of_one_key_get_its_twenty_dollars(key: ApiKey) -> None:
    limited(key, 20)
    answers = at_once([lambda: budget_reserve(key=key, amount_usd=usd(1), on=DAY)] * 50)
    assert answers.count(None) == 20
    assert set(rows().values()) == {(20, 0)}


def test_no_order_of_days_and_keys_is_a_deadlock(key: ApiKey) -> None:
    other, _ = api_key_create(user_name="bob")
    places = [(key, DAY), (other, NEXT_DAY), (key, NEXT_DAY), (other, DAY)]

    def walk(seed: int) -> None:
        for whose, on in random.Random(seed).sample(places, len(places)):
            budget_reserve(key=whose, amount_usd=usd(1), on=on)

    at_once([lambda seed=seed: walk(seed) for seed in range(40)])  # type: ignore[misc]
    assert set(rows().values()) == {(80, 0), (40, 0)}


@pytest.mark.parametrize(
    "change",
    [
        lambda: budget_reserve(key=None, amount_usd=usd(1), on=DAY),
        lambda: budget_settle(key_id=None, reserved_usd=usd(0), actual_usd=usd(1), on=DAY),
        lambda: budget_spend(key_id=None, amount_usd=usd(1), on=DAY),
    ],
    ids=["reserve", "settle", "spend"],
)
def test_outside_of_a_transaction_nothing_changes(change: Callable[[], None]) -> None:
    with pytest.raises(TransactionManagementError):
        change()
    assert rows() == {}


def test_a_transaction_that_fails_reserves_nothing(key: ApiKey) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        budget_reserve(key=key, amount_usd=usd(1), on=DAY)
        _ = 1 / 0
    assert rows() == {}
