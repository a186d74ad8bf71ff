"""Looks at what a provider has: a look that fails harms no job, and a job that never ends is ended."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from generations.models import Generation, ProviderCall
from generations.providers.registry import hosted_provider
from generations.services.call_looking import MISSING_SECONDS, calls_due, provider_look
from generations.services.dispatching import waiting_wake
from generations.testing.video_servers import Fault, replicate
from generations.testing.video_servers.jobs import State
from generations.tests.following import error_of
from generations.tests.studio import PRICES, Studio, call_of, calls_of, clip_run, statuses, told
from generations.tests.studio import studio as studio
from videogen.kernel.breaker import breaker_state
from videogen.kernel.quota import quota_state
from videogen.kernel.redis import cache_redis

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDERS = ["replicate", "fal"]
TROUBLE = [
    Fault("unauthorized", on="poll"),
    Fault("rate_limited", on="poll"),
    Fault("rate_limited_seconds", on="poll", seconds=7),
    Fault("rate_limited_text", on="poll", seconds=7),
    Fault("error_before", on="poll", status=500),
    Fault("error_before", on="poll", status=503),
    Fault("html", on="poll"),
    Fault("html", on="poll", status=404),
    Fault("truncated_json", on="poll"),
    Fault("huge_json", on="poll"),
    Fault("cut_in_body", on="poll"),
    Fault("drop", on="poll"),
    Fault("redirect", on="poll", message="http://127.0.0.1:9/"),
]


def ages(generation: Generation, seconds: float) -> None:
    """So much time passes for what the provider has."""
    calls = ProviderCall.objects.filter(generation=generation)
    calls.update(
        accepted_at=F("accepted_at") - timedelta(seconds=seconds),
        cancel_requested_at=F("cancel_requested_at") - timedelta(seconds=seconds),
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_look_that_fails_harms_a_job(studio: Studio, provider: str) -> None:
    studio.slow_down()
    generation = studio.sent(provider)
    for number, fault in enumerate(TROUBLE, 1):
        studio.script(fault)
        cache_redis().flushdb()  # Without the pause that the fault before has asked for.
        studio.look(generation)
        call = call_of(generation)
        seen = (call.status, call.looks, clip_run(generation).status)
        assert seen == ("accepted", number, "waiting"), fault
        assert call.next_look_at and call.next_look_at > timezone.now()
    studio.finish(call_of(generation))
    assert statuses(studio.go_on(generation)) == ["succeeded"]


def test_the_result_of_fal_is_asked_for_again(studio: Studio) -> None:
    generation = studio.sent("fal")
    studio.script(Fault("error_before", on="result", status=503))
    studio.look()
    assert statuses(generation) == ["accepted"]
    assert statuses(studio.go_on(generation)) == ["succeeded"]


def test_a_provider_that_is_asked_too_often_is_left_alone(studio: Studio) -> None:
    studio.slow_down()
    generation = studio.sent()
    studio.script(Fault("rate_limited_seconds", on="poll", seconds=40))
    studio.look()
    due = call_of(generation).next_look_at
    assert due and (due - timezone.now()).total_seconds() == pytest.approx(40, abs=3)
    assert quota_state("clips:replicate").paused_seconds == pytest.approx(40, abs=3)
    assert clip_run(studio.sent()).put_back_reason.startswith("quota")
    assert len(studio.replicate.ledger.submissions()) == 1


def test_looks_that_nobody_answers_say_nothing_about_submissions(studio: Studio) -> None:
    studio.slow_down()
    generation = studio.sent()
    studio.script(Fault("error_before", on="poll", status=503, times=5))
    for _ in range(5):
        studio.look()
    assert breaker_state("clips:replicate").state == "closed"
    assert statuses(generation) == ["accepted"]


def test_a_provider_that_tells_nothing_for_too_long_asks_for_a_decision(
    studio: Studio, settings: Any
) -> None:
    settings.PROVIDER_JOB_SECONDS = 60
    studio.slow_down()
    generation = studio.sent()
    studio.script(Fault("error_before", on="poll", status=503, times=99))
    ages(generation, 60 + 301)
    studio.go_on(generation)
    assert error_of(generation)["code"] == "provider.outcome_unknown"
    assert call_of(generation) in ProviderCall.objects.undecided()


def test_what_such_a_provider_has_made_is_fetched_though_the_whole_has_failed(
    studio: Studio, settings: Any
) -> None:
    settings.PROVIDER_JOB_SECONDS = 60
    generation = studio.sent()
    studio.script(Fault("error_before", on="poll", status=503, times=1))
    ages(generation, 60 + 301)
    studio.look()
    studio.work(generation)
    assert generation.status == "failed"
    ProviderCall.objects.update(next_look_at=timezone.now())
    studio.look_at_due()
    studio.work(generation)
    assert (clip_run(generation).status, statuses(generation)) == ("succeeded", ["succeeded"])


def test_a_state_that_nobody_knows_counts_as_running(studio: Studio, monkeypatch: Any) -> None:
    studio.slow_down()
    generation = studio.sent()
    monkeypatch.setitem(replicate.STATUSES, State.RUNNING, "hibernating")
    studio.look()
    assert statuses(generation) == ["accepted"]
    studio.finish(call_of(generation))
    assert statuses(studio.go_on(generation)) == ["succeeded"]


def test_a_job_that_replicate_has_forgotten_is_lost_and_counts_as_billed(studio: Studio) -> None:
    generation = studio.sent()
    studio.script(Fault("bad_request", on="poll", status=404, times=9))
    studio.go_on(generation)
    assert statuses(generation) == ["accepted"]  # It may be a mistake.
    ages(generation, MISSING_SECONDS)
    studio.go_on(generation)
    assert error_of(generation)["code"] == "provider.output_lost"
    assert generation.actual_usd == PRICES["replicate"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_job_that_never_ends_is_stopped_at_the_provider_and_billed(
    studio: Studio, settings: Any, provider: str
) -> None:
    settings.PROVIDER_JOB_SECONDS = 60
    studio.script(Fault("never_ends"))
    generation = studio.sent(provider)
    studio.look()
    ages(generation, 61)
    studio.go_on(generation)
    assert len(studio.servers[provider].ledger.asked("cancel")) == 1
    assert studio.job(call_of(generation)).state(time.time()) == State.CANCELLED
    assert error_of(generation)["code"] == "provider.timed_out"
    assert (statuses(generation), generation.actual_usd) == (["failed"], PRICES[provider])


@pytest.mark.parametrize(
    "fault",
    [Fault("bad_request", on="cancel", status=409), Fault("error_before", on="cancel", status=503, times=9)],
    ids=["it does not stop", "it cannot be told"],
)
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_job_that_cannot_be_stopped_is_not_waited_for_for_ever(
    studio: Studio, settings: Any, provider: str, fault: Fault
) -> None:
    settings.PROVIDER_JOB_SECONDS = 60
    generation = studio.sent(provider)
    studio.job(call_of(generation)).run_seconds = 3600
    studio.script(fault)
    ages(generation, 61)
    studio.go_on(generation)
    assert statuses(generation) == ["accepted"]
    ages(generation, 300)
    studio.go_on(generation)
    assert error_of(generation)["code"] == "provider.timed_out"
    assert generation.actual_usd == PRICES[provider]


def test_the_end_of_a_job_is_seen_though_it_cannot_be_told_to_stop(studio: Studio, settings: Any) -> None:
    settings.PROVIDER_JOB_SECONDS = 60
    studio.slow_down()
    generation = studio.sent()
    studio.script(Fault("error_before", on="cancel", status=503, times=9))
    ages(generation, 61)
    studio.go_on(generation)
    studio.finish(call_of(generation))
    studio.go_on(generation)
    assert (statuses(generation), clip_run(generation).status) == (["succeeded"], "succeeded")


def test_what_ends_in_the_moment_it_is_told_to_stop_is_kept(studio: Studio, settings: Any) -> None:
    settings.PROVIDER_JOB_SECONDS = 60
    studio.slow_down()
    generation = studio.sent()
    ages(generation, 61)
    studio.look()
    studio.finish(call_of(generation))
    studio.go_on(generation)
    assert (statuses(generation), call_of(generation).error_code) == (["succeeded"], "")
    assert clip_run(generation).status == "succeeded"


def looks_made(seconds: float) -> int:
    """By one dispatcher, in a thread of its own."""
    deadline, made, provider = time.monotonic() + seconds, 0, hosted_provider("replicate")
    while provider and time.monotonic() < deadline:
        made += provider_look(provider)
        time.sleep(0.02)
    connection.close()
    return made


def test_two_lookers_keep_to_the_allowed_looks_per_second(studio: Studio, settings: Any) -> None:
    studio.slow_down()
    settings.PROVIDER_LOOKS_PER_SECOND = 5
    copies_make(call_of(studio.sent()), number=60)
    with ThreadPoolExecutor() as pool:
        made = sum(pool.map(looks_made, [2, 2]))
    assert 10 <= made <= 5 + 2 * 5 + 2
    assert len(studio.replicate.ledger.asked("poll")) == made


def test_two_lookers_do_not_look_at_the_same_call(studio: Studio) -> None:
    studio.slow_down()
    generation = studio.sent(clips=2)
    ProviderCall.objects.update(next_look_at=timezone.now())
    first, second = (calls_due(provider="replicate", most=1) for _ in range(2))
    assert {first[0].pk, second[0].pk} == {call.pk for call in calls_of(generation)}
    assert calls_due(provider="replicate", most=9) == []


def test_news_that_were_lost_are_found(studio: Studio) -> None:
    """A dispatcher died between writing down the end of a job and telling who waits for it."""
    generation = studio.sent()
    call = call_of(generation)
    studio.look()
    run = clip_run(generation)
    type(run).objects.filter(pk=run.pk).update(status="waiting")
    assert (call_of(generation).status, waiting_wake()) == ("succeeded", 1)
    assert (clip_run(generation).status, call.pk) == ("queued", call_of(generation).pk)


def test_how_far_it_probably_is_is_told(studio: Studio) -> None:
    studio.slow_down()
    generation = studio.sent()
    ages(generation, 75)  # Half of what is usual.
    studio.look(generation)
    assert clip_run(generation).percentage == pytest.approx(50, abs=2)
    assert 40 <= generation.percentage < 60
    assert told(generation, "clip.provider_succeeded") == []


def copies_make(call: ProviderCall, *, number: int) -> None:
    """So many more calls that are due for a look, and that nobody waits for."""
    for place in range(number):
        call.pk, call.job_id, call.clip, call.generation = uuid4(), f"{place}", None, None
        call.reserved_usd, call.next_look_at = Decimal(0), timezone.now()
        call.save(force_insert=True)
