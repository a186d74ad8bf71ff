"""What clients and operators do with a generation: create, cancel, approve, retry, delete."""

import secrets
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import QUEUE_COUNTED, Clip, Generation, ProviderCall, StageRun
from generations.services.calls import calls_cancel, undecided_calls
from generations.services.events import event_record
from generations.services.flow import (
    Beginning,
    cancel_begin,
    clips_pay,
    generation_advance,
    generation_lock,
)
from generations.services.idempotency import (
    LOCK_TIMEOUT,
    Answer,
    Created,
    Once,
    fingerprint_of,
    no_answer,
    patient_transaction,
)
from generations.services.moderation import request_moderate
from generations.services.planning import RequestPlan, plan_request
from generations.services.plans import plan_of
from generations.services.references import references_check, references_hold
from generations.services.stage_runs import stage_run_lose
from generations.states import (
    CANCELLABLE,
    CLIP,
    GENERATION,
    LIVE,
    UNFINISHED,
    WORKABLE,
    ClipStatus,
    GenerationStatus,
    StageStatus,
)
from storage_app.models import Asset
from storage_app.services import assets_delete
from videogen.accounts.models import ApiKey
from videogen.kernel.errors import DomainError
from videogen.kernel.prepared import PreparedSql

#: Larger than any seed a provider takes; small enough for a signed 32-bit integer.
MAX_SEED = 2**31 - 1


_ACTIVE = f"""
SELECT count(*) FROM generations_generation
WHERE owner_id = %(owner_id)s AND status IN ({", ".join(f"'{status}'" for status in UNFINISHED)})
"""  # noqa: S608  Of our own words.
#: By its partial indexes; the ORM would take longer to write these than PostgreSQL to answer them.
_active = PreparedSql(_ACTIVE)
_standing = PreparedSql(f"""
SELECT EXISTS (SELECT FROM generations_idempotencykey WHERE owner_id = %(owner_id)s AND key = %(key)s),
    ({_ACTIVE}),
    (SELECT count(*) FROM (
        SELECT created_at FROM generations_generation WHERE status = 'queued' LIMIT {QUEUE_COUNTED}
    ) AS queued)
""")  # noqa: S608

#: Requests of one owner that are accepted between a look and what is stored by it, at most: planning and
#: moderation lie between. Further from the limit nobody waits for anybody; a larger crowd could pass it by as
#: many as it is larger.
CROWD = 200


class GenerationConflict(DomainError):
    """The generation is in a state in which that is not possible; `details["status"]` says which."""

    code = "generation.conflict"


class TooManyGenerations(DomainError):
    """The owner has as many unfinished generations as are allowed."""

    code = "generation.too_many"
    status = 429
    retryable = True


def generation_create(
    *,
    owner: User,
    request: Mapping[str, Any],
    api_key: ApiKey | None = None,
    idempotency_key: str = "",
    answer: Answer = no_answer,
) -> Created:
    """Accept a request: store it, queue its first stages, and answer at once. A replay gets the first answer.

    Raises `UnknownReference`, the `DomainError`s of planning and moderation, `TooManyGenerations`, and
    those of idempotency.
    """
    once = Once(owner, idempotency_key, fingerprint_of(request))
    standing = Standing.of(owner, idempotency_key)
    if standing.is_key_known and (earlier := once.earlier()):
        return earlier
    references_check(owner=owner, ids=request.get("references") or [])
    # Before the transaction: planning reads the cache, and moderation may ask somebody far away.
    plan = plan_request(request, api_key=api_key)
    request_moderate(request)
    return once.create(lambda: _create(owner, api_key, request, plan, standing, once, answer))


@dataclass(frozen=True)
class Standing:
    """What a submission meets: whether its key is known, its owner's unfinished, and who is queued.

    No more than `QUEUE_COUNTED` are counted of the queue.
    """

    is_key_known: bool
    active: int
    queued: int

    @classmethod
    def of(cls, owner: User, key: str) -> Self:
        """As it stands now, in one query."""
        return cls(*(_standing.row(owner_id=owner.pk, key=key) or ()))

    @property
    def is_crowded(self) -> bool:
        """Whether others at this moment could pass the limit with it."""
        return self.active + CROWD >= settings.MAX_ACTIVE_GENERATIONS


def _create(
    owner: User,
    api_key: ApiKey | None,
    request: Mapping[str, Any],
    plan: RequestPlan,
    standing: Standing,
    once: Once,
    answer: Answer,
) -> Created:
    references = request.get("references") or []
    # All rows go in one message, which is a transaction; one around it is for what has to be held till then.
    with patient_transaction() if references or standing.is_crowded else nullcontext():
        if standing.is_crowded:
            owner_lock(owner)
            if earlier := once.earlier():  # Otherwise it would be refused for what it has made itself.
                return earlier
            active_check(owner)
        references_hold(owner=owner, ids=references)
        generation = _new(owner, api_key, request, plan)
        generation.queue_position = standing.queued + 1
        beginning = Beginning.of(generation)
        created = Created(generation, answer(generation), replayed=False)
        beginning.store(*once.rows(created), lock_timeout=LOCK_TIMEOUT)
    return created


def _new(owner: User, api_key: ApiKey | None, request: Mapping[str, Any], plan: RequestPlan) -> Generation:
    values = dict(request) | {"provider": plan.provider, "model": plan.model, "routing": plan.routing}
    if values.get("seed") is None:
        values["seed"] = secrets.randbelow(MAX_SEED)
    return Generation(
        owner=owner,
        api_key=api_key,
        estimated_usd=plan.estimated_usd,
        warnings=list(plan.warnings),
        **values,
    )


def owner_lock(owner: User) -> None:
    """One at a time for each owner until the transaction ends, so that limits hold."""
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)  # Foreign keys do not wait for it.


def active_check(owner: User) -> None:
    """Refuse one more for an owner who has as many as are allowed. Raises `TooManyGenerations`.

    The owner's lock is held.
    """
    [active] = _active.row(owner_id=owner.pk) or (0,)
    if active >= settings.MAX_ACTIVE_GENERATIONS:
        message = f"You have {active} unfinished generations, the most that are allowed; wait or cancel some."
        raise TooManyGenerations(message, retry_after_seconds=30)


def generation_cancel(*, generation: Generation) -> Generation:
    """Stop it. Doing it twice changes nothing; a finished one raises `GenerationConflict`."""
    with transaction.atomic():
        locked = generation_lock(generation.pk)
        if locked.status in CANCELLABLE:
            cancel_begin(generation=locked)
        elif locked.status not in {GenerationStatus.CANCELLING, GenerationStatus.CANCELLED}:
            _refuse(locked, "cancelled")
        return locked


def generation_approve(*, generation: Generation) -> Generation:
    """Render the storyboard that waits for it. Raises `BudgetRefused`, and then it goes on waiting."""
    with transaction.atomic():
        locked = generation_lock(generation.pk)
        if locked.status != GenerationStatus.AWAITING_APPROVAL:
            _refuse(locked, "approved")
        GENERATION.move(locked, GenerationStatus.PROCESSING, approved_at=Now())
        event_record(generation=locked, type="generation.approved")
        clips_pay(generation=locked, steps=plan_of(locked).startable())
        generation_advance(generation=locked)
        return locked


def generation_retry(*, generation: Generation) -> Generation:
    """Take up a failed one where it stopped. What is ready stays, and is not paid for again.

    Raises `BudgetRefused`, and `GenerationConflict` while a person has to decide what became of a call.
    """
    with transaction.atomic():
        locked = generation_lock(generation.pk)
        if locked.status != GenerationStatus.FAILED:
            _refuse(locked, "retried")
        if calls := undecided_calls(locked):
            raise _undecided(calls)
        GENERATION.move(
            locked,
            GenerationStatus.QUEUED,
            error=None,
            finished_at=None,
            started_at=None,
            retried_at=timezone.now(),
        )
        for clip in Clip.objects.filter(generation=locked, status=ClipStatus.FAILED):
            CLIP.move(clip, ClipStatus.PENDING)
        event_record(generation=locked, type="generation.retried")
        clips_pay(generation=locked, steps=plan_of(locked).due())
        generation_advance(generation=locked)
        return locked


def _undecided(calls: list[ProviderCall]) -> GenerationConflict:
    clips = ", ".join(f"clip {call.position} at {call.provider}" for call in calls)
    return GenerationConflict(
        f"Nobody knows whether a provider has taken {clips}. An operator has to find out, and to decide in "
        "the admin under Provider calls, before it may be bought again.",
        code="provider.undecided",
        status="failed",
    )


def generation_delete(*, generation: Generation) -> None:
    """Remove a finished one, its clips and all bytes. What a provider still has is stopped there."""
    with transaction.atomic():
        locked = generation_lock(generation.pk)
        if not locked.is_finished:
            _refuse(locked, "deleted", "cancel it first")
        calls_cancel(generation=locked)
        assets = list(Asset.objects.filter(pk__in=_asset_ids(locked)))
        locked.delete()
        assets = [asset for asset in assets if not clip_uses(asset)]  # Other versions share them.
        assets_delete(assets=assets)


def stage_rerun(*, run: StageRun) -> None:
    """Run a stage again: a hanging attempt is replaced, a failed one is retried. Raises `DomainError`."""
    if run.status == StageStatus.RUNNING and run.generation.status in WORKABLE:
        stage_run_lose(run=run, where=Q(), reason="An operator asked to run this stage again.")
    elif (
        run.status in {StageStatus.FAILED, StageStatus.LOST}
        and run.generation.status == GenerationStatus.FAILED
    ):
        generation_retry(generation=run.generation)
    elif run.status in LIVE:
        where = "for a provider" if run.status == StageStatus.WAITING else "for a worker; look at the queue"
        raise GenerationConflict(f"This attempt is waiting {where}.", status=run.status)
    else:
        message = (
            f"This attempt is {run.status} and its generation {run.generation.status}: nothing to run again."
        )
        raise GenerationConflict(message, status=run.generation.status)


def clip_uses(asset: Asset) -> bool:
    """Whether a clip refers to it."""
    uses = Q(source=asset) | Q(video=asset) | Q(thumbnail=asset)
    return Clip.objects.filter(uses).exists()


def _asset_ids(generation: Generation) -> set[UUID]:
    own = set(generation.asset_ids())
    for ids in Clip.objects.filter(generation=generation).values_list("source", "video", "thumbnail"):
        own.update(pk for pk in ids if pk)
    return own


def _refuse(generation: Generation, verb: str, advice: str = "") -> None:
    sentence = f"This generation is {generation.status} and cannot be {verb}" + (
        f"; {advice}." if advice else "."
    )
    raise GenerationConflict(sentence, status=generation.status)
