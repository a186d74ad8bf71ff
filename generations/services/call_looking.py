"""Looking at what providers have: whose look is due, what it found, and what follows from that.

Looks are made by the dispatcher, many at once and without the database; what they found is written
down one by one. Two dispatchers never look at one call at the same time, and it would do no harm.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import httpx
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import Generation, ProviderCall, StageRun
from generations.providers.base import Found, HostedProvider, Job, JobState, Look, ProviderError, Sought
from generations.services.call_doubts import call_despair, call_disown, call_search
from generations.services.call_sending import call_accept, call_doubt
from generations.services.call_times import model_seconds, next_look_seconds
from generations.services.calls import breaker_subject, call_close, call_lock, error_fields
from generations.services.events import event_record
from generations.services.flow import clip_wake
from generations.services.stage_runs import waiting_percentage
from generations.states import AT_PROVIDER, CallStatus, StageStatus
from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.quota import quota_pause, quota_state
from videogen.kernel.ratelimit import rate_take
from videogen.kernel.states import TransitionRefused

logger = logging.getLogger(__name__)

#: One request of a look may take so long, and all of its requests together. Until a batch must have ended,
#: nobody else takes its calls.
LOOK_SECONDS, LONGEST_LOOK_SECONDS = 10.0, 20.0
CLAIM_SECONDS = 30.0
#: After a look that failed.
TROUBLE_SECONDS = 10.0
#: Of a provider that has not told of a job for too long.
DESPAIR_SECONDS = 300.0
#: How long a provider may go on after it was told to stop.
STUBBORN_SECONDS = 300
#: How long it may say that it does not know a job that it has taken.
MISSING_SECONDS = 120


@dataclass(frozen=True)
class Seen:
    """What one look came to: one of the three. `cancel_sent`: the provider was told to stop it."""

    look: Look | None = None
    found: Found | None = None
    trouble: Postponed | ProviderError | None = None
    cancel_sent: bool = False


def calls_due(*, provider: str, most: int) -> list[ProviderCall]:
    """The calls whose look is due, the longest overdue first; nobody else gets them for a while.

    Their `next_look_at` is until when: a webhook or a cancel that comes meanwhile sets another time.
    """
    due = ProviderCall.objects.filter(provider=provider, status__in=AT_PROVIDER, next_look_at__lte=Now())
    with transaction.atomic():
        calls = list(due.select_for_update(skip_locked=True).order_by("next_look_at")[:most])
        claimed = ProviderCall.objects.filter(pk__in=[call.pk for call in calls])
        claimed.update(next_look_at=Now() + timedelta(seconds=CLAIM_SECONDS))
        until = dict(claimed.values_list("pk", "next_look_at"))
    for call in calls:
        call.next_look_at = until[call.pk]
    return calls


def looks_allowed(*, provider: str, most: int) -> int:
    """How many looks all dispatchers together may make at this provider now."""
    per_second = settings.PROVIDER_LOOKS_PER_SECOND
    allowed = 0
    while allowed < most and rate_take(key=looks_subject(provider), count=per_second, seconds=1).allowed:
        allowed += 1
    return allowed


def looks_subject(provider: str) -> str:
    """What the limit of looks at a provider is called."""
    return f"looks:{provider}"


class Looker:
    """Looks at one provider, again and again, with one event loop and one client."""

    def __init__(self, provider: HostedProvider) -> None:
        self.provider = provider
        self._runner = asyncio.Runner()
        self._client: httpx.AsyncClient | None = None

    def look(self) -> int:
        """Look at all due calls that may be looked at now. Answers how many."""
        calls = _taken(self.provider)
        if not calls:
            return 0
        sought = {call.pk: _sought(call) for call in calls if call.status != CallStatus.ACCEPTED}
        for call, seen in self._runner.run(self._look(calls, sought)):
            try:
                call_seen(call=call, seen=seen)
            except DomainError as error:  # One call must not hold up the others.
                logger.error("What was seen of call %s could not be written down: %s", call.pk, error)
        return len(calls)

    async def _look(
        self, calls: Sequence[ProviderCall], sought: Mapping[UUID, Sought]
    ) -> list[tuple[ProviderCall, Seen]]:
        # Made within the loop that it belongs to, and kept: its certificates take a while to load.
        self._client = self._client or self.provider.async_client(timeout_seconds=LOOK_SECONDS)
        looks = [_look(self.provider, call, sought.get(call.pk), self._client) for call in calls]
        return list(zip(calls, await asyncio.gather(*looks), strict=True))

    def close(self) -> None:
        """Let go of the connections."""
        if self._client:
            self._runner.run(self._client.aclose())
        self._runner.close()


def provider_look(provider: HostedProvider) -> int:
    """One round of looks. Answers how many."""
    with closing(Looker(provider)) as looker:
        return looker.look()


def _taken(provider: HostedProvider) -> list[ProviderCall]:
    name = provider.name
    due = ProviderCall.objects.filter(provider=name, status__in=AT_PROVIDER, next_look_at__lte=Now())
    waiting = due[: settings.PROVIDER_LOOKS_PER_SECOND].count()
    if not waiting or provider.unavailable_because() or quota_state(looks_subject(name)).paused_seconds:
        return []
    most = looks_allowed(provider=name, most=waiting)
    return [_doubted(call) for call in calls_due(provider=name, most=most)]


def _doubted(call: ProviderCall) -> ProviderCall:
    """Who was sending it has died, or the look would not be due."""
    if call.status == CallStatus.SUBMITTING:
        call_doubt(call=call)
        call.refresh_from_db()
    return call


def _sought(call: ProviderCall) -> Sought:
    sent_at = call.sent_at or call.created_at
    known = ProviderCall.objects.filter(
        provider=call.provider, created_at__gte=sent_at - timedelta(days=1)
    ).exclude(job_id="")
    return Sought(
        token=str(call.pk),
        model=call.model,
        input=call.request,
        sent_at=sent_at,
        taken=frozenset(known.values_list("job_id", flat=True)),
    )


async def _look(
    provider: HostedProvider, call: ProviderCall, sought: Sought | None, client: httpx.AsyncClient
) -> Seen:
    cancel_sent = False
    try:
        async with asyncio.timeout(LONGEST_LOOK_SECONDS):
            if sought:
                return Seen(found=await provider.find(sought, client))
            job = Job(call.job_id, call.model, call.urls)
            if _is_to_be_stopped(call):
                cancel_sent = await _stopped(provider, job, client)
            return Seen(look=await provider.poll(job, client), cancel_sent=cancel_sent)
    except TimeoutError:
        slow = ProviderError(f"{provider.name} answers too slowly.", code="provider.unreachable")
        return Seen(trouble=slow, cancel_sent=cancel_sent)
    except (Postponed, ProviderError) as trouble:
        return Seen(trouble=trouble, cancel_sent=cancel_sent)


def _is_to_be_stopped(call: ProviderCall) -> bool:
    return call.cancel_requested_at is not None and call.cancel_sent_at is None


async def _stopped(provider: HostedProvider, job: Job, client: httpx.AsyncClient) -> bool:
    """Whether it could be told. Where not, it is looked at all the same, for it may have ended."""
    try:
        await provider.cancel(job, client)
    except (Postponed, ProviderError) as trouble:
        logger.warning("%s could not be told to stop %s: %s", provider.name, job.job_id, trouble)
        return False
    return True


def call_seen(*, call: ProviderCall, seen: Seen) -> None:
    """Write down what a look found, and what follows from it."""
    if seen.cancel_sent:
        ProviderCall.objects.filter(pk=call.pk).update(cancel_sent_at=Now())
    if seen.trouble:
        _troubled(call, seen.trouble)
        return
    if seen.found:
        _searched(call, seen.found)
    elif seen.look and seen.look.state == JobState.MISSING:
        _missing(call, seen.look)
    elif seen.look and seen.look.state in (JobState.QUEUED, JobState.RUNNING):
        _goes_on(call, seen.look, is_told=seen.cancel_sent)
    elif seen.look:
        call_end(call=call, look=seen.look)


def _troubled(call: ProviderCall, trouble: Postponed | ProviderError) -> None:
    seconds = TROUBLE_SECONDS
    if isinstance(trouble, Postponed):
        seconds = max(trouble.seconds, 1.0)
        for subject in (breaker_subject(call.provider), looks_subject(call.provider)):
            quota_pause(subject=subject, seconds=seconds)
    logger.warning("A look at %s of %s failed: %s", call.job_id or call.pk, call.provider, trouble)
    if call_despair(call=call):
        seconds = DESPAIR_SECONDS
    _look_again(call, seconds)


def _look_again(call: ProviderCall, seconds: float) -> None:
    looked = ProviderCall.objects.filter(pk=call.pk, status__in=AT_PROVIDER)
    looked.update(looks=F("looks") + 1, looked_at=Now())
    # Unless somebody has wished for another time meanwhile.
    looked.filter(next_look_at=call.next_look_at).update(next_look_at=Now() + timedelta(seconds=seconds))


def _searched(call: ProviderCall, found: Found) -> None:
    if found.job:
        call_accept(call=call, job=found.job)
    elif not call_search(call=call, found=found):
        _look_again(call, next_look_seconds(call, waited_seconds=0))


def _goes_on(call: ProviderCall, look: Look, *, is_told: bool) -> None:
    """It is still at work. `is_told`: it was just told to stop."""
    waited = _seconds_since(call.accepted_at or call.created_at)
    if call.cancel_requested_at and _seconds_since(call.cancel_requested_at) > STUBBORN_SECONDS:
        message = (
            f"{call.provider} has not ended it {waited:.0f} s after it was accepted, and does not stop it."
        )
        error = ProviderError(message, code="provider.timed_out", retryable=False)
        call_end(call=call, look=Look(JobState.FAILED, error=error, answer=look.answer))
        return
    if waited > settings.PROVIDER_JOB_SECONDS and not call.cancel_requested_at:
        ProviderCall.objects.filter(pk=call.pk, status=CallStatus.ACCEPTED).update(
            cancel_requested_at=Now(), is_overdue=True, next_look_at=Now()
        )
        return
    ProviderCall.objects.filter(pk=call.pk, status=CallStatus.ACCEPTED).update(given_up_at=None)
    ProviderCall.objects.filter(pk=call.pk).update(provider_state=look.state)
    seconds = next_look_seconds(call, waited_seconds=waited)
    is_stubborn = _is_to_be_stopped(call) and not is_told
    _look_again(call, min(seconds, TROUBLE_SECONDS) if is_stubborn else seconds)
    usual = model_seconds(call.provider, call.model)
    for run in StageRun.objects.filter(clip=call.clip_id, status=StageStatus.WAITING):
        waiting_percentage(run=run, fraction=waited / usual if usual else 0.0)


def _seconds_since(moment: datetime) -> float:
    return (timezone.now() - moment).total_seconds()


def _missing(call: ProviderCall, look: Look) -> None:
    """The provider does not know it. That may pass, or the id may be wrong that somebody gave us."""
    if _seconds_since(call.accepted_at or call.created_at) < MISSING_SECONDS:
        _look_again(call, TROUBLE_SECONDS)
    elif call.decision and not call.provider_state:
        call_disown(call=call)
    else:
        call_end(call=call, look=replace(look, state=JobState.FAILED))


def call_end(*, call: ProviderCall, look: Look) -> None:
    """The provider has ended it: settle the money, and wake who waits for it. Twice changes nothing."""
    try:
        with transaction.atomic():
            locked, generation = call_lock(call.pk)
            actual = Decimal(0) if look.is_billed is False else locked.estimated_usd
            status, error = _ending(locked, look)
            call_close(
                call=locked,
                generation=generation,
                status=status,
                actual_usd=actual,
                output_url=look.output_url,
                provider_state=look.state,
                answer=dict(look.answer),
                **error_fields(error),
                looks=F("looks") + 1,
                looked_at=Now(),
            )
            _tell(generation, locked, error)
            clip_wake(locked)
    except TransitionRefused as refused:
        logger.info("Ended already: %s", refused)


def _is_overdue(call: ProviderCall) -> bool:
    """Whether it was stopped for taking too long, by us or, as we had asked, by the provider."""
    if call.cancel_requested_at:
        return call.is_overdue
    return (
        call.accepted_at is not None
        and _seconds_since(call.accepted_at) > 0.9 * settings.PROVIDER_JOB_SECONDS
    )


def _ending(call: ProviderCall, look: Look) -> tuple[CallStatus, ProviderError | None]:
    if look.state == JobState.SUCCEEDED:
        return CallStatus.SUCCEEDED, look.error
    if look.state == JobState.CANCELLED and not _is_overdue(call):
        message = f"{call.provider} says that this clip was cancelled."
        return CallStatus.CANCELLED, ProviderError(message, code="provider.cancelled", retryable=False)
    if look.state == JobState.CANCELLED:
        message = (
            f"{call.provider} took longer than {settings.PROVIDER_JOB_SECONDS} s, so it was told to stop."
        )
        return CallStatus.FAILED, ProviderError(message, code="provider.timed_out", retryable=False)
    return CallStatus.FAILED, look.error or ProviderError(f"{call.provider} could not make the clip.")


def _tell(generation: Generation | None, call: ProviderCall, error: ProviderError | None) -> None:
    if generation is None:
        return
    event_record(
        generation=generation,
        type=f"clip.provider_{call.status}",
        stage="clip",
        position=call.position,
        message=str(error) if error else "",
        provider=call.provider,
        model=call.model,
        cost_usd=f"{call.actual_usd:.6f}",
    )
