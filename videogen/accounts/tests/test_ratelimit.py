"""The rate limit, on real Redis and its clock."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from videogen.kernel import redis
from videogen.kernel.ratelimit import RateStock, rate_take
from videogen.kernel.redis import cache_redis


def test_so_many_are_allowed_and_no_more() -> None:
    decisions = [rate_take(key="k", count=3, seconds=3600) for _ in range(4)]
    assert [decision.allowed for decision in decisions] == [True, True, True, False]
    assert [decision.remaining for decision in decisions] == [2, 1, 0, 0]


def test_a_refusal_says_when_one_is_free_again() -> None:
    rate_take(key="k", count=2, seconds=3600)
    rate_take(key="k", count=2, seconds=3600)
    refused = rate_take(key="k", count=2, seconds=3600)
    assert 1799 < refused.retry_after_seconds <= 1800
    assert 3599 < refused.reset_seconds <= 3600


def test_one_comes_back_after_its_share_of_the_time() -> None:
    for _ in range(10):
        rate_take(key="k", count=10, seconds=1)
    refused = rate_take(key="k", count=10, seconds=1)
    time.sleep(refused.retry_after_seconds + 0.01)
    assert rate_take(key="k", count=10, seconds=1).allowed


def test_refusals_cost_nothing() -> None:
    rate_take(key="k", count=1, seconds=3600)
    waits = [rate_take(key="k", count=1, seconds=3600).retry_after_seconds for _ in range(3)]
    assert waits[2] <= waits[0]


def test_keys_do_not_share() -> None:
    rate_take(key="a", count=1, seconds=3600)
    assert rate_take(key="b", count=1, seconds=3600).allowed


def test_what_is_forgotten_leaves_nothing_in_redis() -> None:
    rate_take(key="k", count=100, seconds=1)
    time.sleep(0.05)
    assert cache_redis().keys("rate:*") == []


def test_many_at_once_are_admitted_as_often_as_allowed() -> None:
    with ThreadPoolExecutor(16) as pool:
        decisions = list(pool.map(lambda _: rate_take(key="k", count=20, seconds=3600), range(200)))
    assert sum(decision.allowed for decision in decisions) == 20


@pytest.fixture
def no_redis(settings: Any) -> Iterator[None]:
    redis._client.cache_clear()
    settings.REDIS_CACHE = {"host": "127.0.0.1", "port": 1}
    yield
    redis._client.cache_clear()


def test_without_redis_everything_is_allowed_and_the_log_says_so(no_redis: None, caplog: Any) -> None:
    assert all(rate_take(key="k", count=1, seconds=3600).allowed for _ in range(3))
    assert "Rate limits are off" in caplog.text


# Stocks


class Clock:
    """Moves by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_two_processes_with_stocks_allow_no_more_together() -> None:
    stocks = RateStock(), RateStock()
    allowed = sum(
        stock.take(key="k", count=1000, seconds=3600).allowed for _ in range(700) for stock in stocks
    )
    assert 980 <= allowed <= 1000


def test_who_asks_often_asks_redis_seldom() -> None:
    stock, before = RateStock(), _commands()
    remaining = [stock.take(key="k", count=100_000, seconds=3600).remaining for _ in range(500)]
    assert _commands() - before < 15
    assert remaining == sorted(remaining, reverse=True)


def test_who_asks_seldom_takes_one_at_a_time() -> None:
    clock = Clock()
    stock = RateStock(clock=clock)
    remaining = []
    for _ in range(5):
        clock.now += 10
        remaining.append(stock.take(key="k", count=100_000, seconds=10**9).remaining)
    assert remaining == [99_999, 99_998, 99_997, 99_996, 99_995]


def test_a_small_limit_is_counted_one_by_one() -> None:
    stocks = [RateStock() for _ in range(4)]
    allowed = [stock.take(key="k", count=20, seconds=3600).allowed for _ in range(50) for stock in stocks]
    assert sum(allowed) == 20


def _commands() -> int:
    return int(cache_redis().info("commandstats").get("cmdstat_evalsha", {}).get("calls", 0))
