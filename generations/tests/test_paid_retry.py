"""Failing and going on: what is paid for is fetched, what is ready stays, only what is missing is bought."""

import time

import pytest

from generations.services.generations import generation_delete, generation_retry
from generations.stages.clip import LOST_TRIES
from generations.testing.video_servers import Fault
from generations.testing.video_servers.jobs import State
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.following import assert_whole
from generations.tests.studio import ALL, PRICES, Studio, calls_of, clip_run, statuses
from generations.tests.studio import studio as studio

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = PRICES["replicate"]


def test_what_the_provider_has_when_another_clip_fails_is_still_fetched(studio: Studio) -> None:
    generation = studio.half_failed()
    assert [clip_run(generation, position).status for position in (1, 2)] == ["waiting", "failed"]
    studio.finish(calls_of(generation)[0])
    studio.go_on(generation)
    assert clip_run(generation, 1).status == "succeeded"
    assert (generation.status, generation.actual_usd) == ("failed", PRICE)


def test_a_retry_then_buys_only_the_clip_that_failed(studio: Studio) -> None:
    generation = studio.half_failed()
    studio.finish(calls_of(generation)[0])
    studio.go_on(generation)
    generation_retry(generation=generation)
    studio.replicate.run_seconds = 0
    assert_whole(studio.go_on(generation, ALL))
    assert len(studio.replicate.ledger.submissions()) == 3
    assert [call.position for call in calls_of(generation)] == [1, 2, 2]
    assert generation.actual_usd == 2 * PRICE


def test_a_retry_while_a_clip_is_still_at_the_provider_does_not_buy_it_again(studio: Studio) -> None:
    generation = studio.half_failed()
    generation_retry(generation=generation)
    studio.replicate.run_seconds = 0
    studio.go_on(generation)
    studio.finish(calls_of(generation)[0])
    assert statuses(studio.go_on(generation)) == ["succeeded", "failed", "succeeded"]
    assert clip_run(generation, 1).status == "succeeded"
    assert len(studio.replicate.ledger.submissions()) == 3


def test_what_fails_after_the_whole_has_failed_leaves_nothing_behind(studio: Studio) -> None:
    generation = studio.half_failed()
    job = studio.job(calls_of(generation)[0])
    job.outcome, job.run_seconds = Fault("fail"), 0
    studio.go_on(generation)
    assert not generation.stage_runs.filter(status__in=["queued", "running", "waiting"]).exists()
    generation_retry(generation=generation)
    studio.replicate.run_seconds = 0
    studio.go_on(generation)
    assert [clip_run(generation, position).status for position in (1, 2)] == ["succeeded"] * 2


def test_what_was_not_sent_when_another_clip_failed_is_free_again(studio: Studio) -> None:
    studio.script(Fault("bad_request", message="Violates our content policy."))
    generation = studio.sent(clips=2)
    assert (statuses(generation), generation.reserved_usd) == (["refused", "cancelled"], 0)
    assert len(studio.replicate.ledger.submissions()) == 1
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert statuses(generation) == ["refused", "cancelled", "succeeded", "succeeded"]


def test_a_clip_that_came_after_the_failure_is_used_by_the_retry(studio: Studio) -> None:
    generation = studio.half_failed()
    studio.finish(calls_of(generation)[0])
    studio.look()  # It is there, and nobody has fetched it yet.
    generation_retry(generation=generation)
    studio.replicate.run_seconds = 0
    studio.go_on(generation)
    assert [call.position for call in calls_of(generation)] == [1, 2, 2]
    assert clip_run(generation, 1).status == "succeeded"


def test_deleting_it_stops_what_the_provider_still_has(studio: Studio) -> None:
    generation = studio.half_failed()
    call = calls_of(generation)[0]
    generation_delete(generation=generation)
    studio.look()
    assert studio.job(call).state(time.time()) == State.CANCELLED
    assert (call.status, call.actual_usd) == ("cancelled", PRICE)


def test_clients_see_the_cost_of_each_clip(studio: Studio, api: JsonClient) -> None:
    studio.script(Fault("expired", times=2 * LOST_TRIES))
    generation = studio.go_on(studio.order(clips=2))
    generation_retry(generation=generation)
    studio.go_on(generation)
    clips = api.get(f"{GENERATIONS}/{generation.pk}/clips").json()["results"]
    assert sorted(clip["cost_usd"] for clip in clips) == ["0.640000", "0.640000"]
