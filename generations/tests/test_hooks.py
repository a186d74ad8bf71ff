"""Webhooks over the real view: the genuine ones make us look at once, and nothing else moves anything."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from pytest_django.live_server_helper import LiveServer

from generations.models import Generation, ProviderCall
from generations.testing.video_servers import Fault
from generations.tests.following import assert_whole
from generations.tests.studio import (
    ALL,
    PRICES,
    Studio,
    call_of,
    calls_of,
    clip_run,
    doubt_ages,
    statuses,
)
from generations.tests.studio import studio as studio
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDERS = ["replicate", "fal"]


@pytest.fixture
def hooked(studio: Studio, live_server: LiveServer, settings: Any) -> Studio:
    """The providers can reach us."""
    settings.PROVIDER_WEBHOOK_URL = live_server.url
    return studio


def delivered(studio: Studio, provider: str, number: int = 1) -> list[int]:
    """How so many webhooks were answered."""
    ledger = studio.servers[provider].ledger
    assert eventually(lambda: len(ledger.deliveries()) >= number, seconds=5)
    return [delivery.status for delivery in ledger.deliveries()]


def is_due(call: ProviderCall) -> bool:
    """Whether a look is due now, or in a moment."""
    call.refresh_from_db()
    return call.next_look_at is not None and call.next_look_at.timestamp() < time.time() + 1.5


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_webhook_makes_us_look_at_once(hooked: Studio, provider: str) -> None:
    generation = hooked.sent(provider)
    assert delivered(hooked, provider) == [204]
    assert eventually(hooked.look_at_due, seconds=3)
    assert statuses(generation) == ["succeeded"]
    assert hooked.servers[provider].ledger.submissions(str(call_of(generation).pk))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_webhook_that_comes_late_and_twice_changes_nothing(hooked: Studio, provider: str) -> None:
    hooked.script(Fault("duplicate", on="webhook"))
    hooked.slow_down()
    generation = hooked.sent(provider)
    hooked.finish(call_of(generation))
    assert_whole(hooked.go_on(generation, ALL))
    hooked.servers[provider].announce_end(hooked.job(call_of(generation)))
    assert delivered(hooked, provider, 2) == [204, 204]
    assert (statuses(generation), call_of(generation).next_look_at) == (["succeeded"], None)
    assert_whole(hooked.go_on(generation, ALL))


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("kind", ["forged", "stale"])
def test_what_the_provider_did_not_sign_just_now_is_refused(hooked: Studio, provider: str, kind: str) -> None:
    hooked.script(Fault(kind, on="webhook"))
    generation = hooked.sent(provider)
    assert delivered(hooked, provider)[0] == 401
    assert not is_due(call_of(generation))
    assert (statuses(generation), hooked.look_at_due()) == (["accepted"], 0)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_webhook_about_another_job_moves_nothing(hooked: Studio, provider: str) -> None:
    hooked.script(Fault("late", on="webhook", seconds=60), Fault("other_job", on="webhook"))
    first, second = hooked.sent(provider), hooked.sent(provider)
    assert delivered(hooked, provider)[0] == 204
    assert [is_due(call_of(generation)) for generation in (first, second)] == [False, False]
    assert call_of(first).job_id != call_of(second).job_id


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_webhook_brings_the_id_of_a_call_that_nobody_knew_of(hooked: Studio, provider: str) -> None:
    hooked.script(Fault("accept_and_drop"))
    generation = hooked.sent(provider)
    assert delivered(hooked, provider) == [204]
    call = call_of(generation)
    assert (call.status, call.job_id) == (
        "accepted",
        hooked.servers[provider].ledger.submissions()[0].job_id,
    )
    hooked.go_on(generation)
    assert clip_run(generation).status == "succeeded"
    assert len(hooked.servers[provider].ledger.submissions()) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_webhook_may_come_before_the_answer(hooked: Studio, provider: str) -> None:
    hooked.script(Fault("late", seconds=1))
    generation = hooked.sent(provider)  # The answer came a second after the webhook.
    assert delivered(hooked, provider) == [204]
    assert (statuses(generation), clip_run(generation).status) == (["accepted"], "waiting")
    hooked.go_on(generation)
    assert (statuses(generation), clip_run(generation).status) == (["succeeded"], "succeeded")
    assert generation.actual_usd == PRICES[provider]


def looks_until_it_has_ended(studio: Studio, generation: Generation) -> None:
    """In a thread of its own."""
    try:
        assert eventually(lambda: studio.look_at_due() and statuses(generation) == ["succeeded"])
    finally:
        connection.close()


def test_a_job_that_ended_before_its_answer_came_wakes_the_sender(hooked: Studio) -> None:
    """The webhook, the look and the end all come while the work-horse waits for the provider's answer."""
    hooked.script(Fault("late", seconds=1.9))
    generation = hooked.planned()
    with ThreadPoolExecutor() as pool:
        looking = pool.submit(looks_until_it_has_ended, hooked, generation)
        hooked.work(generation)
        looking.result()
    assert clip_run(generation).status in ("queued", "running")
    hooked.go_on(generation)
    assert (statuses(generation), clip_run(generation).status) == (["succeeded"], "succeeded")


def test_a_webhook_that_comes_after_it_was_sent_again_stops_the_first(hooked: Studio) -> None:
    hooked.slow_down()
    hooked.script(Fault("accept_and_drop"), Fault("none", on="webhook"))
    generation = hooked.sent("fal")
    hooked.look()
    doubt_ages(generation)
    hooked.go_on(generation)
    first, second = calls_of(generation)
    job = hooked.fal.job(hooked.fal.ledger.jobs()[0].job_id)
    assert job
    job.webhook_fault = None
    hooked.fal.cancel(job)  # It is told of in the same way, however it ends.
    assert delivered(hooked, "fal") == [204]
    first.refresh_from_db()
    assert (first.job_id, first.is_superseded, second.status) == (job.job_id, True, "accepted")
    assert first.cancel_requested_at is not None


Post = Callable[..., int]


@pytest.fixture
def post(studio: Studio) -> Post:
    """Post what Replicate has signed."""

    def posted(generation: Generation, body: bytes, provider: str = "replicate", token: Any = None) -> int:
        signed = studio.replicate.signer.headers(body, "msg_1", int(time.time()))
        address = f"/hooks/{provider}/{token or call_of(generation).pk}"
        answer = Client().post(address, body, content_type="application/json", headers=signed)
        return int(answer.status_code)

    return posted


def test_strangers_learn_nothing_and_move_nothing(studio: Studio, post: Post) -> None:
    studio.slow_down()
    generation = studio.sent()
    body = json.dumps({"id": call_of(generation).job_id}).encode()
    address = f"/hooks/replicate/{call_of(generation).pk}"
    assert Client().post(address, body, content_type="application/json").status_code == 401
    assert Client().get(address).status_code == 405
    assert post(generation, body, provider="nobody") == 404
    assert post(generation, body, provider="animatic") == 404
    assert post(generation, body, token=uuid4()) == 404
    assert not is_due(call_of(generation))
    assert post(generation, body) == 204
    assert is_due(call_of(generation))


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"id": 7}', b'{"id": ""}', b"\xff"])
def test_what_is_signed_and_says_nothing_moves_nothing(studio: Studio, post: Post, body: bytes) -> None:
    studio.slow_down()
    generation = studio.sent()
    assert post(generation, body) == 401
    assert not is_due(call_of(generation))


@pytest.mark.parametrize("status", ["starting", "processing", "succeeded"])
def test_old_news_after_the_end_move_nothing(studio: Studio, post: Post, status: str) -> None:
    generation = studio.go_on(studio.order())
    call = call_of(generation)
    assert post(generation, json.dumps({"id": call.job_id, "status": status}).encode()) == 204
    assert (statuses(generation), call_of(generation).next_look_at) == (["succeeded"], None)


def test_a_call_of_one_provider_cannot_be_told_of_by_another(studio: Studio, post: Post) -> None:
    studio.slow_down()
    generation = studio.sent("fal")
    assert post(generation, json.dumps({"id": "somebody's"}).encode()) == 404
    assert not is_due(call_of(generation))


def test_a_call_that_was_not_sent_cannot_be_accepted(studio: Studio, post: Post) -> None:
    generation = studio.planned()
    assert post(generation, b'{"id": "a job of ours"}') == 204
    assert (statuses(generation), call_of(generation).job_id) == (["planned"], "")


def test_many_webhooks_are_no_reason_for_many_looks(studio: Studio, post: Post) -> None:
    studio.slow_down()
    generation = studio.sent()
    studio.look()
    began = time.monotonic()
    body = json.dumps({"id": call_of(generation).job_id}).encode()
    for _ in range(20):
        post(generation, body)
        studio.look_at_due()
    assert len(studio.replicate.ledger.asked("poll")) <= 2 + time.monotonic() - began
