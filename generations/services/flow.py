"""How a generation moves on: forward, to failure, or to a stop. The caller holds its lock."""

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.db.models.functions import Now

from analysis.costs import spent_usd
from generations.models import SMALLEST_USD, Clip, Generation, StageRun
from generations.pipeline import STAGE, Step
from generations.services.events import event_record
from generations.services.plans import Plan, estimated_completion, plan_of
from generations.services.queueing import enqueue_on_commit
from generations.states import (
    CLIP,
    GENERATION,
    LIVE,
    STAGE_RUN,
    UNFINISHED_CLIPS,
    WORKABLE,
    ClipStatus,
    GenerationStatus,
    StageStatus,
)
from videogen.kernel.errors import DomainError


def generation_lock(pk: UUID) -> Generation:
    """The row, locked until the transaction ends. Always the first lock that is taken."""
    return Generation.objects.select_for_update().get(pk=pk)


def generation_advance(*, generation: Generation, plan: Plan | None = None) -> None:
    """Start every step whose requirements are done, and finish when nothing is left. The lock is held."""
    if generation.status == GenerationStatus.CANCELLING:
        return cancel_finish(generation=generation)
    if generation.status not in WORKABLE:
        return None
    plan = plan or plan_refresh(generation=generation)
    if plan.is_done():
        GENERATION.move(generation, GenerationStatus.COMPLETED, stage="", finished_at=Now(), error=None)
        event_record(generation=generation, type="generation.completed")
    elif _needs_approval(generation, plan):
        GENERATION.move(generation, GenerationStatus.AWAITING_APPROVAL)
        event_record(generation=generation, type="generation.awaiting_approval")
    else:
        for step in plan.startable():
            stage_run_add(generation=generation, step=step)
    return None


def _needs_approval(generation: Generation, plan: Plan) -> bool:
    return generation.approval == "storyboard" and bool(plan.clip_ids) and generation.approved_at is None


def plan_refresh(*, generation: Generation) -> Plan:
    """Take a new snapshot, and write down how far that is. The lock is held."""
    plan = plan_of(generation)
    generation.percentage = max(generation.percentage, plan.percentage())
    generation.estimated_completion = estimated_completion(generation=generation, plan=plan)
    generation.save(update_fields=["percentage", "estimated_completion"])
    return plan


def costs_refresh(*, generation: Generation, stage: str) -> None:
    """After an attempt at a text task: take over what the ledger has for them by now. The lock is held."""
    if not STAGE[stage].is_text:
        return
    spent = spent_usd(generation.pk).quantize(SMALLEST_USD)
    if spent != generation.analysis_usd:
        generation.actual_usd += spent - generation.analysis_usd
        generation.analysis_usd = spent
        generation.save(update_fields=["actual_usd", "analysis_usd"])


def stage_run_add(*, generation: Generation, step: Step, pause_seconds: float = 0) -> StageRun:
    """Queue the next attempt at a step."""
    latest = attempts_at(generation, step.stage, step.clip_id).order_by("-attempt")
    run = StageRun.objects.create(
        generation=generation,
        stage=step.stage,
        clip_id=step.clip_id,
        attempt=(latest.values_list("attempt", flat=True).first() or 0) + 1,
        queue=STAGE[step.stage].queue,
        available_at=Now() + timedelta(seconds=pause_seconds),
    )
    if not pause_seconds:
        enqueue_on_commit(run)
    return run


def attempts_at(generation: Generation, stage: str, clip_id: UUID | None) -> QuerySet[StageRun]:
    """Every attempt at one step."""
    attempts = StageRun.objects.filter(generation=generation, stage=stage)
    return attempts.filter(clip_id=clip_id) if clip_id else attempts.filter(clip=None)


def generation_fail(*, generation: Generation, run: StageRun, error: DomainError) -> None:
    """End a generation with an error; what is ready stays, what is at work may finish. The lock is held."""
    if run.clip and run.clip.status == ClipStatus.RENDERING:
        CLIP.move(run.clip, ClipStatus.FAILED)
    if generation.status not in WORKABLE:
        return
    _cancel_queued(generation)
    details = {
        "code": error.code,
        "message": str(error),
        "stage": run.stage,
        "position": run.clip.position if run.clip else None,
        "retryable": error.retryable,
        "hint": error.hint,
    }
    if generation.status == GenerationStatus.QUEUED:
        GENERATION.move(generation, GenerationStatus.PROCESSING, started_at=Now())
    GENERATION.move(generation, GenerationStatus.FAILED, error=details, finished_at=Now())
    event_record(
        generation=generation, type="generation.failed", stage=run.stage, message=str(error), code=error.code
    )


def cancel_begin(*, generation: Generation) -> None:
    """Take back what has not started; what runs is told at its next heartbeat. The lock is held."""
    GENERATION.move(generation, GenerationStatus.CANCELLING)
    event_record(generation=generation, type="generation.cancelling")
    _cancel_queued(generation)
    cancel_finish(generation=generation)


def cancel_finish(*, generation: Generation) -> None:
    """`cancelling` becomes `cancelled` once no attempt is alive any more. The lock is held."""
    alive = StageRun.objects.filter(generation=generation, status__in=LIVE).exists()
    if alive or generation.status != GenerationStatus.CANCELLING:
        return
    for clip in Clip.objects.filter(generation=generation, status__in=UNFINISHED_CLIPS):
        CLIP.move(clip, ClipStatus.CANCELLED)
    GENERATION.move(generation, GenerationStatus.CANCELLED, finished_at=Now())
    event_record(generation=generation, type="generation.cancelled")


def _cancel_queued(generation: Generation) -> None:
    idle = [StageStatus.QUEUED, StageStatus.WAITING]
    for run in StageRun.objects.filter(generation=generation, status__in=idle):
        STAGE_RUN.move(run, StageStatus.CANCELLED, finished_at=Now())
