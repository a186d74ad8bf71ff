"""What goes wrong when a clip is sent: it is paid for once, or not at all, or a person is asked about it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.db.models.functions import Now

from generations.models import ProviderCall, StageRun
from generations.services.generations import GenerationConflict, generation_retry
from generations.testing.video_servers import Fault
from generations.tests.following import error_of
from generations.tests.studio import (
    PRICES,
    Studio,
    call_of,
    calls_of,
    clip_run,
    doubt_ages,
    statuses,
    told,
)
from generations.tests.studio import studio as studio
from videogen.kernel.breaker import FAILURES, breaker_record
from videogen.kernel.quota import quota_state

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
PROVIDERS = ["replicate", "fal"]
#: Done, and no answer that says so.
ACCEPTED = [
    Fault("accept_and_drop"),
    Fault("error_after", status=502),
    Fault("html_after"),
    Fault("truncated_json"),
    Fault("cut_in_body"),
    Fault("huge_json"),
    Fault("hang_after"),
    Fault("drip", seconds=0.5),
]
#: Not done, and no answer that says so.
NOT_ACCEPTED = [
    Fault("drop"),
    Fault("error_before", status=500),
    Fault("error_before", status=503),
    Fault("html"),
    Fault("html", status=502),
    Fault("hang_before"),
]
SPELLINGS = {
    "rate_limited": 30,
    "rate_limited_seconds": 7,
    "rate_limited_date": 7,
    "rate_limited_body": 7,
    "rate_limited_text": 7,
}


def names(faults: list[Fault]) -> list[str]:
    return [f"{fault.kind}-{fault.status}" if fault.status else fault.kind for fault in faults]


@pytest.mark.parametrize("fault", ACCEPTED, ids=names(ACCEPTED))
def test_what_replicate_took_without_saying_so_is_found_in_its_list(studio: Studio, fault: Fault) -> None:
    studio.script(fault)
    generation = studio.go_on(studio.order())
    assert statuses(generation) == ["succeeded"]
    assert clip_run(generation).status == "succeeded"
    assert len(studio.replicate.ledger.submissions()) == 1
    assert [event["data"]["seconds"] for event in told(generation, "clip.outcome_unknown")] == [3]


@pytest.mark.parametrize("fault", NOT_ACCEPTED, ids=names(NOT_ACCEPTED))
def test_what_replicate_does_not_list_after_the_grace_was_not_taken_and_is_sent_again(
    studio: Studio, fault: Fault
) -> None:
    studio.script(fault)
    generation = studio.go_on(studio.order())
    assert statuses(generation) == ["unknown"]
    doubt_ages(generation)
    studio.go_on(generation)
    assert statuses(generation) == ["refused", "succeeded"]
    assert calls_of(generation)[0].decision == "the provider's list"
    assert len(studio.replicate.ledger.jobs()) == 1
    assert generation.actual_usd == PRICES["replicate"]


def test_two_clips_that_look_alike_are_told_apart(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop", times=2))
    generation = studio.go_on(studio.order(clips=2))
    jobs = {each.job_id: each.input["prompt"] for each in studio.replicate.ledger.jobs()}
    calls = calls_of(generation)
    assert len(jobs) == 2
    assert [jobs[call.job_id] for call in calls] == [call.request["prompt"] for call in calls]


@pytest.mark.parametrize("fault", [Fault("accept_and_drop"), Fault("drop")], ids=["taken", "not taken"])
def test_fal_lists_nothing_so_it_is_sent_again_once_after_the_grace_and_a_person_is_asked(
    studio: Studio, fault: Fault
) -> None:
    studio.script(fault)
    generation = studio.go_on(studio.order("fal"))
    assert len(studio.fal.ledger.submissions()) == 1
    doubt_ages(generation)
    studio.go_on(generation)
    first, second = calls_of(generation)
    assert (first.status, first.is_superseded, second.status) == ("unknown", True, "succeeded")
    assert second.replaces == first
    assert first in ProviderCall.objects.undecided()
    assert len(studio.fal.ledger.submissions()) == 2
    assert "sent to fal a second time" in " ".join(generation.warnings)
    assert clip_run(generation).status == "succeeded"


def test_it_is_not_sent_again_before_the_grace_is_over(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop"))
    generation = studio.go_on(studio.order("fal"))
    for _ in range(3):
        studio.look()
    studio.work(generation)
    assert (statuses(generation), clip_run(generation).status) == (["unknown"], "waiting")
    assert call_of(generation).reserved_usd == PRICES["fal"]


def test_it_is_not_sent_a_third_time(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop", times=9))
    generation = studio.order("fal")
    for _ in range(4):
        studio.go_on(generation)
        doubt_ages(generation)
    assert len(studio.fal.ledger.submissions()) == 2
    assert error_of(generation)["code"] == "provider.outcome_unknown"
    assert "operator" in error_of(generation)["hint"]
    assert ProviderCall.objects.undecided().count() == 2


def test_nothing_is_bought_again_by_a_retry_while_a_person_has_to_decide(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop", times=2))
    generation = studio.order("fal")
    for _ in range(3):
        studio.go_on(generation)
        doubt_ages(generation)
    with pytest.raises(GenerationConflict, match="clip 1 at fal") as refused:
        generation_retry(generation=generation)
    assert refused.value.code == "provider.undecided"
    assert len(studio.fal.ledger.submissions()) == 2


def test_a_replacement_that_fails_is_told_by_its_own_error(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop"))
    generation = studio.go_on(studio.order("fal"))
    doubt_ages(generation)
    studio.script(Fault("moderated"))
    studio.go_on(generation)
    assert error_of(generation)["code"] == "safety.provider"


def test_a_list_that_cannot_be_asked_is_waited_for(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop"), Fault("error_before", on="list", status=503, times=3))
    generation = studio.sent()
    studio.look()
    doubt_ages(generation, 10)  # More than the grace, and less than an outage gets.
    studio.look()
    studio.look()
    assert statuses(generation) == ["unknown"]
    studio.go_on(generation)
    assert (statuses(generation), len(studio.replicate.ledger.submissions())) == (["succeeded"], 1)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("spelling", "seconds"), SPELLINGS.items())
def test_too_many_requests_cost_nothing_and_use_up_no_attempt(
    studio: Studio, provider: str, spelling: str, seconds: int
) -> None:
    studio.script(Fault(spelling, seconds=seconds))
    generation = studio.sent(provider)
    run = clip_run(generation)
    assert (run.status, run.attempt, run.put_back_count) == ("queued", 1, 1)
    assert run.put_back_reason.startswith("provider.rate_limited")
    assert (run.available_at - run.created_at).total_seconds() == pytest.approx(seconds, abs=3)
    assert (statuses(generation), call_of(generation).sent_at) == (["planned"], None)
    assert quota_state(f"clips:{provider}").paused_seconds == pytest.approx(seconds, abs=3)


def test_after_the_pause_the_same_call_is_sent(studio: Studio) -> None:
    studio.script(Fault("rate_limited_seconds", seconds=1))
    generation = studio.sent()
    call = call_of(generation)
    studio.go_on(generation)
    assert (call_of(generation).pk, statuses(generation)) == (call.pk, ["succeeded"])
    assert [each.status for each in studio.replicate.ledger.submissions()] == [429, 201]


def test_a_long_wait_for_our_own_backlog_is_no_reason_to_give_up_later(studio: Studio, settings: Any) -> None:
    settings.PROVIDER_CONCURRENT_JOBS = 1
    generation = studio.sent(clips=2)
    waits = StageRun.objects.filter(pk=clip_run(generation, 2).pk, put_back_count=1)
    assert waits.update(created_at=F("created_at") - DAY, waiting_since=F("waiting_since") - DAY)
    for _ in range(FAILURES):
        breaker_record("clips:replicate", failed=True)
    settings.PROVIDER_CONCURRENT_JOBS = 2
    StageRun.objects.filter(status="queued").update(available_at=Now())
    studio.work(generation)  # It is put back for another reason now.
    assert clip_run(generation, 2).put_back_reason.startswith("breaker.open")
    assert (clip_run(generation, 2).status, generation.status) == ("queued", "processing")


def test_nor_is_the_time_that_the_provider_takes(studio: Studio) -> None:
    studio.slow_down()
    studio.script(Fault("rate_limited_seconds", seconds=1))
    generation = studio.go_on(studio.order())
    StageRun.objects.update(waiting_since=F("waiting_since") - DAY)
    studio.script(Fault("truncated"))
    studio.finish(call_of(generation))
    assert clip_run(studio.go_on(generation)).status == "succeeded"


REFUSALS = [
    (Fault("unauthorized"), "provider.unauthorized"),
    (Fault("no_credit"), "provider.no_credit"),
    (Fault("bad_request", message="- input.duration: 4 is too short"), "provider.refused"),
    (Fault("bad_request", status=404), "provider.model_unknown"),
    (Fault("bad_request", message="Violates our content policy."), "safety.provider"),
]


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize(("fault", "code"), REFUSALS, ids=[code for _, code in REFUSALS])
def test_a_refusal_ends_it_without_a_second_try_and_costs_nothing(
    studio: Studio, provider: str, fault: Fault, code: str
) -> None:
    studio.script(fault)
    generation = studio.go_on(studio.order(provider))
    assert error_of(generation)["code"] == code
    assert (statuses(generation), generation.actual_usd) == (["refused"], 0)
    assert len(studio.servers[provider].ledger.submissions()) == 1


def test_a_redirect_is_not_followed(studio: Studio) -> None:
    studio.script(Fault("redirect", message=studio.fal.url))
    generation = studio.go_on(studio.order())
    assert error_of(generation)["code"] == "provider.unreachable"
    assert studio.fal.ledger.asked() == []


def test_where_nobody_listens_nothing_was_sent_and_it_is_tried_again(studio: Studio, settings: Any) -> None:
    generation = studio.planned()
    settings.REPLICATE_BASE_URL = "http://127.0.0.1:9/v1"
    studio.work(generation)
    assert statuses(generation) == ["refused", "planned"]
    settings.REPLICATE_BASE_URL = studio.replicate.api_url
    studio.go_on(generation)
    assert statuses(generation) == ["refused", "succeeded"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_client_library_tries_again_behind_our_back(studio: Studio, provider: str) -> None:
    studio.script(Fault("error_before", status=503, times=9))
    generation = studio.sent(provider)
    assert clip_run(generation).status == "waiting"
    assert len(studio.servers[provider].ledger.submissions()) == 1
