"""The circuit breaker, on real Redis; only its clock is in the hands of the tests."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from videogen.kernel import breaker
from videogen.kernel.breaker import (
    PAUSE_CAP,
    PAUSE_SECONDS,
    PROBE_SECONDS,
    breaker_check,
    breaker_record,
    breaker_state,
)
from videogen.kernel.errors import Postponed
from videogen.kernel.redis import CLOCK, cache_redis

Pass = Callable[[float], None]


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Pass:
    """Moves the clock of the breaker."""
    for name in ("_CHECK", "_RECORD", "_LOOK"):
        script = getattr(breaker, name)
        assert CLOCK in script
        fake = script.replace(CLOCK, "local now = tonumber(redis.call('GET', 'clock'))\n")
        monkeypatch.setattr(breaker, name, fake)
    cache_redis().set("clock", 1_000_000)

    def pass_time(seconds: float) -> None:
        cache_redis().incrbyfloat("clock", seconds)

    return pass_time


def record(outcomes: str, subject: str = "s") -> None:
    for outcome in outcomes:
        breaker_record(subject, failed=outcome == "x")


def seconds_left(subject: str = "s", ticket: str = "") -> float:
    try:
        breaker_check(subject, ticket=ticket)
    except Postponed as postponed:
        assert postponed.code == "breaker.open"
        return postponed.seconds
    return 0.0


OUTCOMES = {
    "": "closed",
    "xxxx": "closed",
    "xxxxx": "open",
    "xxxx....": "closed",
    "....xxxxx": "open",
    "......xxxxx": "closed",
    "......xxxxxx": "open",
}


@pytest.mark.parametrize(("outcomes", "state"), OUTCOMES.items())
def test_it_opens_at_five_failures_that_are_half_of_the_calls(pass_time, outcomes, state):
    record(outcomes)
    assert breaker_state("s").state == state


def test_failures_of_more_than_a_minute_ago_do_not_count(pass_time):
    record("xxxx")
    pass_time(61)
    record("x")
    assert breaker_state("s") == breaker.BreakerState("closed", 0.0, 1, 1)


def test_failures_within_a_minute_count_together(pass_time):
    for _ in range(5):
        record("x")
        pass_time(9)
    assert breaker_state("s").state == "open"


def test_while_open_everybody_is_told_the_rest_of_the_pause(pass_time):
    record("xxxxx")
    pass_time(4)
    assert [seconds_left() for _ in range(3)] == pytest.approx([PAUSE_SECONDS - 4] * 3)


def test_other_subjects_are_not_concerned(pass_time):
    record("xxxxx")
    assert seconds_left("another") == 0


def test_exactly_one_probe_of_twenty_goes_through(pass_time):
    record("xxxxx")
    pass_time(PAUSE_SECONDS)
    with ThreadPoolExecutor(20) as pool:
        waits = list(pool.map(lambda _: seconds_left(), range(20)))
    assert waits.count(0) == 1


def test_a_successful_probe_closes_it(pass_time):
    record("xxxxx")
    pass_time(PAUSE_SECONDS)
    assert seconds_left() == 0
    record(".x")
    assert [seconds_left(), seconds_left()] == [0, 0]


def test_each_failed_probe_doubles_the_pause_up_to_the_cap(pass_time):
    record("xxxxx")
    pauses = []
    for _ in range(7):
        pauses.append(seconds_left())
        pass_time(pauses[-1])
        assert seconds_left() == 0
        record("x")
    assert pauses == pytest.approx([15, 30, 60, 120, 240, PAUSE_CAP, PAUSE_CAP])


def test_after_it_has_closed_the_pauses_begin_again(pass_time):
    record("xxxxx")
    pass_time(PAUSE_SECONDS)
    record("x")
    pass_time(2 * PAUSE_SECONDS)
    record(".xxxxx")
    assert seconds_left() == pytest.approx(PAUSE_SECONDS)


def test_what_ends_during_the_pause_began_before_it_and_changes_nothing(pass_time):
    record("xxxxx")
    pass_time(5)
    record("x.x.")
    assert seconds_left() == pytest.approx(PAUSE_SECONDS - 5)


def test_a_probe_that_is_never_heard_of_is_replaced(pass_time):
    record("xxxxx")
    pass_time(PAUSE_SECONDS)
    waits = [seconds_left(), seconds_left()]
    pass_time(PROBE_SECONDS)
    assert [*waits, seconds_left()] == [0, breaker.PROBING_SECONDS, 0]


def test_a_probe_that_could_not_call_yet_passes_again_with_its_ticket(pass_time):
    record("xxxxx")
    pass_time(PAUSE_SECONDS)
    assert [seconds_left(ticket=ticket) == 0 for ticket in ("a", "b", "a")] == [True, False, True]


def test_operators_see_one_that_waits_for_a_probe_and_one_that_has_closed(pass_time):
    record("xxxxx", "first")
    record("xxxxx", "second")
    pass_time(PAUSE_SECONDS)
    record(".", "second")
    assert [breaker_state(subject).state for subject in ("first", "second")] == ["half_open", "closed"]


def test_without_redis_it_is_closed_and_the_log_says_so_once(away_redis, caplog):
    record("xxxxx")
    with away_redis():
        record("xxxxxx")
        assert (seconds_left(), breaker_state("s").state) == (0, "closed")
    assert seconds_left() > 0
    assert caplog.text.count("Redis does not answer, circuit breakers are closed") == 1
    assert caplog.text.count("Redis answers again") == 1


def test_on_the_clock_of_redis_it_opens_for_its_pause():
    record("xxxxx")
    assert PAUSE_SECONDS - 2 < seconds_left() <= PAUSE_SECONDS
