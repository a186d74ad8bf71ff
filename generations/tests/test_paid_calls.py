"""A clip that is bought: the row before the request, the id before the waiting, the money at every step."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from generations.media.probe import probe
from generations.models import Clip, ProviderCall, StageRun
from generations.services.dispatching import overdue_replace, silent_replace, waiting_wake
from generations.testing.video_servers import Fault
from generations.testing.video_servers.ledger import Ledger
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.following import assert_whole
from generations.tests.studio import PRICES, TO_CLIPS, Studio, call_of, calls_of, clip_run, told
from generations.tests.studio import studio as studio
from storage_app.services import asset_fetch
from videogen.accounts.models import Budget
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDERS = ["replicate", "fal"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_each_clip_is_bought_once_and_becomes_a_video(studio: Studio, provider: str, tmp_path: Any) -> None:
    generation = studio.made(provider, clips=2)
    assert_whole(generation)
    assert generation.video
    asset_fetch(asset=generation.video, into=tmp_path / "video.mp4")
    info = probe(tmp_path / "video.mp4")
    assert (info.width, info.height, info.fps, info.frames) == (854, 480, 24, 192)
    jobs = [each.job_id for each in studio.servers[provider].ledger.submissions()]
    assert jobs == [call.job_id for call in calls_of(generation)]
    assert len(jobs) == 2


def seen_meanwhile(ledger: Ledger) -> tuple[Any, ...]:
    """What anybody else finds in the database while the provider holds the request."""
    assert eventually(ledger.submissions)
    try:
        return ProviderCall.objects.values_list("status", "job_id", "request__duration").get()
    finally:
        connection.close()


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_row_is_there_before_the_request_and_the_id_before_the_waiting(
    studio: Studio, provider: str
) -> None:
    generation = studio.planned(provider)
    studio.script(Fault("late", seconds=1))
    ledger = studio.servers[provider].ledger
    with ThreadPoolExecutor() as pool:
        seen = pool.submit(seen_meanwhile, ledger)
        studio.work(generation)
    assert seen.result()[:2] == ("submitting", "")
    assert int(seen.result()[2]) == 4
    assert call_of(generation).job_id == ledger.submissions()[0].job_id


def test_nobody_here_holds_a_clip_that_the_provider_has(studio: Studio) -> None:
    studio.slow_down()
    run = clip_run(studio.sent())
    assert (run.status, run.worker, run.lease_expires_at, run.claimed_at) == ("waiting", "", None, None)
    assert not StageRun.objects.filter(status__in=["running", "queued"]).exists()
    assert (silent_replace(), overdue_replace(), waiting_wake()) == (0, 0, 0)


def test_looks_at_what_goes_on_give_no_worker_anything_to_do(studio: Studio) -> None:
    studio.slow_down()
    generation = studio.sent()
    for _ in range(3):
        studio.look()
    assert studio.work(generation) == 0
    assert len(studio.replicate.ledger.asked("poll")) == call_of(generation).looks == 3


def test_the_news_wakes_the_attempt_once(studio: Studio) -> None:
    generation = studio.sent()
    for _ in range(3):
        studio.look()
    run = clip_run(generation)
    assert (run.status, run.turn, run.attempt) == ("queued", 1, 1)
    studio.work(generation)
    assert clip_run(generation).pk == run.pk
    assert len(studio.replicate.ledger.asked("download")) == 1


def test_a_second_delivery_of_the_same_message_buys_nothing(studio: Studio) -> None:
    generation = studio.planned()
    runs = list(StageRun.objects.filter(generation=generation, status="queued"))
    studio.work(generation)
    StageRun.objects.filter(pk=runs[0].pk).update(status="queued")  # As if it had been let go of.
    studio.work(generation)
    assert clip_run(generation).status == "waiting"
    assert len(studio.replicate.ledger.submissions()) == 1


def test_the_first_look_waits_for_half_of_the_usual_time(studio: Studio) -> None:
    studio.slow_down()
    call = call_of(studio.sent())
    assert call.accepted_at and call.next_look_at
    # 150 seconds are usual, and no pause is longer than thirty.
    assert (call.next_look_at - call.accepted_at).total_seconds() == pytest.approx(30, abs=1)
    assert studio.look_at_due() == 0


@pytest.mark.parametrize("provider", PROVIDERS)
def test_money_is_reserved_then_spent(studio: Studio, api: JsonClient, provider: str) -> None:
    generation = studio.planned(provider, clips=2)
    price = f"{2 * PRICES[provider]:.6f}"

    def cost() -> dict[str, str]:
        body = api.get(f"{GENERATIONS}/{generation.pk}").json()["cost"]
        return {name: body[f"{name}_usd"] for name in ("estimated", "reserved", "actual")}

    assert cost() == {"estimated": price, "reserved": price, "actual": "0.000000"}
    assert Budget.objects.get(scope="all").reserved_usd == 2 * PRICES[provider]
    studio.go_on(generation, TO_CLIPS)
    assert cost() == {"estimated": price, "reserved": "0.000000", "actual": price}
    assert Budget.objects.get(scope="all").spent_usd == 2 * PRICES[provider]


def test_the_price_stays_when_the_registry_changes(studio: Studio, settings: Any, tmp_path: Any) -> None:
    generation = studio.planned()
    dearer = tmp_path / "models.toml"
    dearer.write_text(
        '[replicate."bytedance/seedance-2.0"]\nusd_per_second = { 480p = 9, 720p = 9, 1080p = 9 }\n'
    )
    settings.VIDEO_MODELS_FILE = str(dearer)
    studio.go_on(generation)
    call = call_of(generation)
    assert (call.price_usd, call.actual_usd) == (Decimal("0.08"), PRICES["replicate"])
    settings.VIDEO_MODELS_FILE = ""


def test_the_history_tells_what_was_sent_and_what_it_cost(studio: Studio) -> None:
    generation = studio.go_on(studio.order(clips=2))
    sent, ended = told(generation, "clip.submitted"), told(generation, "clip.provider_succeeded")
    assert [event["position"] for event in sent] == [1, 2]
    assert {event["data"]["estimated_usd"] for event in sent} == {"0.320000"}
    assert {event["data"]["cost_usd"] for event in ended} == {"0.320000"}


def test_the_clip_is_kept_as_it_came(studio: Studio) -> None:
    generation = studio.go_on(studio.order())
    clip = Clip.objects.select_related("source").get(generation=generation)
    assert clip.source and clip.source.size_bytes > 0
    assert clip.cost_usd == PRICES["replicate"]


def test_no_address_of_a_provider_is_in_any_answer(studio: Studio, api: JsonClient) -> None:
    generation = studio.made()
    hosts = [server.url.partition("//")[2] for server in studio.servers.values()]
    for part in ("", "/clips", "/events", "/storyboard"):
        text = api.get(f"{GENERATIONS}/{generation.pk}{part}").content.decode()
        assert not [host for host in hosts if host in text]


def test_no_more_jobs_are_at_a_provider_than_are_allowed(studio: Studio, settings: Any) -> None:
    settings.PROVIDER_CONCURRENT_JOBS = 1
    generation = studio.sent(clips=2)
    assert len(studio.replicate.ledger.submissions()) == 1
    assert [clip_run(generation, position).status for position in (1, 2)] == ["waiting", "queued"]
    studio.go_on(generation)
    assert [call.status for call in calls_of(generation)] == ["succeeded"] * 2
