"""What a webhook or an operator does with a call: look now, adopt the provider's job, write it off."""

import logging
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest, Least, Now

from generations.models import ProviderCall
from generations.providers.base import Job
from generations.services.call_sending import call_accept
from generations.services.calls import call_close, call_lock, error_fields
from generations.services.flow import clip_wake
from generations.states import AT_PROVIDER, CallStatus
from videogen.kernel.errors import DomainError

logger = logging.getLogger(__name__)

#: However many webhooks come, one call is not looked at more often.
PAUSE_SECONDS = 1.0
#: From these a job that turns up brings a call back.
LOST = (CallStatus.SUBMITTING, CallStatus.UNKNOWN, CallStatus.REFUSED, CallStatus.WRITTEN_OFF)


class CallConflict(DomainError):
    """The call is in a state in which that makes no sense."""

    code = "provider_call.conflict"


def call_heard(*, provider: str, token: UUID, job_id: str) -> bool:
    """A provider's webhook tells of a job of ours. False where there is no such call.

    It only makes us look now, except that it may be the first that we hear of the job's id.
    """
    call = ProviderCall.objects.filter(pk=token, provider=provider).first()
    if call is None:
        return False
    if not call.job_id and call.status in LOST:
        call_accept(call=call, job=Job(job_id, call.model))
    if job_id == ProviderCall.objects.values_list("job_id", flat=True).get(pk=call.pk):
        call_look_now(call=call)
    else:
        logger.warning("A webhook of %s for call %s is about another job, %s", provider, call.pk, job_id)
    return True


def call_look_now(*, call: ProviderCall) -> None:
    """Let the dispatcher look at it at once. Raises `CallConflict` where there is nothing to look at."""
    soon = Greatest(Now(), Coalesce("looked_at", Now()) + timedelta(seconds=PAUSE_SECONDS))
    calls = ProviderCall.objects.filter(pk=call.pk, status__in=AT_PROVIDER)
    # One that is just being sent is left to its sender.
    sent = calls.exclude(status=CallStatus.SUBMITTING)
    if not sent.update(next_look_at=Least(Coalesce("next_look_at", soon), soon)):
        call.refresh_from_db()
        if not call.job_id and call.status != CallStatus.SUBMITTING:
            raise CallConflict(f"This call is {call.status}: the provider has nothing to look at.")


def call_adopt(*, call: ProviderCall, job_id: str, operator: str) -> None:
    """An operator has found the job at the provider: it is this call's. Raises `CallConflict`."""
    job_id = job_id.strip()
    if not job_id or len(job_id) > 200 or not job_id.isprintable():
        raise CallConflict("Give the id that the provider shows for the job, at most 200 characters.")
    if ProviderCall.objects.filter(provider=call.provider, job_id=job_id).exclude(pk=call.pk).exists():
        raise CallConflict(f"The job {job_id} belongs to another call.")
    if call.job_id or call.status not in LOST:
        raise CallConflict(f"This call is {call.status}; only one whose job is not known can adopt a job.")
    call_accept(call=call, job=Job(job_id, call.model))
    if call.job_id != job_id:
        raise CallConflict(f"This call is {call.status}: somebody else was quicker.")
    ProviderCall.objects.filter(pk=call.pk).update(
        decision=f"adopted by {operator}"[:200], next_look_at=Now()
    )
    call.refresh_from_db()


def call_write_off(*, call: ProviderCall, operator: str, was_billed: bool) -> None:
    """An operator has found out that there is no job, or gives it up. Raises `CallConflict`.

    With `was_billed` its price counts as spent. The clip may be bought again from now on.
    """
    with transaction.atomic():
        locked, generation = call_lock(call.pk)
        if locked.status != CallStatus.UNKNOWN and not (
            locked.status == CallStatus.ACCEPTED and locked.given_up_at
        ):
            raise CallConflict(
                f"This call is {locked.status}; only one that asks for a decision can be written off."
            )
        call_close(
            call=locked,
            generation=generation,
            status=CallStatus.WRITTEN_OFF,
            actual_usd=locked.estimated_usd if was_billed else Decimal(0),
            decision=f"written off by {operator}"[:200],
            error_code="provider.outcome_unknown",
            error_message="Nobody knows what became of it.",
        )
        clip_wake(locked)
    call.refresh_from_db()


def call_fetch_count(*, call: ProviderCall) -> int:
    """Count one more try to fetch what was made. Answers how many there were with it."""
    ProviderCall.objects.filter(pk=call.pk).update(fetches=F("fetches") + 1)
    call.refresh_from_db(fields=["fetches"])
    return call.fetches


def call_output_lost(*, call: ProviderCall, error: DomainError) -> None:
    """What was made, and paid, cannot be had any more. Only a new call can bring the clip now."""
    ProviderCall.objects.filter(pk=call.pk).update(**error_fields(error))
