"""How a generation moves on: forward, to failure, or to a stop. The caller holds its lock."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self
from uuid import UUID

from django.db.models import Exists, Model, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from analysis.costs import spent_usd
from generations.models import SMALLEST_USD, Clip, Generation, ProgressEvent, ProviderCall, StageRun
from generations.pipeline import STAGE, Step
from generations.services.calls import (
    calls_cancel,
    calls_plan,
    calls_release,
    calls_that_pay,
    is_fetchable,
    is_paid_for,
    may_be_billed_usd,
)
from generations.services.events import event_new, event_record
from generations.services.plans import Plan, estimated_completion, plan_new, plan_of
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
from videogen.accounts.budgets import budget_spend
from videogen.kernel.errors import DomainError
from videogen.kernel.prepared import rows_insert


def generation_lock(pk: UUID) -> Generation:
    """The row, locked until the transaction ends. Always the first lock that is taken."""
    return Generation.objects.select_for_update().get(pk=pk)


def run_is_wanted(generation: Generation, run: StageRun) -> bool:
    """Whether an attempt shall still be made: what is paid for is fetched even if the whole has failed."""
    if generation.status in WORKABLE:
        return True
    if generation.status != GenerationStatus.FAILED or run.stage != "clip" or run.clip is None:
        return False
    return is_paid_for(run.clip)


def run_is_held(run: StageRun) -> bool:
    """Whether the attempt is still its holder's. The lock is held."""
    held = StageRun.objects.filter(
        pk=run.pk, turn=run.turn, status=StageStatus.RUNNING, lease_expires_at__gt=Now()
    )
    return held.exists()


def generation_advance(*, generation: Generation, plan: Plan | None = None) -> None:
    """Start every step whose requirements are done, and finish when nothing is left. The lock is held.

    A budget that does not allow the clips fails the generation; none of them is paid for then.
    """
    if generation.status == GenerationStatus.CANCELLING:
        return cancel_finish(generation=generation)
    if generation.status not in WORKABLE:
        return None
    plan = plan or plan_refresh(generation=generation)
    if plan.is_done():
        calls_release(generation=generation)  # Planned for a clip that came by another call after all.
        GENERATION.move(generation, GenerationStatus.COMPLETED, stage="", finished_at=Now(), error=None)
        event_record(generation=generation, type="generation.completed")
    elif _needs_approval(generation, plan):
        GENERATION.move(generation, GenerationStatus.AWAITING_APPROVAL)
        event_record(generation=generation, type="generation.awaiting_approval")
    else:
        _start(generation, plan.startable())
    return None


@dataclass(frozen=True)
class Beginning:
    """A new generation, its first event, and the attempts that it begins with. Nothing is stored yet."""

    generation: Generation
    event: ProgressEvent
    runs: list[StageRun]

    @classmethod
    def of(cls, generation: Generation) -> Self:
        """From here on the generation is as it will be stored."""
        plan = plan_new(generation)
        generation.estimated_completion = estimated_completion(generation=generation, plan=plan)
        event = event_new(generation, "generation.queued")
        return cls(generation, event, [_attempt(generation, step) for step in plan.startable()])

    def store(self, *before: Model, lock_timeout: str) -> None:
        """All at once, after `before`. A lock may be waited for that long.

        The event is told to nobody: who follows the generation has to know its id, and reads the rows first.
        """
        rows_insert(*before, self.generation, self.event, *self.runs, lock_timeout=lock_timeout)
        enqueue_on_commit(*self.runs)


def _start(generation: Generation, steps: list[Step]) -> None:
    try:
        clips_pay(generation=generation, steps=steps)
    except DomainError as refused:  # Over a budget, or no longer possible with this model.
        generation_fail(generation=generation, error=refused, stage="clip")
        return
    for step in steps:
        stage_run_add(generation=generation, step=step)


def clips_pay(*, generation: Generation, steps: list[Step]) -> None:
    """Reserve the money for those of the steps that are paid. Raises as `calls_plan`. The lock is held."""
    clip_ids = [step.clip_id for step in steps if step.stage == "clip" and step.clip_id]
    if clip_ids:
        calls_plan(generation=generation, clips=Clip.objects.filter(pk__in=clip_ids).order_by("position"))


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
    if spent > generation.analysis_usd:
        budget_spend(
            key_id=generation.api_key_id, amount_usd=spent - generation.analysis_usd, on=timezone.localdate()
        )
        generation.actual_usd += spent - generation.analysis_usd
        generation.analysis_usd = spent
        generation.save(update_fields=["actual_usd", "analysis_usd"])


def stage_run_add(*, generation: Generation, step: Step, pause_seconds: float = 0) -> StageRun:
    """Queue the next attempt at a step."""
    latest = attempts_at(generation, step.stage, step.clip_id).order_by("-attempt")
    run = _attempt(
        generation,
        step,
        attempt=(latest.values_list("attempt", flat=True).first() or 0) + 1,
        available_at=Now() + timedelta(seconds=pause_seconds),
    )
    run.save(force_insert=True)
    if not pause_seconds:
        enqueue_on_commit(run)
    return run


def _attempt(generation: Generation, step: Step, **fields: Any) -> StageRun:
    """A new attempt, not stored yet."""
    queue = STAGE[step.stage].queue
    return StageRun(generation=generation, stage=step.stage, clip_id=step.clip_id, queue=queue, **fields)


def attempts_at(generation: Generation, stage: str, clip_id: UUID | None) -> QuerySet[StageRun]:
    """Every attempt at one step."""
    attempts = StageRun.objects.filter(generation=generation, stage=stage)
    return attempts.filter(clip_id=clip_id) if clip_id else attempts.filter(clip=None)


def generation_fail(
    *, generation: Generation, error: DomainError, stage: str, clip: Clip | None = None
) -> None:
    """End a generation with an error; what is ready stays, what is at work may finish. The lock is held."""
    if clip and clip.status == ClipStatus.RENDERING:
        CLIP.move(clip, ClipStatus.FAILED)
    if generation.status not in WORKABLE:
        return
    _cancel_unpaid(generation)
    calls_release(generation=generation)
    details = {
        "code": error.code,
        "message": str(error),
        "stage": stage,
        "position": clip.position if clip else None,
        "retryable": error.retryable,
        "hint": error.hint,
    }
    if generation.status == GenerationStatus.QUEUED:
        GENERATION.move(generation, GenerationStatus.PROCESSING, started_at=Now())
    GENERATION.move(generation, GenerationStatus.FAILED, error=details, finished_at=Now())
    event_record(
        generation=generation, type="generation.failed", stage=stage, message=str(error), code=error.code
    )


def cancel_begin(*, generation: Generation) -> None:
    """Take back what has not started; what runs is told at its next heartbeat. The lock is held.

    What a provider has is stopped there by the dispatcher. Nobody here waits for it.
    """
    GENERATION.move(generation, GenerationStatus.CANCELLING)
    calls_cancel(generation=generation)
    number, usd = may_be_billed_usd(generation)
    event_record(
        generation=generation,
        type="generation.cancelling",
        clips_at_provider=number,
        may_be_billed_usd=f"{usd:.6f}",
    )
    _cancel_idle(_idle(generation))
    cancel_finish(generation=generation)


def cancel_finish(*, generation: Generation) -> None:
    """`cancelling` becomes `cancelled` once no attempt is alive any more. The lock is held."""
    alive = StageRun.objects.filter(generation=generation, status__in=LIVE).exists()
    if alive or generation.status != GenerationStatus.CANCELLING:
        return
    for clip in Clip.objects.filter(generation=generation, status__in=UNFINISHED_CLIPS):
        CLIP.move(clip, ClipStatus.CANCELLED)
    calls_cancel(generation=generation)  # Also what was sent since the cancelling began.
    number, usd = may_be_billed_usd(generation)
    if number:
        clips = "1 clip was" if number == 1 else f"{number} clips were"
        generation.warnings = [
            *generation.warnings,
            f"When this was cancelled, {clips} being made; up to {usd:.6f} USD may still be billed.",
        ]
        generation.save(update_fields=["warnings"])
    GENERATION.move(generation, GenerationStatus.CANCELLED, finished_at=Now())
    event_record(generation=generation, type="generation.cancelled", may_be_billed_usd=f"{usd:.6f}")


def run_wake(run: StageRun) -> None:
    """There is news for a waiting attempt: a worker shall take it up again. The lock is held.

    Where the whole has failed meanwhile, and this brings no clip, it ends here.
    """
    if run_is_wanted(run.generation, run):
        STAGE_RUN.move(run, StageStatus.QUEUED, available_at=Now())
        enqueue_on_commit(run)
    else:
        STAGE_RUN.move(run, StageStatus.CANCELLED, finished_at=Now())


def clip_wake(call: ProviderCall) -> None:
    """Wake the attempt that waits for this call's clip. The lock is held.

    Where none waits any more, and the clip is there to be had, a new attempt fetches it.
    """
    if call.clip is None or call.generation is None:
        return
    waiting = list(StageRun.objects.filter(clip=call.clip, status=StageStatus.WAITING))
    for run in waiting:
        run_wake(run)
    if not waiting:
        clip_fetch(generation=generation_lock(call.generation.pk), clip=call.clip)


def clip_fetch(*, generation: Generation, clip: Clip) -> bool:
    """Have a clip fetched that is paid for and that nobody fetches. Whether there was such a one."""
    if generation.status not in (*WORKABLE, GenerationStatus.FAILED) or not is_fetchable(clip):
        return False
    if StageRun.objects.filter(clip=clip, status__in=LIVE).exists():
        return False
    stage_run_add(generation=generation, step=Step("clip", clip.pk))
    return True


def _idle(generation: Generation) -> QuerySet[StageRun]:
    idle = [StageStatus.QUEUED, StageStatus.WAITING]
    return StageRun.objects.filter(generation=generation, status__in=idle)


def _cancel_unpaid(generation: Generation) -> None:
    paid = calls_that_pay().filter(clip=OuterRef("clip"))
    _cancel_idle(_idle(generation).exclude(Exists(paid), stage="clip"))


def _cancel_idle(runs: QuerySet[StageRun]) -> None:
    for run in runs:
        STAGE_RUN.move(run, StageStatus.CANCELLED, finished_at=Now())
