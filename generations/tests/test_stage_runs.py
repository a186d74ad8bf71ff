"""An attempt is claimed once, settled once, and replaced when its worker goes silent."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Clip, Generation, ProgressEvent, StageRun
from generations.services.dispatching import overdue_replace, queued_send, silent_replace
from generations.services.generations import (
    GenerationConflict,
    generation_cancel,
    generation_create,
    generation_retry,
    stage_rerun,
)
from generations.services.queueing import messages_waiting
from generations.services.stage_runs import (
    pause_seconds,
    stage_run_abandon,
    stage_run_beat,
    stage_run_claim,
    stage_run_fail,
    stage_run_lose,
    stage_run_succeed,
)
from generations.states import StageStatus
from generations.tests.factories import ClipFactory, GenerationFactory, StageRunFactory
from generations.tests.following import error_of
from generations.tests.requests import REQUEST
from videogen.kernel.errors import DomainError
from videogen.kernel.redis import queue_redis
from videogen.kernel.states import TransitionRefused

pytestmark = pytest.mark.django_db


class Hiccup(DomainError):
    code = "provider.rate_limited"
    retryable = True


class Refusal(DomainError):
    code = "safety.provider"


@pytest.fixture
def generation(alice: User) -> Generation:
    return generation_create(owner=alice, request=REQUEST).generation


@pytest.fixture
def run(generation: Generation) -> StageRun:
    return generation.stage_runs.get()


def nothing(generation: Generation, clip: Clip | None, output: Any) -> None:
    """An `apply` that writes nothing."""


def claim(run: StageRun) -> StageRun:
    found = stage_run_claim(run_id=run.pk, worker="here:1")
    assert found
    return found.run


def types(generation: Generation) -> list[str]:
    return list(generation.events.values_list("type", flat=True))


def test_a_run_is_claimed_once(run: StageRun) -> None:
    assert stage_run_claim(run_id=run.pk, worker="here:1")
    assert stage_run_claim(run_id=run.pk, worker="here:2") is None


def test_the_first_claim_starts_the_generation(generation: Generation, run: StageRun) -> None:
    claim(run)
    generation.refresh_from_db()
    assert (generation.status, generation.stage) == ("processing", "prompt_analysis")
    assert types(generation) == ["generation.queued", "generation.processing", "stage.started"]


def test_a_run_is_settled_once(run: StageRun) -> None:
    claimed = claim(run)
    stage_run_succeed(run=claimed, output={}, apply=nothing)
    stage_run_succeed(run=claimed, output={"late": True}, apply=nothing)  # The answer to a commit was lost.
    run.refresh_from_db()
    assert (run.output, types(run.generation).count("stage.succeeded")) == ({}, 1)


def test_a_late_write_of_a_replaced_attempt_is_refused(generation: Generation, run: StageRun) -> None:
    claimed = claim(run)
    stage_run_lose(run=StageRun.objects.get(pk=run.pk), where=Q(), reason="silent")
    with pytest.raises(TransitionRefused):
        stage_run_succeed(run=claimed, output={}, apply=nothing)
    assert generation.stage_runs.filter(stage="prompt_analysis").count() == 2


def test_a_success_starts_what_comes_next(generation: Generation, run: StageRun) -> None:
    stage_run_succeed(run=claim(run), output={}, apply=nothing)
    assert generation.stage_runs.get(status="queued").stage == "micro_prompts"


def test_a_hiccup_is_tried_again_later(generation: Generation, run: StageRun) -> None:
    stage_run_fail(run=claim(run), error=Hiccup("too many requests"))
    second = generation.stage_runs.get(attempt=2)
    assert second.status == "queued"
    assert stage_run_claim(run_id=second.pk, worker="early") is None  # Its pause is not over.


def test_a_refusal_fails_the_generation_with_its_reason(generation: Generation, run: StageRun) -> None:
    stage_run_fail(run=claim(run), error=Refusal("The provider refused the words."))
    generation.refresh_from_db()
    assert error_of(generation)["code"] == "safety.provider"
    assert generation.finished_at


@pytest.mark.parametrize(
    ("details", "shortest", "longest"),
    [({}, 1.5, 2.5), ({"retry_after_seconds": 1}, 1.5, 2.5), ({"retry_after_seconds": 40}, 40, 40)],
)
def test_the_pause_is_never_quite_the_same_and_long_enough_for_who_asks(
    generation: Generation, run: StageRun, details: dict[str, Any], shortest: float, longest: float
) -> None:
    before = timezone.now()
    stage_run_fail(run=claim(run), error=Hiccup("too many requests", **details))
    pause = (generation.stage_runs.get(attempt=2).available_at - before).total_seconds()
    assert shortest <= pause <= longest + 1


def test_pauses_differ(generation: Generation) -> None:
    pauses = {pause_seconds(Hiccup("busy"), failures=2) for _ in range(100)}
    assert len(pauses) > 50
    assert 3 <= min(pauses) < 3.5 < 4.5 < max(pauses) <= 5


@pytest.mark.parametrize("asked", [7200, 1e300, float("inf")])
def test_no_error_makes_a_retry_wait_longer_than_is_allowed(settings: Any, asked: float) -> None:
    error = DomainError("busy", retry_after_seconds=asked)
    assert pause_seconds(error, failures=1) == settings.ANALYSIS_MAX_WAIT_SECONDS


def test_hiccups_end_after_three_attempts(generation: Generation, settings: Any) -> None:
    for _ in range(settings.STAGE_MAX_ATTEMPTS):
        run = generation.stage_runs.get(status="queued")
        StageRun.objects.filter(pk=run.pk).update(available_at=Now())
        stage_run_fail(run=claim(run), error=Hiccup("too many requests"))
    generation.refresh_from_db()
    assert generation.status == "failed"


def test_a_retry_takes_a_new_attempt_with_new_patience(generation: Generation, run: StageRun) -> None:
    stage_run_fail(run=claim(run), error=Refusal("no"))
    generation_retry(generation=generation)
    generation.refresh_from_db()
    assert (generation.status, generation.error, generation.finished_at) == ("queued", None, None)
    assert generation.stage_runs.get(status="queued").attempt == 2


def test_a_silent_worker_is_replaced(generation: Generation, run: StageRun) -> None:
    claim(run)
    assert silent_replace() == 0
    StageRun.objects.filter(pk=run.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    assert silent_replace() == 1
    assert list(generation.stage_runs.values_list("status", flat=True)) == ["lost", "queued"]


def test_a_beating_worker_that_never_ends_is_replaced(generation: Generation, run: StageRun) -> None:
    claim(run)
    StageRun.objects.filter(pk=run.pk).update(claimed_at=Now() - timedelta(hours=2))
    assert overdue_replace() == 1


def test_a_clip_that_is_lost_after_its_generation_failed_has_failed_too() -> None:
    generation = GenerationFactory(status="failed", finished_at=timezone.now())
    clip = ClipFactory(generation=generation, status="rendering")
    run = StageRunFactory(generation=generation, stage="clip", clip=clip, status="running")
    stage_run_lose(run=run, where=Q(), reason="silent")
    clip.refresh_from_db()
    assert clip.status == "failed"


def test_a_poisonous_stage_fails_in_the_end(generation: Generation, settings: Any) -> None:
    settings.STAGE_MAX_LOSSES = 2
    for _ in range(2):
        run = claim(generation.stage_runs.get(status="queued"))
        stage_run_lose(run=run, where=Q(), reason="silent")
    generation.refresh_from_db()
    assert error_of(generation)["code"] == "stage.lost"


def test_a_heartbeat_extends_the_lease_and_moves_the_percentage(
    generation: Generation, run: StageRun
) -> None:
    claimed = claim(run)
    StageRun.objects.filter(pk=run.pk).update(lease_expires_at=Now())
    assert stage_run_beat(run=claimed, percentage=50)
    generation.refresh_from_db()
    assert StageRun.objects.filter(pk=run.pk, lease_expires_at__gt=Now() + timedelta(seconds=5)).exists()
    assert generation.percentage > 0


def test_the_percentage_never_goes_back(generation: Generation, run: StageRun) -> None:
    claimed = claim(run)
    stage_run_beat(run=claimed, percentage=90)
    reached = Generation.objects.get(pk=generation.pk).percentage
    stage_run_lose(run=StageRun.objects.get(pk=run.pk), where=Q(), reason="silent")
    second = claim(generation.stage_runs.get(status="queued"))
    stage_run_beat(run=second, percentage=1)
    assert Generation.objects.get(pk=generation.pk).percentage >= reached > 0


def test_a_cancel_tells_the_worker_and_waits_for_it(generation: Generation, run: StageRun) -> None:
    claimed = claim(run)
    assert generation_cancel(generation=generation).status == "cancelling"
    assert not stage_run_beat(run=claimed, percentage=10)
    stage_run_abandon(run=claimed)
    generation.refresh_from_db()
    assert generation.status == "cancelled"


def test_a_cancel_of_a_queued_generation_is_done_at_once(generation: Generation) -> None:
    assert generation_cancel(generation=generation).status == "cancelled"
    assert generation_cancel(generation=generation).status == "cancelled"  # Twice is harmless.


def test_a_dead_worker_does_not_hold_up_a_cancel(generation: Generation, run: StageRun) -> None:
    claim(run)
    generation_cancel(generation=generation)
    StageRun.objects.filter(pk=run.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
    silent_replace()
    generation.refresh_from_db()
    assert generation.status == "cancelled"


def test_a_result_that_comes_after_the_cancel_changes_nothing(generation: Generation, run: StageRun) -> None:
    claimed = claim(run)
    generation_cancel(generation=generation)
    stage_run_succeed(run=claimed, output={}, apply=nothing)
    generation.refresh_from_db()
    assert generation.status == "cancelled"
    assert not generation.stage_runs.filter(status="queued").exists()


def test_events_are_numbered_without_a_gap(generation: Generation, run: StageRun) -> None:
    stage_run_succeed(run=claim(run), output={}, apply=nothing)
    numbers = list(generation.events.values_list("sequence", flat=True))
    assert numbers == list(range(1, len(numbers) + 1))
    generation.refresh_from_db()
    assert generation.last_sequence == numbers[-1]


def test_a_hanging_attempt_can_be_run_again_by_hand(generation: Generation, run: StageRun) -> None:
    stage_rerun(run=claim(run))
    assert generation.stage_runs.get(status=StageStatus.QUEUED).attempt == 2


def test_a_finished_stage_is_not_run_again(run: StageRun) -> None:
    claimed = claim(run)
    stage_run_succeed(run=claimed, output={}, apply=nothing)
    with pytest.raises(GenerationConflict, match="succeeded"):
        stage_rerun(run=claimed)


def test_what_redis_forgot_is_sent_again_once(generation: Generation, run: StageRun) -> None:
    queue_redis().flushdb()
    StageRun.objects.filter(pk=run.pk).update(available_at=Now() - timedelta(minutes=1))
    assert queued_send() == 1
    assert messages_waiting("analysis") == {f"stage-{run.pk}-0"}
    assert queued_send() == 0  # It lies in its queue now.


def test_an_event_tells_the_state_at_its_moment(generation: Generation, run: StageRun) -> None:
    claim(run)
    first, second, _ = ProgressEvent.objects.filter(generation=generation).order_by("sequence")
    assert (first.status, second.status) == ("queued", "processing")
