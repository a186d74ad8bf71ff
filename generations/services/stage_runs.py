"""The life of an attempt: queued, claimed, kept alive, settled. Whoever holds the row's id may write, once.

Allowed at any moment: a second delivery, a worker that dies, a worker that wakes up late, two
dispatchers. Each move is one guarded UPDATE under the generation's lock; who comes second is refused.
"""

import logging
import random
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from generations.models import Clip, Generation, ProgressEvent, StageRun
from generations.pipeline import Step
from generations.services.calls import PROVIDER_FULL, call_is_awaited, call_usable
from generations.services.events import event_record, percentage_publish
from generations.services.flow import (
    attempts_at,
    cancel_finish,
    clips_pay,
    costs_refresh,
    generation_advance,
    generation_fail,
    generation_lock,
    plan_refresh,
    run_is_wanted,
    run_wake,
    stage_run_add,
)
from generations.services.plans import estimated_completion, eta_seconds, plan_of
from generations.states import (
    CLIP,
    GENERATION,
    STAGE_RUN,
    WORKABLE,
    ClipStatus,
    GenerationStatus,
    StageStatus,
)
from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.states import TransitionRefused

logger = logging.getLogger(__name__)

#: Writes what an attempt made. It runs inside the settling transaction, under the generation's lock.
Apply = Callable[[Generation, Clip | None, Mapping[str, Any]], None]

#: Pause before the next attempt, doubled each time; give or take a share, so that not all come at once.
RETRY_SECONDS = 2
RETRY_JITTER = 0.25

#: As far as is guessed where a provider does not say.
MOST_GUESSED = 0.9

#: A client is told of a wait that is at least so long, and of one and the same not more often than this.
TOLD_SECONDS = 2
TOLD_AGAIN_SECONDS = 30


class WaitedTooLong(DomainError):
    """It was put back again and again. Its code is what it waited for."""

    retryable = True
    hint = "Retry it when there is less to do. Where it happens often, the limits are too low for the load."


@dataclass(frozen=True)
class Claim:
    """What a worker holds: the run whose id is its token, and what it works on."""

    run: StageRun
    generation: Generation
    clip: Clip | None


def stage_run_claim(*, run_id: UUID, worker: str) -> Claim | None:
    """Take a queued run, or None when somebody else has it or nobody wants it any more."""
    with transaction.atomic():
        generation = Generation.objects.select_for_update(of=("self",)).filter(stage_runs=run_id).first()
        if generation is None:
            return None
        run = StageRun.objects.select_related("clip").get(pk=run_id)
        if not run_is_wanted(generation, run):
            _drop(generation, run)
            return None
        try:
            STAGE_RUN.move(
                run,
                StageStatus.RUNNING,
                where=Q(available_at__lte=Now()),
                worker=worker,
                started_at=Coalesce("started_at", Now()),
                claimed_at=Now(),
                lease_expires_at=_lease(),
            )
        except TransitionRefused:
            return None
        _announce_start(generation, run)
        return Claim(run, generation, run.clip)


def _drop(generation: Generation, run: StageRun) -> None:
    """Nobody will ever want it: nobody shall send it again either."""
    if generation.is_finished and run.status == StageStatus.QUEUED:
        STAGE_RUN.move(run, StageStatus.CANCELLED, finished_at=Now())


def _announce_start(generation: Generation, run: StageRun) -> None:
    if generation.status == GenerationStatus.QUEUED:
        GENERATION.move(generation, GenerationStatus.PROCESSING, started_at=Now())
        event_record(generation=generation, type="generation.processing")
    if run.clip and run.clip.status == ClipStatus.PENDING:
        CLIP.move(run.clip, ClipStatus.RENDERING)
    if generation.status != GenerationStatus.FAILED:
        generation.stage = run.stage
    if run.turn:
        return  # It has been told, and goes on.
    event_record(
        generation=generation,
        type="stage.started",
        stage=run.stage,
        position=run.clip.position if run.clip else None,
        attempt=run.attempt,
    )


def stage_run_beat(*, run: StageRun, percentage: int) -> bool:
    """Extend the lease and tell how far the run is. False: stop, the work is no longer wanted."""
    cancelling = Generation.objects.filter(pk=OuterRef("generation"), status=GenerationStatus.CANCELLING)
    # With a join, Django would move the guard into a subquery, which is not asked again after a wait.
    alive = StageRun.objects.filter(~Exists(cancelling), _held(run), pk=run.pk, status=StageStatus.RUNNING)
    if not alive.update(lease_expires_at=_lease(), percentage=percentage):
        return False
    if percentage != run.percentage:
        run.percentage = percentage
        _publish_percentage(run)
    return True


def waiting_percentage(*, run: StageRun, fraction: float) -> None:
    """Tell how far an attempt probably is that a provider has: nobody says, so its usual time does."""
    percentage = int(100 * min(fraction, MOST_GUESSED))
    waiting = StageRun.objects.filter(pk=run.pk, status=StageStatus.WAITING, percentage__lt=percentage)
    if waiting.update(percentage=percentage):
        run.percentage = percentage
        _publish_percentage(run)


def _publish_percentage(run: StageRun) -> None:
    generation = Generation.objects.get(pk=run.generation_id)
    plan = plan_of(generation)
    reached = max(plan.percentage(), generation.percentage)
    generation.estimated_completion = estimated_completion(generation=generation, plan=plan)
    Generation.objects.filter(
        pk=generation.pk, status=GenerationStatus.PROCESSING, percentage__lte=reached
    ).update(percentage=reached, estimated_completion=generation.estimated_completion, updated_at=Now())
    percentage_publish(
        generation_id=generation.pk,
        percentage=reached,
        eta_seconds=eta_seconds(generation),
        stage=run.stage,
        position=plan.positions.get(run.clip_id) if run.clip_id else None,
        done=run.percentage,
    )


def stage_run_succeed(*, run: StageRun, output: Mapping[str, Any], apply: Apply) -> None:
    """Settle a run with what it made, and start what comes next. Doing it twice changes nothing.

    Raises `TransitionRefused` when somebody else has settled it.
    """
    with transaction.atomic():
        generation = generation_lock(run.generation_id)
        try:
            STAGE_RUN.move(
                run,
                StageStatus.SUCCEEDED,
                where=_held(run),
                output=dict(output),
                percentage=100,
                finished_at=Now(),
                lease_expires_at=None,
            )
        except TransitionRefused:
            if run.status == StageStatus.SUCCEEDED:
                return  # Only its holder can have done that: in a commit whose answer was lost.
            raise
        apply(generation, run.clip, output)
        costs_refresh(generation=generation, stage=run.stage)
        plan = plan_refresh(generation=generation)
        _record(generation, run, "stage.succeeded")
        generation_advance(generation=generation, plan=plan)


def stage_run_put_back(*, run: StageRun, postponed: Postponed) -> None:
    """It was too early: queue the same attempt again, and let the worker go. No attempt is used up.

    One that was first put back ANALYSIS_MAX_WAIT_SECONDS ago fails with what it waits for, unless that
    is our own backlog at a provider.
    """
    now = timezone.now()
    waited = (now - (run.waiting_since or now)).total_seconds()
    is_backlog = postponed.code == PROVIDER_FULL
    left = postponed.seconds if is_backlog else settings.ANALYSIS_MAX_WAIT_SECONDS - waited
    if left <= 0:
        stage_run_fail(run=run, error=_waited_too_long(run, postponed, waited))
        return
    seconds = min(postponed.seconds, left)
    # Its holder's own stays as it was: if the answer to the commit is lost, it is put back a second time,
    # and by then somebody else may have it.
    run = copy(run)
    with transaction.atomic():
        generation = generation_lock(run.generation_id)
        if not run_is_wanted(generation, run):
            _let_go(generation, run)
            return
        STAGE_RUN.move(
            run,
            StageStatus.QUEUED,
            where=_held(run),
            available_at=Now() + timedelta(seconds=seconds),
            worker="",
            started_at=None,
            lease_expires_at=None,
            claimed_at=None,
            turn=F("turn") + 1,
            put_back_count=F("put_back_count") + 1,
            put_back_reason=f"{postponed.code}: {postponed}",
            # The time that our own backlog took does not count against what comes after it.
            waiting_since=None if is_backlog else Coalesce("waiting_since", Now()),
        )
        costs_refresh(generation=generation, stage=run.stage)
        _tell_of_wait(generation, run, postponed, seconds)


def stage_run_wait(*, run: StageRun) -> None:
    """A provider has the work: let the worker go, until there is news of the call."""
    run = copy(run)  # As above.
    with transaction.atomic():
        generation = generation_lock(run.generation_id)
        if not run_is_wanted(generation, run):
            _let_go(generation, run)
            return
        STAGE_RUN.move(
            run,
            StageStatus.WAITING,
            where=_held(run),
            worker="",
            claimed_at=None,
            lease_expires_at=None,
            waiting_since=None,
            turn=F("turn") + 1,
        )
        if run.clip and not call_is_awaited(call_usable(run.clip)):
            run_wake(run)  # The news came first.


def _waited_too_long(run: StageRun, postponed: Postponed, waited: float) -> WaitedTooLong:
    message = f"{run.stage} waited for {waited:.0f} s, the longest that is allowed; retry later. {postponed}"
    return WaitedTooLong(message, code=postponed.code)


def _tell_of_wait(generation: Generation, run: StageRun, postponed: Postponed, seconds: float) -> None:
    position = run.clip.position if run.clip else None
    lately = ProgressEvent.objects.filter(
        generation=generation,
        type="stage.postponed",
        stage=run.stage,
        position=position,
        data__code=postponed.code,
        created_at__gt=timezone.now() - timedelta(seconds=TOLD_AGAIN_SECONDS),
    )
    if seconds < TOLD_SECONDS or lately.exists():
        return
    plan = plan_of(generation)
    done_at = estimated_completion(generation=generation, plan=plan) + timedelta(seconds=seconds)
    generation.estimated_completion = done_at
    told = {"code": postponed.code, "seconds": round(seconds, 1)}
    _record(generation, run, "stage.postponed", message=str(postponed), **told)


def stage_run_fail(*, run: StageRun, error: DomainError) -> None:
    """Settle a run that could not do its work: try again where that can help, else fail the generation."""
    with transaction.atomic():
        generation = generation_lock(run.generation_id)
        STAGE_RUN.move(
            run,
            StageStatus.FAILED,
            where=_held(run),
            error_code=error.code,
            error_message=str(error),
            finished_at=Now(),
            lease_expires_at=None,
        )
        costs_refresh(generation=generation, stage=run.stage)
        failures = _tries(generation, run, StageStatus.FAILED)
        again = error.retryable and failures < settings.STAGE_MAX_ATTEMPTS
        if generation.status == GenerationStatus.CANCELLING:
            cancel_finish(generation=generation)
        elif again and not isinstance(error, WaitedTooLong) and run_is_wanted(generation, run):
            pause = pause_seconds(error, failures)
            _record(generation, run, "stage.retrying", message=str(error), code=error.code)
            _try_again(generation, run, pause_seconds=pause)
        else:
            _record(generation, run, "stage.failed", message=str(error), code=error.code)
            generation_fail(generation=generation, error=error, stage=run.stage, clip=run.clip)


def _try_again(generation: Generation, run: StageRun, *, pause_seconds: float = 0) -> None:
    step = Step(run.stage, run.clip_id)
    try:
        if generation.status in WORKABLE:  # For one that has failed, what is paid for is only fetched.
            clips_pay(generation=generation, steps=[step])
    except DomainError as refused:  # Over a budget, or no longer possible with this model.
        generation_fail(generation=generation, error=refused, stage=run.stage, clip=run.clip)
        return
    stage_run_add(generation=generation, step=step, pause_seconds=pause_seconds)


def pause_seconds(error: DomainError, failures: int) -> float:
    """How long to leave it alone after so many failures: twice as long each time, or as the error asks."""
    pause = RETRY_SECONDS * 2.0 ** (failures - 1)
    jitter = random.uniform(1 - RETRY_JITTER, 1 + RETRY_JITTER)  # noqa: S311  Not a secret.
    asked = float(error.details.get("retry_after_seconds") or 0)
    return max(pause * jitter, min(asked, settings.ANALYSIS_MAX_WAIT_SECONDS))


def stage_run_abandon(*, run: StageRun) -> None:
    """The worker lets go of a run that was cancelled under it."""
    with transaction.atomic():
        _let_go(generation_lock(run.generation_id), run)


def _let_go(generation: Generation, run: StageRun) -> None:
    STAGE_RUN.move(run, StageStatus.CANCELLED, where=_held(run), finished_at=Now(), lease_expires_at=None)
    costs_refresh(generation=generation, stage=run.stage)
    cancel_finish(generation=generation)


def stage_run_lose(*, run: StageRun, where: Q, reason: str) -> None:
    """Replace an attempt whose worker went silent. Raises `TransitionRefused` when it finished after all."""
    most = settings.STAGE_MAX_LOSSES
    with transaction.atomic():
        generation = generation_lock(run.generation_id)
        STAGE_RUN.move(
            run,
            StageStatus.LOST,
            where=where,
            error_code="stage.lost",
            error_message=reason,
            finished_at=Now(),
            lease_expires_at=None,
        )
        costs_refresh(generation=generation, stage=run.stage)
        if generation.status == GenerationStatus.CANCELLING:
            cancel_finish(generation=generation)
        elif run_is_wanted(generation, run) and _tries(generation, run, StageStatus.LOST) < most:
            _record(generation, run, "stage.lost", message=reason)
            _try_again(generation, run)
        else:
            error = DomainError(
                f"The stage {run.stage} keeps losing its worker.", code="stage.lost", retryable=True
            )
            generation_fail(generation=generation, error=error, stage=run.stage, clip=run.clip)


def _tries(generation: Generation, run: StageRun, status: StageStatus) -> int:
    """How often this step ended so, since it was last retried by hand."""
    tries = attempts_at(generation, run.stage, run.clip_id).filter(status=status)
    if generation.retried_at:
        tries = tries.filter(created_at__gte=generation.retried_at)
    return tries.count()


def _record(generation: Generation, run: StageRun, type: str, message: str = "", **data: Any) -> None:
    event_record(
        generation=generation,
        type=type,
        stage=run.stage,
        position=run.clip.position if run.clip else None,
        message=message,
        attempt=run.attempt,
        **data,
    )


def _held(run: StageRun) -> Q:
    """Whether it is still its holder's: a run that was let go of is the same row in other hands."""
    return Q(turn=run.turn)


def _lease() -> Any:
    return Now() + timedelta(seconds=settings.STAGE_LEASE_SECONDS)
