"""What becomes of a call of which nobody knows whether its provider has taken it.

For PROVIDER_UNKNOWN_SECONDS a webhook or the provider's own list may tell. Then, where the list would
have it and has not, it was not taken. Where nothing can be listed, a person decides what became
of it; the clip is sent once more meanwhile, and not a third time.
"""

import logging
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Clip, Generation, ProviderCall
from generations.providers.base import Found
from generations.services.calls import call_close, call_lock, call_release, calls_plan
from generations.services.events import event_record
from generations.services.flow import clip_wake
from generations.states import CALL, WORKABLE, CallStatus
from videogen.kernel.errors import DomainError

logger = logging.getLogger(__name__)

#: How often it may be sent while nobody knows what became of those before.
MOST_UNKNOWN = 2
#: So much longer than a job may take is waited for a provider that cannot be asked.
PATIENCE_SECONDS = 300


def call_search(*, call: ProviderCall, found: Found) -> bool:
    """Nothing was found. Answers whether that was the last search, because the time for it is over."""
    if _seconds_since(call.doubted_at or call.created_at) < settings.PROVIDER_UNKNOWN_SECONDS:
        return False
    with transaction.atomic():
        locked, generation = call_lock(call.pk)
        if locked.status != CallStatus.UNKNOWN:
            return True
        if found.is_certain:
            _not_taken(locked, generation)
        elif locked.given_up_at:  # It was looked for once more, in vain.
            ProviderCall.objects.filter(pk=locked.pk).update(
                looks=F("looks") + 1, looked_at=Now(), next_look_at=None
            )
        else:
            _give_up(locked, generation)
        clip_wake(locked)
    return True


def call_despair(*, call: ProviderCall) -> bool:
    """The provider could not be asked. Whether that has lasted for longer than any job may.

    Then a person has to decide. Nothing is sent again: the provider may have the first one.
    """
    since = call.accepted_at or call.doubted_at or call.created_at
    if _seconds_since(since) < settings.PROVIDER_JOB_SECONDS + PATIENCE_SECONDS:
        return False
    with transaction.atomic():
        locked, _ = call_lock(call.pk)
        if locked.status in (CallStatus.UNKNOWN, CallStatus.ACCEPTED) and locked.given_up_at is None:
            logger.error("%s does not tell of call %s: a person has to decide", call.provider, call.pk)
            ProviderCall.objects.filter(pk=call.pk).update(given_up_at=Now())
            clip_wake(locked)
    return True


def call_disown(*, call: ProviderCall) -> None:
    """The provider has no such job as was adopted: as before, nobody knows what became of the call."""
    with transaction.atomic():
        locked, _ = call_lock(call.pk)
        CALL.move(
            locked,
            CallStatus.UNKNOWN,
            job_id="",
            urls={},
            accepted_at=None,
            doubted_at=Now(),
            given_up_at=Now(),
            next_look_at=None,
            decision=f"{locked.provider} has no job {locked.job_id}"[:200],
        )
        clip_wake(locked)


def _seconds_since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()


def _not_taken(call: ProviderCall, generation: Generation | None) -> None:
    call_close(
        call=call,
        generation=generation,
        status=CallStatus.REFUSED,
        actual_usd=Decimal(0),
        error_code="provider.outcome_unknown",
        error_message=f"{call.provider} does not list it, so it was never taken.",
        error_is_retryable=True,
        decision="the provider's list",
    )


def _give_up(call: ProviderCall, generation: Generation | None) -> None:
    logger.error("Nobody knows whether %s has taken call %s: a person has to decide", call.provider, call.pk)
    ProviderCall.objects.filter(pk=call.pk).update(given_up_at=Now(), next_look_at=None)
    call.refresh_from_db()
    if generation is None or generation.status not in WORKABLE or call.clip is None:
        return
    earlier = ProviderCall.objects.filter(
        clip=call.clip, fingerprint=call.fingerprint, doubted_at__isnull=False, given_up_at__isnull=False
    )
    if earlier.count() < MOST_UNKNOWN:
        _send_again(call, call.clip, generation)


def _send_again(call: ProviderCall, clip: Clip, generation: Generation) -> None:
    try:
        with transaction.atomic():
            ProviderCall.objects.filter(pk=call.pk).update(is_superseded=True)
            calls_plan(generation=generation, clips=[clip], replaces=call)
            generation.warnings = [*generation.warnings, _warning(call)]
            generation.save(update_fields=["warnings"])
            event_record(
                generation=generation,
                type="clip.sent_again",
                stage="clip",
                position=call.position,
                message=_warning(call),
                provider=call.provider,
            )
    except DomainError as refused:  # Over a budget, or no longer possible with this model.
        logger.warning("Call %s is not sent again: %s", call.pk, refused)


def replacement_spare(*, call: ProviderCall, generation: Generation | None) -> None:
    """It has turned up. The other one, where it is not sent yet, is not needed. The lock is held."""
    for other in ProviderCall.objects.filter(replaces=call, status=CallStatus.PLANNED):
        call_release(call=other, generation=generation)
        call.is_superseded = False
        if generation:
            generation.warnings = [each for each in generation.warnings if each != _warning(call)]
            generation.save(update_fields=["warnings"])


def _warning(call: ProviderCall) -> str:
    return (
        f"Clip {call.position} was sent to {call.provider} a second time, because no answer told whether it "
        f"was taken the first time; up to {call.estimated_usd:.6f} USD may have been billed twice."
    )
