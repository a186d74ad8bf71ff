"""Stopping what is paid for: at once here, once at the provider, with a word about what is still billed."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from generations.models import Clip, Generation, StageRun
from generations.services.generations import generation_cancel, generation_delete
from generations.testing.video_servers import Fault
from generations.testing.video_servers.jobs import State
from generations.tests.studio import (
    PRICES,
    Studio,
    call_of,
    calls_of,
    doubt_ages,
    statuses,
    told,
)
from generations.tests.studio import studio as studio
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDERS = ["replicate", "fal"]


def cancelled(generation: Generation) -> Generation:
    generation_cancel(generation=generation)
    generation.refresh_from_db()
    assert generation.status == "cancelled"
    assert not StageRun.objects.filter(status__in=["queued", "running", "waiting"]).exists()
    assert set(Clip.objects.values_list("status", flat=True)) <= {"cancelled", "ready"}
    return generation


def bought(studio: Studio) -> int:
    return sum(len(server.ledger.submissions()) for server in studio.servers.values())


def test_what_was_only_planned_is_free_again(studio: Studio) -> None:
    generation = cancelled(studio.planned(clips=2))
    assert (statuses(generation), generation.reserved_usd) == (["cancelled"] * 2, 0)
    assert told(generation, "generation.cancelled")[0]["data"]["may_be_billed_usd"] == "0.000000"
    studio.go_on(generation)
    assert (bought(studio), generation.actual_usd) == (0, 0)
    assert not [warning for warning in generation.warnings if "billed" in warning]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_provider_has_is_stopped_there_once(studio: Studio, provider: str) -> None:
    studio.slow_down()
    generation = cancelled(studio.sent(provider, clips=2))
    for _ in range(3):
        studio.look(generation)
    assert len(studio.servers[provider].ledger.asked("cancel")) == 2
    assert {studio.job(call).state(time.time()) for call in calls_of(generation)} == {State.CANCELLED}
    assert (statuses(generation), bought(studio)) == (["cancelled"] * 2, 2)
    assert generation.actual_usd == 2 * PRICES[provider]


def test_it_is_said_what_may_still_be_billed(studio: Studio) -> None:
    studio.slow_down()
    generation = cancelled(studio.sent(clips=2))
    begun = told(generation, "generation.cancelling")[0]["data"]
    assert begun == {"clips_at_provider": 2, "may_be_billed_usd": "0.640000"}
    assert "2 clips were being made; up to 0.640000 USD may still be billed." in generation.warnings[-1]


def test_what_waits_in_the_queue_of_the_provider_is_not_billed(studio: Studio) -> None:
    studio.replicate.queue_seconds = 3600
    generation = cancelled(studio.sent())
    assert generation.reserved_usd == PRICES["replicate"]
    studio.look(generation)
    assert (generation.reserved_usd, generation.actual_usd) == (0, 0)
    assert not studio.replicate.ledger.submissions()[0].billed


def test_a_provider_that_cannot_be_told_is_told_later(studio: Studio) -> None:
    studio.slow_down()
    studio.script(Fault("error_before", on="cancel", status=503))
    generation = cancelled(studio.sent())
    studio.look()
    studio.look()
    assert [each.status for each in studio.replicate.ledger.asked("cancel")] == [503, 200]
    assert statuses(generation) == ["cancelled"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_goes_on_all_the_same_is_not_told_again(studio: Studio, provider: str) -> None:
    studio.slow_down()
    studio.script(Fault("bad_request", on="cancel", status=409))
    generation = cancelled(studio.sent(provider))
    for _ in range(3):
        studio.look()
    assert (len(studio.servers[provider].ledger.asked("cancel")), statuses(generation)) == (1, ["accepted"])
    studio.finish(call_of(generation))
    studio.look(generation)
    assert (statuses(generation), generation.actual_usd) == (["succeeded"], PRICES[provider])


def test_what_is_done_and_not_fetched_is_settled_and_left_there(studio: Studio) -> None:
    generation = studio.sent()
    studio.look()
    cancelled(generation)
    studio.go_on(generation)
    assert (statuses(generation), generation.actual_usd) == (["succeeded"], PRICES["replicate"])
    assert not studio.replicate.ledger.asked("download")
    assert not studio.replicate.ledger.asked("cancel")


def test_a_clip_that_nobody_knows_of_is_stopped_when_it_is_found(studio: Studio) -> None:
    studio.slow_down()
    studio.script(Fault("accept_and_drop"))
    generation = cancelled(studio.sent())
    studio.look()
    studio.look(generation)
    assert studio.job(call_of(generation)).state(time.time()) == State.CANCELLED
    assert (len(studio.replicate.ledger.asked("cancel")), bought(studio)) == (1, 1)
    assert generation.actual_usd == PRICES["replicate"]


def test_a_clip_that_nobody_knows_of_is_not_sent_again(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop"))
    generation = cancelled(studio.sent("fal"))
    studio.look()
    doubt_ages(generation)
    studio.go_on(generation)
    assert (statuses(generation), bought(studio)) == (["unknown"], 1)
    assert call_of(generation).given_up_at


@contextmanager
def sending(studio: Studio, generation: Generation) -> Iterator[None]:
    """A worker is in the middle of the request."""

    def work() -> None:
        try:
            studio.work(generation)
        finally:
            connection.close()

    with ThreadPoolExecutor() as pool:
        worker = pool.submit(work)
        assert eventually(lambda: bought(studio))
        yield
        worker.result()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_just_being_sent_is_stopped_as_soon_as_its_id_is_known(studio: Studio, provider: str) -> None:
    studio.slow_down()
    generation = studio.planned(provider)
    studio.script(Fault("late", seconds=1))
    with sending(studio, Generation.objects.get(pk=generation.pk)):
        began = time.monotonic()
        generation_cancel(generation=generation)
    generation.refresh_from_db()
    assert (generation.status, time.monotonic() - began < 5) == ("cancelled", True)
    studio.look(generation)
    studio.look(generation)
    assert studio.job(call_of(generation)).state(time.time()) == State.CANCELLED
    assert (len(studio.servers[provider].ledger.asked("cancel")), bought(studio)) == (1, 1)
    assert "1 clip was being made" in generation.warnings[-1]


def test_a_request_that_hangs_holds_up_no_cancelling(studio: Studio, settings: Any) -> None:
    settings.PROVIDER_TIMEOUT_SECONDS = 60
    studio.slow_down()
    generation = studio.planned()
    studio.script(Fault("hang_after"))
    with sending(studio, Generation.objects.get(pk=generation.pk)):
        began = time.monotonic()
        generation_cancel(generation=generation)
    generation.refresh_from_db()
    assert (generation.status, time.monotonic() - began < 5) == ("cancelled", True)
    studio.go_on(generation)
    assert (statuses(generation), bought(studio)) == (["cancelled"], 1)


def test_clips_that_are_ready_stay_with_what_they_cost(studio: Studio) -> None:
    studio.slow_down()
    generation = studio.sent(clips=2)
    first, _ = calls_of(generation)
    studio.finish(first)
    studio.go_on(generation, ("clip", "conform"))
    cancelled(generation)
    studio.go_on(generation)
    clips = generation.clips.order_by("position").values_list("status", "cost_usd")
    assert list(clips) == [("ready", Decimal("0.32")), ("cancelled", Decimal("0.32"))]


def test_deleting_it_loses_no_money_from_the_books(studio: Studio) -> None:
    studio.slow_down()
    generation = cancelled(studio.sent())
    call = call_of(generation)
    generation_delete(generation=generation)
    studio.look()
    call.refresh_from_db()
    assert (call.status, call.actual_usd, call.generation) == ("cancelled", PRICES["replicate"], None)
    assert len(studio.replicate.ledger.asked("cancel")) == 1
