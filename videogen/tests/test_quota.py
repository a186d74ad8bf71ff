"""Limits that all keep together: hours on a simulated clock, seconds with real threads and processes."""

import heapq
import itertools
import os
import random
import time
from bisect import bisect_right
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from multiprocessing import get_context

import pytest

from videogen.kernel import quota, quota_scripts, quota_share
from videogen.kernel.errors import DomainError, Postponed
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
from videogen.kernel.quota_share import share_take
from videogen.kernel.redis import CLOCK, cache_redis

LONG = 1_000_000.0


@pytest.fixture(autouse=True)
def _fresh_share() -> None:
    quota_share._memory[:] = bytes(len(quota_share._memory))


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
    for name in ("TAKE", "SETTLE", "LEAVE", "LEARN", "PAUSE", "LOOK"):
        script = getattr(quota_scripts, name)
        assert CLOCK in script
        fake = script.replace(CLOCK, "local now = tonumber(redis.call('GET', 'clock'))\n")
        monkeypatch.setattr(quota_scripts, name, fake)
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
    #: What becomes of a call: it is told when and how many arrived.
    server: Callable[[list[float]], None] = lambda arrivals: None
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
                self.server(self.arrivals)
                heapq.heappush(events, (now + 1, next(numbers), self.cost()))
            else:
                late = self.redelivery() - quota.EARLY_SECONDS if wait.seconds > 2 else 0.002
                heapq.heappush(events, (now + wait.seconds + late, number, cost))

    def most_tokens_within(self, seconds: float) -> int:
        """The largest sum of costs within any window of so many seconds."""
        calls = sorted(zip(self.arrivals, self.costs, strict=True))
        return max(sum(cost for at, cost in calls if 0 <= at - first < seconds) for first, _ in calls)

    def share_used(self, *, of: int, since: float) -> float:
        """Which part of the allowance arrived after the first `since` seconds."""
        end = max(self.arrivals)
        arrived = sum(1 for at in self.arrivals if at > LONG + since)
        return arrived / ((end - LONG - since) / 60 * of)


DELIVERIES: dict[str, tuple[float, float]] = {
    "on time": (0.5, 1.4),
    "late": (0.5, 4.0),
    "very late": (1.0, 20.0),
}
LEAST_USED = {"on time": 0.92, "late": 0.92, "very late": 0.6}


@pytest.mark.parametrize("delivery", DELIVERIES)
@pytest.mark.parametrize("limit", [1, 3, 10, 60, 600])
def test_a_strict_server_never_sees_one_too_many_and_is_well_used(clock, limit, delivery):
    chance = random.Random(limit)
    simulation = Simulation(
        clock,
        Limits(requests_per_minute=limit),
        journey=lambda: chance.uniform(0.05, 1.0),
        redelivery=lambda: chance.uniform(*DELIVERIES[delivery]),
    )
    simulation.run(workers=min(4 * limit, 100), seconds=max(130, 1800 / limit))
    assert most_within(60, simulation.arrivals) <= limit
    assert simulation.share_used(of=limit, since=60) >= LEAST_USED[delivery]


#: The largest call in tokens, of 10,000 per minute, and by how much a minute may exceed that.
COSTS = {"small": (450, 0), "mixed": (3000, 3000), "large": (10_000, 10_000)}


@pytest.mark.parametrize(("largest", "excess"), COSTS.values(), ids=COSTS)
def test_tokens_of_a_minute_stay_below_the_limit_but_for_one_large_call(clock, largest, excess):
    chance = random.Random(largest)
    simulation = Simulation(
        clock,
        Limits(tokens_per_minute=10_000),
        journey=lambda: chance.uniform(0.05, 1.0),
        redelivery=lambda: chance.uniform(0.5, 1.4),
        cost=lambda: chance.randint(1, largest),
    )
    simulation.run(workers=50, seconds=400)
    assert simulation.most_tokens_within(60) <= 10_000 + excess
    assert sum(simulation.costs) / 400 * 60 >= 9_200


def test_what_a_server_says_is_kept_to_after_a_first_burst(clock):
    simulation = saturated(clock, server=lambda arrivals: quota_learn(subject="s", requests_per_minute=60))
    simulation.run(workers=50, seconds=400)
    later = [at for at in simulation.arrivals if at > LONG + 2]
    assert most_within(60, later) <= 60
    assert simulation.share_used(of=60, since=60) >= 0.92


def test_a_server_that_only_refuses_refuses_nothing_after_the_first_minute(clock):
    accepted: list[float] = []
    refused: list[float] = []

    def server(arrivals: list[float]) -> None:
        at = arrivals[-1]
        if sum(1 for other in accepted if other > at - 60) < 60:
            accepted.append(at)
        else:
            refused.append(at)
            quota_refused(subject="s")

    saturated(clock, server=server).run(workers=100, seconds=400)
    assert 0 < len(refused) <= 40
    assert max(refused) < LONG + 60
    assert sum(1 for at in accepted if at > LONG + 70) / 330 * 60 >= 60 * 0.92


def test_a_server_that_stays_shut_after_refusals_does_not_slow_us_down_for_long(clock):
    accepted: list[float] = []
    on_their_way: list[float] = []
    shut_until = 0.0

    def server(arrivals: list[float]) -> None:
        nonlocal shut_until
        at = arrivals[-1]
        while on_their_way and on_their_way[0] < at - 0.5:
            on_their_way.pop(0)
            quota_refused(subject="s")
        if at >= shut_until and sum(1 for other in accepted if other > at - 60) < 60:
            accepted.append(at)
        else:
            shut_until = max(shut_until, at) + 5
            on_their_way.append(at)

    saturated(clock, server=server).run(workers=12, seconds=580)
    used = sum(1 for at in accepted if at > LONG + 180) / 400
    assert used * 60 >= 60 * 0.6


def saturated(clock: Clock, **arguments) -> Simulation:
    """Workers without configured limits."""
    chance = random.Random(1)
    return Simulation(
        clock,
        Limits(),
        journey=lambda: chance.uniform(0.05, 0.5),
        redelivery=lambda: chance.uniform(0.5, 1.4),
        **arguments,
    )


def test_places_follow_each_other_at_the_allowed_rate(clock):
    waits = [wait_of(str(number), requests_per_minute=64) for number in range(8)]
    assert waits == pytest.approx([0, 0, 0, 0, 1, 2, 3, 4], abs=0.002)


def test_a_ticket_keeps_its_place(clock):
    waits = [wait_of(ticket, requests_per_minute=1) for ticket in ("a", "b", "c", "b", "b")]
    assert waits == pytest.approx([0, 61, 125, 61, 61], abs=0.002)


def test_whoever_comes_for_the_place_goes_once(clock):
    [wait_of(ticket, requests_per_minute=1) for ticket in ("a", "b", "c")]
    clock.set(LONG + 61)
    waits = [wait_of(ticket, requests_per_minute=1) for ticket in ("b", "c", "b")]
    assert waits == pytest.approx([0, 64, 128], abs=0.002)


def test_a_place_that_nobody_came_for_is_anybodys_after_a_moment(clock):
    [wait_of(ticket, requests_per_minute=10) for ticket in ("a", "b", "c", "d")]
    clock.set(LONG + 6)
    assert wait_of("e", requests_per_minute=10) > 0
    clock.set(LONG + 6.5)
    assert wait_of("d", requests_per_minute=10) == 0


def test_late_ones_in_a_bunch_queue_again_behind_those_who_are_on_time(clock):
    [wait_of(str(number), requests_per_minute=60) for number in range(40)]
    clock.set(LONG + 20)
    waits = [wait_of(str(number), requests_per_minute=60) for number in range(3, 13)]
    assert waits[:3] == [0, 0, 0]
    assert min(waits[3:]) > 18


def test_the_larger_of_two_waits_counts(clock):
    limits = {"requests_per_minute": 64, "tokens_per_minute": 640}
    waits = [wait_of(str(number), cost=100, **limits) for number in range(3)]
    assert waits == pytest.approx([0, 10, 20], abs=0.002)


def test_a_call_larger_than_a_minutes_tokens_takes_a_whole_minute_and_goes(clock):
    waits = [wait_of(ticket, cost=5000, tokens_per_minute=100) for ticket in ("a", "b")]
    assert waits == pytest.approx([0, 64], abs=0.002)


@pytest.mark.parametrize(("actual", "wait"), [(10, 1), (200, 20), (0, 0), (None, 10)])
def test_tokens_are_corrected_when_a_call_has_ended(clock, actual, wait):
    quota_settle(take("a", cost=100, tokens_per_minute=640), cost=actual)
    assert wait_of("b", cost=100, tokens_per_minute=640) == pytest.approx(wait, abs=0.002)


def test_so_many_calls_go_at_once_and_a_full_house_is_a_short_wait(clock):
    places = [take(str(number), concurrent=2) for number in range(2)]
    assert 0 < wait_of("c", concurrent=2) < 1
    quota_settle(places[0], cost=None)
    assert [wait_of("c", concurrent=2) > 0, wait_of("d", concurrent=2) > 0] == [False, True]


def test_who_waits_for_a_full_house_keeps_the_place_on_the_schedule(clock):
    limits = {"requests_per_minute": 4, "concurrent": 1}
    place = take("a", **limits)
    waits = [wait_of(ticket, **limits) for ticket in ("b", "c")]
    clock.set(LONG + 25)
    assert 0 < wait_of("b", **limits) < 1
    quota_settle(place, cost=None)
    assert waits == pytest.approx([13, 29], abs=0.002)
    assert [wait_of(ticket, **limits) for ticket in ("b", "c")] == pytest.approx([0, 13], abs=0.002)


def test_the_wait_for_a_full_house_is_learned_from_how_long_calls_take(clock):
    take("a", concurrent=1)
    quota_settle(Place("s", "a", 1, taken_at=time.monotonic() - 8), cost=None)
    waits = [wait_of(ticket, concurrent=1) for ticket in ("a", "b", "c")]
    assert waits == pytest.approx([0, 8, 16], abs=0.1)


def test_a_killed_holder_frees_its_place_by_itself(clock):
    take("a", concurrent=1)
    clock.set(LONG + 59)
    assert wait_of("b", concurrent=1) > 0
    clock.set(LONG + 60.1)
    assert wait_of("b", concurrent=1) == 0


def test_a_holder_that_asks_again_is_not_kept_out_by_its_own_call(clock):
    take("a", concurrent=1)
    assert [wait_of(ticket, concurrent=1) > 0 for ticket in ("b", "a")] == [True, False]


def test_nobody_goes_during_a_pause_and_all_keep_their_places(clock):
    [wait_of(ticket, requests_per_minute=10) for ticket in ("a", "b", "c")]
    clock.set(LONG + 1)
    assert quota_pause(subject="s", seconds=100) == pytest.approx(100, abs=0.01)
    waits = [wait_of(ticket, requests_per_minute=10) for ticket in ("b", "c", "d")]
    assert waits == pytest.approx([102.4, 108.8, 115.2], abs=0.01)
    clock.set(LONG + 103.4)
    assert [wait_of(ticket, requests_per_minute=10) > 0 for ticket in ("b", "c")] == [False, True]


def test_what_was_let_through_before_a_pause_is_paid_for_during_it(clock):
    take("a", requests_per_minute=1)
    quota_pause(subject="s", seconds=100)
    assert wait_of("b", requests_per_minute=1) == pytest.approx(100, abs=0.01)


def test_after_a_pause_people_go_one_by_one_though_no_limit_is_known(clock):
    quota_pause(subject="s", seconds=30)
    waits = [wait_of(str(number)) for number in range(60)]
    assert waits[0] == pytest.approx(30, abs=0.01)
    assert most_within(10, waits) <= 14


@pytest.mark.parametrize(
    ("asked", "paused"), [([5], 5), ([9, 3], 9), ([3, 9], 9), ([86_400], 600), ([-1], 0)]
)
def test_a_pause_is_capped_and_only_ever_extended(clock, asked, paused):
    answers = [quota_pause(subject=f"pause {asked}", seconds=seconds) for seconds in asked]
    assert answers[-1] == pytest.approx(paused, abs=0.01)
    assert quota_state(f"pause {asked}").paused_seconds == pytest.approx(paused, abs=0.01)


LEARNED: list[tuple[dict[str, int], int | None, int]]
LEARNED = [({}, 60, 60), ({"requests_per_minute": 10}, 60, 10), ({"requests_per_minute": 100}, 60, 60)]
LEARNED += [({"requests_per_minute": 10}, 0, 10), ({"requests_per_minute": 10}, None, 10)]


@pytest.mark.parametrize(("configured", "told", "in_force"), LEARNED)
def test_of_what_is_configured_and_what_a_server_says_the_smaller_counts(clock, configured, told, in_force):
    quota_learn(subject="s", requests_per_minute=told, tokens_per_minute=7000)
    take(**configured)
    state = quota_state("s")
    assert (state.requests_per_minute, state.tokens_per_minute) == (in_force, 7000)


@pytest.mark.parametrize(("renewed", "in_force"), [(False, 100), (True, 5)])
def test_what_a_server_said_fades_unless_it_says_it_again(clock, renewed, in_force):
    quota_learn(subject="s", requests_per_minute=5)
    clock.set(LONG + 400)
    if renewed:
        quota_learn(subject="s", requests_per_minute=5)
    clock.set(LONG + 700)
    take(requests_per_minute=100)
    assert quota_state("s").requests_per_minute == in_force


@pytest.mark.parametrize("pause", [0, 20])
def test_what_was_let_through_before_a_limit_was_known_counts_too(clock, pause):
    [take(str(number)) for number in range(40)]
    quota_learn(subject="s", requests_per_minute=64)
    quota_pause(subject="s", seconds=pause)
    assert wait_of("x") == pytest.approx(37, abs=0.01)


def test_a_refusal_of_the_first_call_does_not_stop_everything(clock):
    take()
    assert quota_refused(subject="s") == pytest.approx(quota_scripts.REFUSED_SECONDS, abs=0.01)
    assert wait_of("b") < 30
    assert quota_state("s").requests_per_minute == quota_scripts.FEWEST_PER_MINUTE


@pytest.mark.parametrize(("asked", "in_force"), [(2, 10_000), (None, quota_scripts.FEWEST_PER_MINUTE)])
def test_a_guess_for_want_of_a_limit_ends_when_the_server_says_it(clock, asked, in_force):
    take()
    quota_refused(subject="s", seconds=asked)
    quota_learn(subject="s", requests_per_minute=10_000)
    assert quota_state("s").requests_per_minute == in_force


@pytest.mark.parametrize(("later", "paused"), [(1, 60), (30, 35), (57, 8), (59, 6), (65, 5)])
def test_a_refusal_without_a_time_pauses_until_a_strict_server_has_room(clock, later, paused):
    [take(str(number)) for number in range(10)]
    clock.set(LONG + later)
    assert quota_refused(subject="s") == pytest.approx(paused, abs=0.01)


def test_a_refusal_with_a_time_pauses_for_that_time(clock):
    assert quota_refused(subject="s", seconds=42) == pytest.approx(42, abs=0.01)


def test_operators_see_what_goes_on(clock):
    limits = {"requests_per_minute": 64, "tokens_per_minute": 64_000}
    quota_settle(take("a", **limits), cost=1)
    [wait_of(str(number), **limits) for number in range(5)]
    quota_pause(subject="s", seconds=7)
    assert quota_state("s") == QuotaState(64, 64_000, 7.0, 3, 2, 4)


def test_pauses_do_not_bring_anybody_together_afterwards(clock):
    chance = random.Random(2)

    def server(arrivals: list[float]) -> None:
        if chance.random() < 0.03:
            quota_pause(subject="s", seconds=chance.uniform(0.1, 80))

    simulation = saturated(clock, server=server)
    simulation.limits = Limits(requests_per_minute=60)
    simulation.run(workers=50, seconds=1000)
    assert len(simulation.arrivals) > 300
    assert most_within(60, simulation.arrivals) <= 60


def test_a_short_wait_is_slept_in_place():
    started = time.monotonic()
    places = [take(str(number), patience=1, requests_per_minute=640) for number in range(35)]
    assert len(places) == 35
    assert 0.3 <= time.monotonic() - started < 0.8


def test_whoever_is_put_off_comes_back_a_little_before_the_place(clock):
    postponed = []
    for number in range(4):
        with pytest.raises(Postponed) if number else nullcontext() as raised:
            take(str(number), requests_per_minute=16)
        postponed.append(raised and raised.value)
    # The places are after 1, 5 and 9 seconds.
    assert [each.seconds for each in postponed[1:]] == pytest.approx([0.5, 3.5, 7.5], abs=0.01)
    assert {each.code for each in postponed[1:]} == {"quota.waiting"}


def test_whoever_is_stopped_while_waiting_leaves_the_place_to_another():
    def stop() -> None:
        raise DomainError("Cancelled.")

    take("a", requests_per_minute=16)
    with pytest.raises(DomainError, match="Cancelled"):
        quota_take(
            subject="s",
            limits=Limits(requests_per_minute=16),
            cost=1,
            ticket="b",
            lease_seconds=60,
            patience_seconds=5,
            tick=stop,
        )
    assert wait_of("c", requests_per_minute=16) == pytest.approx(1, abs=0.2)


@pytest.mark.parametrize(("leaves", "wait"), [("b", 29), ("d", 21)])
def test_only_the_last_place_is_given_to_another(clock, leaves, wait):
    [wait_of(ticket, requests_per_minute=8) for ticket in ("a", "b", "c", "d")]
    quota._leave("s", 1, leaves)
    assert wait_of("e", requests_per_minute=8) == pytest.approx(wait, abs=0.01)


def go(worker: int, calls: int = 30) -> list[float]:
    """When a worker that never stops calling was let through. By the clock that all processes share."""
    times = []
    for number in range(calls):
        place = take(f"{worker}:{number}", patience=30, requests_per_minute=3200, concurrent=50)
        times.append(time.monotonic())
        quota_settle(place, cost=None)
    return times


def span_of(count: int, times: list[float]) -> float:
    """The shortest time within which so many went."""
    times = sorted(times)
    return min(last - first for first, last in zip(times, times[count - 1 :], strict=False))


def test_threads_and_processes_go_at_the_allowed_rate_together():
    with (
        ProcessPoolExecutor(2, mp_context=get_context("fork")) as processes,
        ThreadPoolExecutor(8) as threads,
    ):
        waves = [pool.map(go, range(first, first + 5)) for pool, first in ((processes, 0), (threads, 10))]
        times = [at for wave in waves for worker in wave for at in worker]
    assert len(times) == 300
    # 3200 per minute is one in 20 ms, with 3 s, so 151, at once: what follows takes its time.
    assert span_of(300, times) >= 149 * 0.02 - 0.1
    assert span_of(300, times) < 149 * 0.02 + 1


# Redis away


def share_wait(ticket: str = "t", *, processes: int = 1, **arguments: int) -> float:
    cost = arguments.pop("cost", 1)
    wait = quota._ask("s", Limits(**arguments), cost, ticket, 60, processes)
    return wait.seconds if wait else 0.0


@pytest.mark.parametrize(("processes", "wait"), [(1, 1), (4, 4)])
def test_without_redis_each_worker_keeps_to_its_share(away_redis, processes, wait):
    with away_redis():
        waits = [share_wait(processes=processes, requests_per_minute=64) for _ in range(3)]
    assert waits == pytest.approx([0, wait, wait], abs=0.3)


def test_without_redis_tokens_are_shared_too(away_redis):
    with away_redis():
        waits = [share_wait(processes=2, cost=10, tokens_per_minute=64) for _ in range(2)]
    assert waits == pytest.approx([0, 20], abs=0.3)


def test_without_redis_what_a_job_took_is_known_to_the_next_job_of_the_worker(away_redis):
    with away_redis():
        if (job := os.fork()) == 0:
            os._exit(0 if share_wait(requests_per_minute=1) == 0 else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(job, 0)[1]) == 0
        assert share_wait(requests_per_minute=1) == pytest.approx(64, abs=0.5)


def test_without_redis_what_was_learned_before_still_holds(away_redis):
    quota_learn(subject="s", requests_per_minute=1)
    quota_pause(subject="paused", seconds=50)
    with away_redis():
        assert [share_wait(), share_wait()] == pytest.approx([0, 64], abs=0.5)
        with pytest.raises(Postponed) as postponed:
            take(subject="paused")
    assert postponed.value.seconds == pytest.approx(50 - quota.EARLY_SECONDS, abs=0.5)


def test_without_redis_nothing_is_raised_and_the_log_says_so_once(away_redis, caplog):
    quota_settle(take(), cost=1)
    with away_redis():
        quota_settle(take(), cost=1)
        quota_learn(subject="s", requests_per_minute=9)
        assert quota_pause(subject="s", seconds=1000) == quota_scripts.PAUSE_CAP
        assert quota_refused(subject="s") == quota_scripts.REFUSED_SECONDS
        assert quota_state("s") == QuotaState()
    assert caplog.text.count("Redis does not answer, each worker keeps to its share") == 1


def test_a_share_is_changed_by_one_at_a_time():
    with quota_share.share("s"):
        assert not quota_share._lock.acquire(block=False)
    assert quota_share._lock.acquire(block=False)
    quota_share._lock.release()


def test_a_share_is_taken_once_by_many_threads():
    with ThreadPoolExecutor(16) as pool:
        waits = list(pool.map(lambda _: share_take("s", request_seconds=60, token_seconds=0), range(200)))
    assert waits.count(0.0) == 1


def test_a_share_works_though_somebody_was_killed_while_it_was_locked():
    if (job := os.fork()) == 0:
        quota_share._lock.acquire()
        os._exit(0)
    os.waitpid(job, 0)
    try:
        assert share_take("s", request_seconds=60, token_seconds=0) == 0
        assert share_take("s", request_seconds=60, token_seconds=0) > 59
    finally:
        quota_share._lock.release()


def test_a_house_that_is_always_full_is_well_used_and_never_over_full(clock):
    chance, ended, most, in_flight = random.Random(3), 0, 0, 0
    events = [(LONG, str(number), False) for number in range(60)]
    while events[0][0] < LONG + 600:
        now, ticket, is_end = heapq.heappop(events)
        clock.set(now)
        if is_end:
            quota_settle(Place("s", ticket, 1, taken_at=time.monotonic() - 20), cost=None)
            ended, in_flight = ended + 1, in_flight - 1
            heapq.heappush(events, (now + 1, f"{ticket}'", False))
        elif wait := wait_of(ticket, requests_per_minute=600, concurrent=8):
            heapq.heappush(events, (now + wait + chance.uniform(0, 1), ticket, False))
        else:
            in_flight += 1
            most = max(most, in_flight)
            heapq.heappush(events, (now + chance.uniform(15, 25), ticket, True))
    assert most == 8
    assert ended > 0.9 * 8 * 600 / 20
