"""What an operator does with a call of which nobody knows anything: look, adopt, write off."""

import time
from datetime import timedelta

import pytest
from django.db.models import F

from generations.models import Generation, ProviderCall
from generations.services.call_decisions import (
    CallConflict,
    call_adopt,
    call_look_now,
    call_write_off,
)
from generations.services.call_sending import call_begin
from generations.services.generations import generation_delete, generation_retry
from generations.services.stage_runs import stage_run_claim
from generations.testing.video_servers import Fault
from generations.testing.video_servers.jobs import State
from generations.tests.following import error_of
from generations.tests.studio import (
    PRICES,
    Studio,
    call_of,
    calls_of,
    clip_run,
    doubt_ages,
    statuses,
)
from generations.tests.studio import studio as studio
from videogen.kernel.errors import Postponed

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = PRICES["fal"]


def given_up(studio: Studio, *, times: int = 1) -> Generation:
    """fal has taken so many without saying so, and the grace of each is over."""
    studio.script(Fault("accept_and_drop", times=times))
    generation = studio.order("fal")
    for _ in range(times):
        studio.go_on(generation)
        doubt_ages(generation)
        studio.look()
    return generation


def job_ids(studio: Studio) -> list[str]:
    """What a person finds on fal's own page, in the order of their sending."""
    return [each.job_id for each in studio.fal.ledger.jobs()]


def test_an_adopted_job_goes_on_as_if_its_answer_had_come(studio: Studio) -> None:
    studio.script(Fault("accept_and_drop"))
    generation = studio.go_on(studio.order("fal"))
    call_adopt(call=call_of(generation), job_id=job_ids(studio)[0], operator="operator")
    studio.go_on(generation)
    assert (statuses(generation), clip_run(generation).status) == (["succeeded"], "succeeded")
    assert call_of(generation).decision == "adopted by operator"
    assert (len(job_ids(studio)), generation.actual_usd) == (1, PRICE)


def test_an_adopted_job_is_stopped_where_its_replacement_is_on_the_way(studio: Studio) -> None:
    studio.slow_down()
    generation = given_up(studio)
    studio.work(generation)
    first, second = calls_of(generation)
    call_adopt(call=first, job_id=job_ids(studio)[0], operator="operator")
    studio.look()
    assert studio.job(first).state(time.time()) == State.CANCELLED
    assert (first.status, first.actual_usd) == ("cancelled", PRICE)
    studio.finish(second)
    studio.go_on(generation)
    assert (clip_run(generation).status, generation.actual_usd) == ("succeeded", 2 * PRICE)


def test_no_replacement_is_sent_for_a_job_that_is_adopted_in_time(studio: Studio) -> None:
    generation = given_up(studio)
    assert statuses(generation) == ["unknown", "planned"]
    call_adopt(call=calls_of(generation)[0], job_id=job_ids(studio)[0], operator="operator")
    studio.go_on(generation)
    assert (statuses(generation), len(job_ids(studio))) == (["succeeded", "cancelled"], 1)
    assert (clip_run(generation).status, generation.actual_usd) == ("succeeded", PRICE)
    assert "second time" not in " ".join(generation.warnings)


def test_a_job_may_turn_up_while_its_replacement_is_about_to_be_sent(studio: Studio) -> None:
    generation = given_up(studio)
    first, second = calls_of(generation)
    run = clip_run(generation)
    assert stage_run_claim(run_id=run.pk, worker="here:1")
    call_adopt(call=first, job_id=job_ids(studio)[0], operator="operator")
    run.refresh_from_db()
    with pytest.raises(Postponed, match="need not be sent"):
        call_begin(call=second, run=run, request={})


def test_an_adopted_job_is_stopped_where_the_clip_is_there_already(studio: Studio) -> None:
    generation = given_up(studio)
    studio.go_on(generation)
    assert clip_run(generation).status == "succeeded"
    first = calls_of(generation)[0]
    job = studio.fal.job(job_ids(studio)[0])
    assert job
    job.run_seconds = 3600
    call_adopt(call=first, job_id=job.job_id, operator="operator")
    studio.look()
    assert job.state(time.time()) == State.CANCELLED


def test_what_was_given_up_twice_can_be_adopted_and_then_retried(studio: Studio) -> None:
    generation = given_up(studio, times=2)
    studio.go_on(generation)
    assert error_of(generation)["code"] == "provider.outcome_unknown"
    call_adopt(call=calls_of(generation)[1], job_id=job_ids(studio)[1], operator="operator")
    studio.look()
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert clip_run(generation).status == "succeeded"
    assert len(job_ids(studio)) == 2


@pytest.mark.parametrize(("was_billed", "spent"), [(False, PRICE), (True, 2 * PRICE)])
def test_what_is_written_off_can_be_bought_again(studio: Studio, was_billed: bool, spent: object) -> None:
    generation = given_up(studio, times=2)
    studio.go_on(generation)
    second = calls_of(generation)[1]
    call_write_off(call=second, operator="operator", was_billed=was_billed)
    assert (second.status, second.decision) == ("written_off", "written off by operator")
    assert second.actual_usd == (PRICE if was_billed else 0)
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert statuses(generation) == ["unknown", "written_off", "succeeded"]
    assert (clip_run(generation).status, generation.actual_usd) == ("succeeded", spent)


@pytest.mark.parametrize("was_billed", [False, True])
def test_what_was_written_off_and_turns_up_is_billed_once(studio: Studio, was_billed: bool) -> None:
    generation = given_up(studio, times=2)
    studio.go_on(generation)
    second = calls_of(generation)[1]
    call_write_off(call=second, operator="operator", was_billed=was_billed)
    call_adopt(call=second, job_id=job_ids(studio)[1], operator="operator")
    studio.look(generation)
    second.refresh_from_db()
    assert (second.status, second.actual_usd, generation.actual_usd) == ("succeeded", PRICE, PRICE)
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert (clip_run(generation).status, len(job_ids(studio))) == ("succeeded", 2)


@pytest.mark.parametrize("provider", ["replicate", "fal"])
def test_a_job_that_the_provider_does_not_have_is_no_job_of_this_call(studio: Studio, provider: str) -> None:
    studio.script(Fault("drop"))
    generation = studio.go_on(studio.order(provider))
    call = call_of(generation)
    call_adopt(call=call, job_id="a-misspelt-id", operator="operator")
    ProviderCall.objects.update(accepted_at=F("accepted_at") - timedelta(seconds=121))
    studio.look()
    call.refresh_from_db()
    assert (call.status, call.job_id, call.actual_usd) == ("unknown", "", None)
    assert call in ProviderCall.objects.undecided()
    assert call.decision == f"{provider} has no job a-misspelt-id"


def test_a_job_belongs_to_one_call(studio: Studio) -> None:
    generation = given_up(studio)
    studio.go_on(generation)
    first, second = calls_of(generation)
    with pytest.raises(CallConflict, match="belongs to another call"):
        call_adopt(call=first, job_id=second.job_id, operator="operator")


@pytest.mark.parametrize("job_id", ["", "  ", "x" * 201, "a\nb"])
def test_an_id_that_no_provider_gives_is_refused(studio: Studio, job_id: str) -> None:
    generation = given_up(studio)
    with pytest.raises(CallConflict, match="Give the id"):
        call_adopt(call=calls_of(generation)[0], job_id=job_id, operator="operator")


def test_only_what_is_unknown_can_be_adopted_or_written_off(studio: Studio) -> None:
    studio.slow_down()
    call = call_of(studio.sent("fal"))
    with pytest.raises(CallConflict, match="accepted"):
        call_adopt(call=call, job_id="another", operator="operator")
    with pytest.raises(CallConflict, match="accepted"):
        call_write_off(call=call, operator="operator", was_billed=False)
    call.refresh_from_db()
    assert (call.status, call.reserved_usd) == ("accepted", PRICE)


def test_look_now_makes_the_next_look_due(studio: Studio) -> None:
    studio.slow_down()
    call = call_of(studio.sent("fal"))
    assert studio.look_at_due() == 0
    ProviderCall.objects.update(looked_at=None, created_at=call.created_at)
    call_look_now(call=call)
    time.sleep(1.1)  # It is not looked at more often than once in a second.
    assert studio.look_at_due() == 1


def test_there_is_nothing_to_look_at_where_nothing_was_sent(studio: Studio) -> None:
    call = call_of(studio.planned("fal"))
    with pytest.raises(CallConflict, match="planned"):
        call_look_now(call=call)


def test_a_given_up_call_can_be_looked_for_again(studio: Studio) -> None:
    """Replicate's list was not to be had for long, and then it was."""
    studio.slow_down()
    studio.script(Fault("accept_and_drop"), Fault("error_before", on="list", status=503, times=3))
    generation = studio.sent()
    studio.look()
    doubt_ages(generation)
    studio.look()
    first = calls_of(generation)[0]
    assert first.given_up_at
    call_look_now(call=first)
    time.sleep(1.1)
    studio.replicate.faults.clear()
    studio.look_at_due()
    first.refresh_from_db()
    assert (first.status, first.is_superseded) == ("accepted", False)


def test_a_job_that_turns_up_after_all_was_deleted_is_stopped(studio: Studio) -> None:
    generation = given_up(studio, times=2)
    studio.go_on(generation)
    second = calls_of(generation)[1]
    call_write_off(call=second, operator="operator", was_billed=False)
    generation_delete(generation=generation)
    job = studio.fal.job(job_ids(studio)[1])
    assert job
    job.run_seconds = 3600
    call_adopt(call=second, job_id=job.job_id, operator="operator")
    studio.look()
    assert job.state(time.time()) == State.CANCELLED
