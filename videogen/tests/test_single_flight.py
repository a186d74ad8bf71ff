"""Answers that are made once: threads on one key, leaders that fail, are killed or late, and no Redis."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from videogen.kernel import single_flight
from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.redis import cache_redis
from videogen.kernel.single_flight import FAILURE_SECONDS, LARGEST_BYTES, Answer, Failure, once


class Unsafe(DomainError):
    code = "safety"
    status = 422
    hint = "Rewrite it."


@dataclass
class Maker:
    """Makes numbered answers, or raises; counts how often."""

    seconds: float = 0.0
    error: DomainError | None = None
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self) -> str:
        with self.lock:
            self.count += 1
            number = self.count
        time.sleep(self.seconds)
        if self.error:
            raise self.error
        return f'"é{number}"'


def ask(
    make: Callable[[], str], *, keep: int = 60, lock: float = 5.0, patience: float = 5.0, **more
) -> Answer:
    return once("k", make, keep_seconds=keep, lock_seconds=lock, patience_seconds=patience, **more)


def ask_all(make: Callable[[], str], count: int, **arguments) -> list[Answer | DomainError]:
    """What so many threads get that ask at once."""

    def outcome(_: int) -> Answer | DomainError:
        try:
            return ask(make, **arguments)
        except DomainError as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(outcome, range(count)))


def wait_until_locked() -> None:
    while not cache_redis().exists("once:{k}:lock"):
        time.sleep(0.01)


def test_a_second_asker_gets_what_was_made_for_the_first():
    make = Maker()
    assert [ask(make), ask(make)] == [Answer('"é1"', cached=False), Answer('"é1"', cached=True)]


def test_other_keys_have_other_answers():
    make = Maker()
    answers = [once(key, make, keep_seconds=9, lock_seconds=5) for key in ("a", "b")]
    assert [answer.cached for answer in answers] == [False, False]


def test_answers_are_kept_as_long_as_was_asked_and_no_lock_is_left():
    ask(Maker(), keep=60)
    assert cache_redis().keys("once:*") == [b"once:{k}"]
    assert 58_000 < cache_redis().pttl("once:{k}") <= 60_000


@pytest.mark.parametrize("keep", [60, 0])
def test_fifty_at_once_are_answered_by_one_make(keep):
    make = Maker(seconds=0.3)
    answers = ask_all(make, 50, keep=keep)
    assert make.count == 1
    assert sorted(answer.cached for answer in answers) == [False] + [True] * 49


def test_nothing_is_kept_that_should_not_be():
    make = Maker()
    assert [ask(make, keep=0).cached, ask(make, keep=0).cached] == [False, False]
    assert cache_redis().keys("once:*") == []


@pytest.mark.parametrize(("size", "count"), [(LARGEST_BYTES, 1), (LARGEST_BYTES + 1, 2)])
def test_answers_that_are_too_large_are_made_again(size, count):
    makes = []
    for _ in range(2):
        assert len(ask(lambda: makes.append(1) or "x" * size).value) == size
    assert len(makes) == count


def test_a_refusal_is_remembered_for_a_short_time_and_for_those_who_wait():
    make = Maker(seconds=0.2, error=Unsafe("No.", code="safety.input", category="x"))
    outcomes = ask_all(make, 10)
    assert make.count == 1
    assert {(error.code, str(error), error.hint, error.status) for error in outcomes} == {
        ("safety.input", "No.", "Rewrite it.", 422)
    }
    assert all(error.details == {"category": "x"} and not error.retryable for error in outcomes)
    assert 0 < cache_redis().ttl("once:{k}:failure") <= FAILURE_SECONDS


def test_callers_say_what_becomes_of_a_remembered_refusal():
    def revive(failure: Failure) -> DomainError:
        return {"Unsafe": Unsafe}[failure.kind](failure.message, code=failure.code)

    make = Maker(error=Unsafe("No."))
    for _ in range(2):
        with pytest.raises(Unsafe, match="No"):
            ask(make, revive=revive)
    assert make.count == 1


@pytest.mark.parametrize(
    "error", [DomainError("Later.", retryable=True), Postponed("Early.", seconds=3), ValueError("A bug.")]
)
def test_what_another_attempt_may_change_is_passed_on_and_forgotten(error):
    make = Maker(error=error)
    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            ask(make)
    assert make.count == 2
    assert cache_redis().keys("once:*") == []


def test_after_a_leader_failed_a_waiter_makes_it():
    failing, working = Maker(seconds=0.3, error=DomainError("Later.", retryable=True)), Maker()
    leader = threading.Thread(target=ask_all, args=(failing, 1))
    leader.start()
    wait_until_locked()
    assert ask(working) == Answer('"é1"', cached=False)
    leader.join()


def test_whoever_waited_long_enough_is_put_off():
    leader = threading.Thread(target=ask, args=(Maker(seconds=0.8),))
    leader.start()
    wait_until_locked()
    with pytest.raises(Postponed) as postponed:
        ask(Maker(), patience=0.2)
    leader.join()
    assert postponed.value.code == "single_flight.busy"
    assert 1 <= postponed.value.seconds <= 2


def test_whoever_was_put_off_finds_the_answer_though_nothing_is_kept():
    leader = threading.Thread(target=ask, args=(Maker(seconds=0.4),), kwargs={"keep": 0})
    leader.start()
    wait_until_locked()
    with pytest.raises(Postponed):
        ask(Maker(), keep=0, patience=0.1)
    leader.join()
    assert ask(Maker(), keep=0) == Answer('"é1"', cached=True)


def test_a_lock_is_renewed_while_its_answer_is_made():
    make = Maker(seconds=1.0)
    answers = ask_all(make, 3, lock=0.3)
    assert make.count == 1
    assert {answer.value for answer in answers} == {'"é1"'}


def _lead_for_ever() -> None:
    ask(Maker(seconds=60), lock=0.6)


def test_after_a_leader_was_killed_a_waiter_takes_over_in_the_life_of_a_lock():
    leader = multiprocessing.get_context("fork").Process(target=_lead_for_ever)
    leader.start()
    wait_until_locked()
    assert leader.pid is not None
    time.sleep(0.5)  # The lock has been renewed by now.
    os.kill(leader.pid, signal.SIGKILL)
    killed_at = time.monotonic()
    assert ask(Maker()) == Answer('"é1"', cached=False)
    leader.join()
    assert time.monotonic() - killed_at < 0.6 + 0.4


def test_a_leader_that_was_thought_dead_leaves_the_lock_of_another_alone():
    def overtaken() -> str:
        cache_redis().set("once:{k}:lock", "another")
        return '"late"'

    ask(overtaken)
    assert cache_redis().get("once:{k}:lock") == b"another"


def test_whoever_waits_can_be_stopped():
    def stop() -> None:
        raise DomainError("Cancelled.")

    leader = threading.Thread(target=ask, args=(Maker(seconds=0.3),))
    leader.start()
    wait_until_locked()
    with pytest.raises(DomainError, match="Cancelled"):
        ask(Maker(), tick=stop)
    leader.join()


def test_without_redis_everybody_makes_it_and_the_log_says_so_once(away_redis, caplog):
    make = Maker()
    ask(make, keep=0)
    with away_redis():
        assert [ask(make).cached for _ in range(3)] == [False] * 3
    assert make.count == 4
    assert caplog.text.count("Redis does not answer, answers are neither kept nor shared") == 1


def test_a_redis_that_goes_while_an_answer_is_made_costs_nothing_but_the_cache(away_redis, monkeypatch):
    run = single_flight._Flight._run

    def cut(self, script, *arguments):
        with away_redis():
            return run(self, script, *arguments)

    def make() -> str:
        monkeypatch.setattr(single_flight._Flight, "_run", cut)
        return '"paid for"'

    assert ask(make) == Answer('"paid for"', cached=False)
