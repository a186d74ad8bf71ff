"""Sending a paid call, in two phases: the row is committed before the request, the provider's id after.

Whatever dies in between leaves a row from which it can be told that money may have been spent:

    planned ── call_begin ──> submitting ── call_accept ──> accepted
                                  │ └── call_refuse ──> refused      certainly not taken, costs nothing
                                  ├── call_take_back ──> planned     too early, nothing was taken
                                  └── call_doubt ──> unknown         the dispatcher finds out
"""

import logging
import random
import zlib
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Generation, ProviderCall, StageRun
from generations.providers.base import Job, ProviderError
from generations.services.call_doubts import replacement_spare
from generations.services.call_times import first_look_seconds, model_seconds
from generations.services.calls import PROVIDER_FULL, CallReleased, call_close, call_lock, error_fields
from generations.services.events import event_record
from generations.services.flow import generation_lock, run_is_held
from generations.states import (
    AT_PROVIDER,
    CALL,
    OPEN_CALLS,
    WORKABLE,
    CallStatus,
    GenerationStatus,
)
from videogen.kernel.errors import Postponed
from videogen.kernel.states import TransitionRefused

logger = logging.getLogger(__name__)

#: A sender that has said nothing for so long after its time limit has died.
SENDER_GRACE_SECONDS = 15
#: Waited at least while a provider has as many of our jobs as are allowed.
FULL_SECONDS, FULL_CAP_SECONDS = 5, 300


class CallUnwanted(Exception):
    """Nobody wants the clip any more: it must not be paid for."""


def call_begin(*, call: ProviderCall, run: StageRun, request: dict[str, Any]) -> None:
    """From now on the call may have been made. Commits before it returns.

    Raises `CallUnwanted`, or `Postponed` while the provider has enough of our jobs.
    """
    with transaction.atomic(durable=True):
        generation = generation_lock(run.generation_id)
        if generation.status not in WORKABLE or not run_is_held(run):
            raise CallUnwanted
        _room_lock(call)
        room_check(call)
        try:
            CALL.move(
                call,
                CallStatus.SUBMITTING,
                stage_run=run,
                request=request,
                sent_at=Now(),
                next_look_at=Now()
                + timedelta(seconds=settings.PROVIDER_TIMEOUT_SECONDS + SENDER_GRACE_SECONDS),
            )
        except TransitionRefused as refused:  # The one that it was to replace has turned up.
            raise Postponed("It need not be sent any more.", seconds=0, code="provider.moved") from refused


def _room_lock(call: ProviderCall) -> None:
    """One sender at a time for each provider, until this transaction ends, so that the count holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [zlib.crc32(f"provider:{call.provider}".encode())])


def room_check(call: ProviderCall) -> None:
    """Raises `Postponed` while the provider has as many of our jobs as are allowed."""
    at_provider = ProviderCall.objects.filter(provider=call.provider, status__in=AT_PROVIDER)
    at_work = at_provider.filter(given_up_at=None).count()
    if at_work >= settings.PROVIDER_CONCURRENT_JOBS:
        seconds = _backlog_seconds(call)
        message = f"{call.provider} has {at_work} of our clips, as many as PROVIDER_CONCURRENT_JOBS allows."
        raise Postponed(message, seconds=seconds, code=PROVIDER_FULL)


def _backlog_seconds(call: ProviderCall) -> float:
    """When it is worth coming back: those that wait come as often, together, as places become free."""
    waiting = ProviderCall.objects.filter(provider=call.provider, status=CallStatus.PLANNED).count()
    rounds = waiting / settings.PROVIDER_CONCURRENT_JOBS
    seconds = model_seconds(call.provider, call.model) * rounds
    spread = random.uniform(0.5, 1.0)  # noqa: S311  Not a secret.
    return max(FULL_SECONDS, min(FULL_CAP_SECONDS, seconds) * spread)


def call_accept(*, call: ProviderCall, job: Job, answer: dict[str, Any] | None = None) -> None:
    """The provider has it, under this id. Whoever learns that says so, however late and however often."""
    if not _accept(call, job, answer or {}):
        call.refresh_from_db()
        if call.job_id != job.job_id:
            logger.error(
                "Call %s is %s, yet %s says that it took it as %s",
                call.pk,
                call.status,
                call.provider,
                job.job_id,
            )


def _accept(call: ProviderCall, job: Job, answer: dict[str, Any]) -> bool:
    try:
        with transaction.atomic():
            locked, generation = call_lock(call.pk)
            replacement_spare(call=locked, generation=generation)
            rival = _has_rival(locked)
            cancelled_at = locked.cancel_requested_at
            if rival or not _is_wanted(generation):
                cancelled_at = cancelled_at or timezone.now()
            CALL.move(
                locked,
                CallStatus.ACCEPTED,
                job_id=job.job_id,
                urls=dict(job.urls),
                answer=answer,
                accepted_at=Now(),
                doubted_at=None,
                given_up_at=None,
                finished_at=None,
                error_code="",
                error_message="",
                # What is not needed any more is stopped: that may save its money.
                is_superseded=locked.is_superseded or rival,
                cancel_requested_at=cancelled_at,
                next_look_at=Now() + timedelta(seconds=0 if cancelled_at else first_look_seconds(locked)),
            )
            if generation:
                _tell(generation, locked)
    except (TransitionRefused, IntegrityError) as refused:
        logger.info("Not accepted again: %s", refused)
        return False
    call.refresh_from_db()
    return True


def _has_rival(call: ProviderCall) -> bool:
    """Whether another call has brought the clip, or is about to."""
    coming = Q(status__in=OPEN_CALLS, is_superseded=False)
    come = Q(status=CallStatus.SUCCEEDED, error_code="")
    others = ProviderCall.objects.filter(coming | come, clip=call.clip_id).exclude(pk=call.pk)
    return call.clip_id is not None and others.exists()


def _is_wanted(generation: Generation | None) -> bool:
    """Whether anybody may still use a clip of it. One that has failed may be retried."""
    stopped = (GenerationStatus.CANCELLING, GenerationStatus.CANCELLED)
    return generation is not None and generation.status not in stopped


def _tell(generation: Generation, call: ProviderCall) -> None:
    event_record(
        generation=generation,
        type="clip.submitted",
        stage="clip",
        position=call.position,
        provider=call.provider,
        model=call.model,
        seconds=float(call.seconds),
        estimated_usd=f"{call.estimated_usd:.6f}",
    )


def call_refuse(*, call: ProviderCall, error: ProviderError) -> None:
    """The provider has certainly not taken it: nothing is owed."""
    with transaction.atomic():
        locked, generation = call_lock(call.pk)
        if locked.status == CallStatus.REFUSED:
            return  # By us, in a commit whose answer was lost.
        call_close(
            call=locked,
            generation=generation,
            status=CallStatus.REFUSED,
            actual_usd=Decimal(0),
            **error_fields(error),
        )


def call_take_back(*, call: ProviderCall) -> None:
    """It was too early, and nothing was taken: it may be sent later."""
    with transaction.atomic():
        locked, generation = call_lock(call.pk)
        if locked.status in (CallStatus.PLANNED, CallStatus.REFUSED):
            return  # By us, in a commit whose answer was lost.
        if locked.is_superseded or locked.cancel_requested_at or not _may_be_sent(generation):
            call_close(
                call=locked,
                generation=generation,
                status=CallStatus.REFUSED,
                actual_usd=Decimal(0),
                **error_fields(CallReleased("It was too early for it, and then it was not needed any more.")),
            )
        else:
            CALL.move(
                locked, CallStatus.PLANNED, sent_at=None, doubted_at=None, given_up_at=None, next_look_at=None
            )


def _may_be_sent(generation: Generation | None) -> bool:
    return generation is not None and generation.status in WORKABLE


def call_doubt(*, call: ProviderCall) -> None:
    """Nobody knows whether the provider has it. Does nothing where somebody does by now."""
    with transaction.atomic():
        locked, generation = call_lock(call.pk)
        if locked.status != CallStatus.SUBMITTING:
            return
        CALL.move(locked, CallStatus.UNKNOWN, doubted_at=Now(), next_look_at=Now())
        if generation:
            event_record(
                generation=generation,
                type="clip.outcome_unknown",
                stage="clip",
                position=locked.position,
                message=f"{locked.provider} may have taken this clip, or not; we find out.",
                provider=locked.provider,
                seconds=settings.PROVIDER_UNKNOWN_SECONDS,
            )
