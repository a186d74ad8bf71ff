"""What a provider has made comes here, whatever happens on the way; it is bought again only if it is lost."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F

from generations.models import Clip, Generation, StageRun
from generations.services.dispatching import outputs_fetch
from generations.services.generations import generation_retry
from generations.stages.clip import FETCH_TRIES, LOST_TRIES
from generations.testing.video_servers import Fault
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.following import error_of
from generations.tests.hosted import ScriptedService
from generations.tests.studio import PRICES, Studio, call_of, clip_run, statuses
from generations.tests.studio import studio as studio
from storage_app.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDERS = ["replicate", "fal"]
#: Another attempt may have more luck.
PASSING = [
    Fault("truncated"),
    Fault("drop", on="download"),
    Fault("error_before", on="download", status=503),
    Fault("rate_limited", on="download"),
]
#: It is gone, or it is no clip, as often as it is asked for.
LOST = [
    (Fault("expired", times=LOST_TRIES), "provider.output_lost"),
    (Fault("html_output", times=LOST_TRIES), "provider.output_invalid"),
]


def bought(studio: Studio, generation: Generation) -> int:
    return len(studio.servers[generation.provider].ledger.submissions())


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", PASSING, ids=lambda fault: fault.kind)
def test_a_fetch_that_fails_is_tried_again_and_nothing_is_bought(
    studio: Studio, provider: str, fault: Fault
) -> None:
    studio.script(fault)
    generation = studio.go_on(studio.order(provider))
    run = clip_run(generation)
    assert (run.status, run.attempt, run.put_back_count) == ("succeeded", 1, 1)
    assert (bought(studio, generation), statuses(generation)) == (1, ["succeeded"])


def test_a_slow_output_is_waited_for(studio: Studio) -> None:
    studio.script(Fault("slow_output", seconds=0.08))
    generation = studio.go_on(studio.order())
    assert (clip_run(generation).status, clip_run(generation).put_back_count) == ("succeeded", 0)


def test_an_output_that_takes_too_long_is_fetched_again(studio: Studio, settings: Any) -> None:
    settings.FETCH_TIMEOUT_SECONDS = 1
    studio.script(Fault("slow_output", seconds=0.5))
    generation = studio.go_on(studio.order())
    assert (clip_run(generation).status, clip_run(generation).put_back_count) == ("succeeded", 1)
    assert bought(studio, generation) == 1


def test_many_fetches_in_vain_fail_it_and_a_retry_fetches_again(studio: Studio, settings: Any) -> None:
    settings.STAGE_MAX_ATTEMPTS = 1
    studio.script(Fault("error_before", on="download", status=503, times=99))
    generation = studio.go_on(studio.order())
    assert error_of(generation)["code"] == "provider.unreachable"
    assert len(studio.replicate.ledger.asked("download")) == FETCH_TRIES
    studio.replicate.faults.clear()
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert clip_run(generation).status == "succeeded"
    assert (bought(studio, generation), generation.actual_usd) == (1, PRICES["replicate"])


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("fault", "code"), LOST, ids=[fault.kind for fault, _ in LOST])
def test_what_is_lost_is_bought_again_by_a_retry_and_only_then(
    studio: Studio, provider: str, fault: Fault, code: str
) -> None:
    studio.script(fault)
    generation = studio.go_on(studio.order(provider))
    assert (error_of(generation)["code"], bought(studio, generation)) == (code, 1)
    assert (call_of(generation).status, call_of(generation).error_code) == ("succeeded", code)
    assert not Asset.objects.exists()
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert (bought(studio, generation), clip_run(generation).status) == (2, "succeeded")
    assert generation.actual_usd == 2 * PRICES[provider]


@pytest.mark.parametrize("fault", [Fault("expired"), Fault("html_output")], ids=lambda fault: fault.kind)
def test_an_output_that_was_not_there_once_is_not_lost(studio: Studio, fault: Fault) -> None:
    studio.script(fault)
    generation = studio.go_on(studio.order())
    assert (clip_run(generation).status, bought(studio, generation)) == ("succeeded", 1)


def test_what_our_limits_do_not_let_in_is_fetched_when_they_do(studio: Studio, settings: Any) -> None:
    settings.FETCH_MAX_BYTES = 10**9
    studio.script(Fault("huge"))  # It says that it has 10 GB.
    generation = studio.go_on(studio.order())
    assert error_of(generation)["code"] == "provider.output_refused"
    assert "FETCH_MAX_BYTES" in error_of(generation)["hint"]
    generation_retry(generation=generation)
    assert clip_run(studio.go_on(generation)).status == "succeeded"
    assert bought(studio, generation) == 1


def test_no_redirect_leads_to_an_address_inside(studio: Studio) -> None:
    with ScriptedService() as inside:
        studio.script(Fault("redirect", on="download", message=f"{inside.origin}/output.mp4"))
        generation = studio.go_on(studio.order())
        assert inside.asked == []
    assert error_of(generation)["code"] == "provider.output_refused"
    assert inside.origin.partition("//")[2] not in str(generation.error)


def test_no_output_is_taken_from_an_address_inside(studio: Studio, settings: Any) -> None:
    settings.FETCH_ALLOWED_ORIGINS = []
    generation = studio.go_on(studio.order())
    assert error_of(generation)["code"] == "provider.output_refused"
    assert studio.replicate.ledger.asked("download") == []


def test_the_address_of_the_output_is_in_no_answer(studio: Studio, api: JsonClient) -> None:
    studio.script(Fault("expired"))
    generation = studio.go_on(studio.order())
    call = call_of(generation)
    assert "/files/" in call.output_url
    for part in ("", "/clips", "/events"):
        text = api.get(f"{GENERATIONS}/{generation.pk}{part}").content.decode()
        assert "output.mp4" not in text
        assert call.job_id not in text


@contextmanager
def small_files(most: int) -> Iterator[None]:
    """No file of this process may grow further, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_costs_no_second_clip(studio: Studio) -> None:
    generation = studio.sent()
    studio.look()
    with small_files(50_000):
        studio.work(generation)
    assert (error_of(generation)["code"], Asset.objects.count()) == ("storage.full", 0)
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert (bought(studio, generation), clip_run(generation).status) == (1, "succeeded")
    assert Clip.objects.get(generation=generation).cost_usd == PRICES["replicate"]


def test_what_is_paid_for_is_fetched_though_all_has_failed_and_nobody_retries(studio: Studio) -> None:
    generation = studio.sent()
    studio.look()
    with small_files(50_000):
        studio.work(generation)
    assert outputs_fetch() == 0  # It was tried just now.
    StageRun.objects.update(created_at=F("created_at") - timedelta(seconds=301))
    assert (outputs_fetch(), outputs_fetch()) == (1, 0)
    studio.go_on(generation)
    assert (clip_run(generation).status, generation.status) == ("succeeded", "failed")
    assert bought(studio, generation) == 1
