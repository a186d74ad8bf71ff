"""What clients and operators do with a generation: create, cancel, approve, retry, delete."""

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from psycopg2.errors import LockNotAvailable

from generations.models import Clip, Generation, IdempotencyKey, StageRun
from generations.services.events import event_record
from generations.services.flow import cancel_begin, generation_advance, generation_lock
from generations.services.moderation import request_moderate
from generations.services.planning import RequestPlan, plan_request
from generations.services.stage_runs import stage_run_lose
from generations.states import (
    CANCELLABLE,
    CLIP,
    FINISHED,
    GENERATION,
    LIVE,
    WORKABLE,
    ClipStatus,
    GenerationStatus,
    StageStatus,
)
from storage_app.models import Asset
from storage_app.services import assets_delete
from videogen.kernel.errors import DomainError

#: Larger than any seed a provider takes; small enough for a signed 32-bit integer.
MAX_SEED = 2**31 - 1


class GenerationConflict(DomainError):
    """The generation is in a state in which that is not possible; `details["status"]` says which."""

    code = "generation.conflict"


class IdempotencyConflict(DomainError):
    """The key is being used at this moment."""

    code = "idempotency.conflict"


class IdempotencyMismatch(DomainError):
    """The key was used for another body."""

    code = "idempotency.mismatch"
    status = 422


class IdempotencyGone(DomainError):
    """What was made under the key has been deleted."""

    code = "idempotency.gone"


class TooManyGenerations(DomainError):
    """The owner has as many unfinished generations as are allowed."""

    code = "generation.too_many"
    status = 429
    retryable = True


@dataclass(frozen=True)
class Created:
    """A generation, the answer about it, and whether both come from an earlier request with the same key."""

    generation: Generation
    answer: dict[str, Any]
    replayed: bool


#: Says what a client is answered about a generation. It is called inside the transaction.
Answer = Callable[[Generation], dict[str, Any]]


def no_answer(generation: Generation) -> dict[str, Any]:
    """For callers who only want the generation."""
    return {}


def generation_create(
    *, owner: User, request: Mapping[str, Any], idempotency_key: str = "", answer: Answer = no_answer
) -> Created:
    """Accept a request: store it, queue its first stages, and answer at once. A replay gets the first answer.

    Raises the `DomainError`s of planning and moderation, `TooManyGenerations`, and those of idempotency.
    """
    fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()
    if idempotency_key and (row := _used_key(owner, idempotency_key)):
        return _replayed(row, fingerprint)
    # Before the transaction: planning reads the cache, and moderation may ask somebody far away.
    plan = plan_request(request)
    request_moderate(request)
    try:
        with transaction.atomic():
            if idempotency_key:
                earlier = _reserve_key(owner=owner, key=idempotency_key, fingerprint=fingerprint)
                if earlier:
                    return earlier
            generation = _create(owner, request, plan)
            created = Created(generation, answer(generation), replayed=False)
            if idempotency_key:
                IdempotencyKey.objects.filter(owner=owner, key=idempotency_key).update(
                    generation=generation, body=created.answer
                )
            return created
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        message = "A request with this Idempotency-Key is running; ask again in a second."
        raise IdempotencyConflict(message, retry_after_seconds=1) from error


def _create(owner: User, request: Mapping[str, Any], plan: RequestPlan) -> Generation:
    # One at a time for each owner, so that the limit holds. Foreign keys do not wait for this lock.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    active = Generation.objects.filter(owner=owner).exclude(status__in=FINISHED).count()
    if active >= settings.MAX_ACTIVE_GENERATIONS:
        message = f"You have {active} unfinished generations, the most that are allowed; wait or cancel some."
        raise TooManyGenerations(message, retry_after_seconds=30)
    values = dict(request) | {"provider": plan.provider, "model": plan.model}
    if values.get("seed") is None:
        values["seed"] = secrets.randbelow(MAX_SEED)
    generation = Generation.objects.create(
        owner=owner, estimated_usd=plan.estimated_usd, warnings=list(plan.warnings), **values
    )
    event_record(generation=generation, type="generation.queued")
    generation_advance(generation=generation)
    return generation


def _used_key(owner: User, key: str) -> IdempotencyKey | None:
    return IdempotencyKey.objects.select_related("generation").filter(owner=owner, key=key).first()


def _reserve_key(*, owner: User, key: str, fingerprint: str) -> Created | None:
    """Insert the key, or answer what an earlier request made under it."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
    row, made = IdempotencyKey.objects.get_or_create(
        owner=owner, key=key, defaults={"fingerprint": fingerprint}
    )
    return None if made else _replayed(row, fingerprint)


def _replayed(row: IdempotencyKey, fingerprint: str) -> Created:
    if row.fingerprint != fingerprint:
        raise IdempotencyMismatch("This Idempotency-Key was used with another body; take a new key.")
    if row.generation is None:
        message = "The generation that was made with this Idempotency-Key has been deleted; take a new key."
        raise IdempotencyGone(message)
    return Created(row.generation, row.body or {}, replayed=True)


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
    """Render the storyboard that waits for it."""
    with transaction.atomic():
        locked = generation_lock(generation.pk)
        if locked.status != GenerationStatus.AWAITING_APPROVAL:
            _refuse(locked, "approved")
        GENERATION.move(locked, GenerationStatus.PROCESSING, approved_at=Now())
        event_record(generation=locked, type="generation.approved")
        generation_advance(generation=locked)
        return locked


def generation_retry(*, generation: Generation) -> Generation:
    """Take up a failed one where it stopped. What is ready stays, and is not paid for again."""
    with transaction.atomic():
        locked = generation_lock(generation.pk)
        if locked.status != GenerationStatus.FAILED:
            _refuse(locked, "retried")
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
        generation_advance(generation=locked)
        return locked


def generation_delete(*, generation: Generation) -> None:
    """Remove a finished one, its clips and all bytes."""
    with transaction.atomic():
        locked = generation_lock(generation.pk)
        if not locked.is_finished:
            _refuse(locked, "deleted", "cancel it first")
        assets = list(Asset.objects.filter(pk__in=_asset_ids(locked)))
        locked.delete()
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
        raise GenerationConflict(
            "This attempt is waiting for a worker; look at the queue.", status=run.status
        )
    else:
        message = (
            f"This attempt is {run.status} and its generation {run.generation.status}: nothing to run again."
        )
        raise GenerationConflict(message, status=run.generation.status)


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
