"""Limits that all processes keep together: hours on a simulated clock, and seconds with real threads and forks."""

import heapq
import itertools
import os
import random
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from videogen.kernel import quota, quota_share, redis
from videogen.kernel.errors import Postponed
from videogen.kernel.quota import (
    Limits,
    Place,
    QuotaState,
    quota_learn,
    quota_pause,
    quota_refused,
    quota_settle,
    quota_state,
    quota_take,
)
from videogen.kernel.redis import cache_redis

LONG = 1_000_000.0


def take(
    ticket: str = "t", *, subject: str = "s", cost: int = 1, patience: float = 0.0, **limits: int
) -> Place:
    return quota_take(
        subject=subject,
        limits=Limits(**limits),
        cost=cost,
        ticket=ticket,
        lease_seconds=60,
        patience_seconds=patience,
    )


def wait_of(ticket: str = "t", **arguments: int) -> float:
    """How long the holder of the ticket is put off; 0.0 if it may go. To the place, not to the way back."""
    limits = Limits(**{name: value for name, value in arguments.items() if name != "cost"})
    wait = quota._ask("s", limits, arguments.get("cost", 1), ticket, 60, 1)
    return wait.seconds if wait else 0.0


def most_within(seconds: float, times: list[float]) -> int:
    """The largest number of times within any window of so many seconds."""
    times = sorted(times)
    return max(bisect_right(times, at + seconds) - first for first, at in enumerate(times))


class Clock:
    """Redis's clock, in the hands of a test."""

    def set(self, now: float) -> None:
        cache_redis().set("clock", f"{now:.6f}")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    for name in ("_TAKE", "_SETTLE", "_LEAVE", "_LEARN", "_PAUSE", "_LOOK"):
        script = getattr(quota, name).replace(
            quota.CLOCK, "local now = tonumber(redis.call('GET', 'clock'))\n"
        )
        monkeypatch.setattr(quota, name, script)
    clock = Clock()
    clock.set(LONG)
    return clock


@dataclass
class Simulation:
    """Workers that call a server without end, on a simulated clock."""

    clock: Clock
    limits: Limits
    #: How long a call takes on its way to the server, and how late a queue brings somebody back.
    journey: Callable[[], float]
    redelivery: Callable[[], float]
    cost: Callable[[], int] = lambda: 1
    arrivals: list[float] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)

    def run(self, *, workers: int, seconds: float) -> None:
        numbers = itertools.count(workers)
        events = [(LONG, number, self.cost()) for number in range(workers)]
        while events[0][0] < LONG + seconds:
            now, number, cost = heapq.heappop(events)
            self.clock.set(now)
            wait = quota._ask("s", self.limits, cost, str(number), 60, 1)
            if wait is None:
                self.arrivals.append(now + self.journey())
                self.costs.append(cost)
                heapq.heappush(events, (now + 1, next(numbers), self.cost()))
            else:
                late = self.redelivery() - quota.EARLY_SECONDS if wait.seconds > 2 else 0.002
                heapq.heappush(events, (now + wait.seconds + late, number, cost))

    def share_used(self, *, of: int, since: float) -> float:
        """Which part of the allowance arrived after the first `since` seconds."""
        end = max(self.arrivals)
        arrived = sum(1 for at in self.arrivals if at > LONG + since)
        return arrived / ((end - LONG - since) / 60 * of)


DELIVERIES: dict[str, tuple[float, float]] = {
    "on time": (0.5, 1.4),
    "late": (0.5, 6.0),
    "very late": (1.0, 20.0),
}


@pytest.mark.parametrize("delivery", DELIVERIES.values(), ids=DELIVERIES)
@pytest.mark.parametrize("limit", [1, 3, 10, 60, 600])
def test_a_strict_server_never_sees_one_too_many_and_is_fully_used(clock, limit, delivery):
    chance = random.Random(limit)
    simulation = Simulation(
        clock,
        Limits(requests_per_minute=limit),
        journey=lambda: chance.uniform(0.05, 1.0),
        redelivery=lambda: chance.uniform(*delivery),
    )
    simulation.run(workers=min(4 * limit, 150), seconds=max(300, 1800 / limit))
    print(limit, delivery, most_within(60, simulation.arrivals), simulation.share_used(of=limit, since=60))
    assert most_within(60, simulation.arrivals) <= limit
    if delivery is not DELIVERIES["very late"]:
        assert simulation.share_used(of=limit, since=60) >= 0.92
