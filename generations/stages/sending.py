"""Sending a clip to a hosted provider, once."""

import time

from django.conf import settings

from generations.heartbeat import WorkUnwanted
from generations.models import ProviderCall
from generations.patience import patiently
from generations.providers.base import ClipSpec, HostedProvider, Job, OutcomeUnknown, ProviderError
from generations.services.call_sending import (
    CallUnwanted,
    call_accept,
    call_begin,
    call_doubt,
    call_refuse,
    call_take_back,
    room_check,
)
from generations.services.calls import breaker_subject
from generations.stages.base import StageWork
from generations.stages.references import references_fetch
from videogen.kernel.breaker import breaker_check, breaker_record
from videogen.kernel.errors import Postponed
from videogen.kernel.quota import Limits, Place, quota_pause, quota_settle, quota_take

#: Shown while a provider is asked.
ASKED = 0.01
#: Whoever has been held up for longer between the row and the request has perhaps been given up.
PROMPT_SECONDS = 5.0
#: A cancelled call is given so long to be answered: then it is known what there is to cancel.
LAST_SECONDS = 2.5
PLACE_GRACE_SECONDS = 10


def clip_send(work: StageWork, provider: HostedProvider, spec: ClipSpec, call: ProviderCall) -> None:
    """Make the call that is planned. When it returns, the provider has the clip, or may have it.

    Raises `Postponed`, or `ProviderError` where the provider has certainly not taken it.
    """
    subject = breaker_subject(provider.name)
    room_check(call)
    breaker_check(subject, ticket=str(call.pk))
    # Before the ledger says that the call may have been made.
    spec = _with_files(work, provider, spec)
    place = _place(work, subject, call)
    patience = _Patience(work)
    try:
        _begin(work, call, provider, spec)
        _send(patience, provider, spec, call)
    finally:
        quota_settle(place, cost=1)


def _with_files(work: StageWork, provider: HostedProvider, spec: ClipSpec) -> ClipSpec:
    """The spec with its pictures as the provider takes them. An upload costs nothing and may happen twice."""
    if not work.generation.references:
        return spec
    subject, fetched = breaker_subject(provider.name), references_fetch(work, spec)
    try:
        return provider.with_files(fetched, tick=lambda: work.report(ASKED))
    except Postponed as postponed:
        if postponed.code == "provider.rate_limited":
            quota_pause(subject=subject, seconds=postponed.seconds)
        raise
    except ProviderError as error:
        breaker_record(subject, failed=error.code == "provider.unreachable")
        raise


def _place(work: StageWork, subject: str, call: ProviderCall) -> Place:
    return quota_take(
        subject=subject,
        limits=Limits(requests_per_minute=settings.PROVIDER_REQUESTS_PER_MINUTE or None),
        cost=1,
        ticket=str(call.pk),
        lease_seconds=settings.PROVIDER_TIMEOUT_SECONDS + PLACE_GRACE_SECONDS,
        processes=settings.CLIPS_WORKERS,
        tick=lambda: work.report(ASKED),
    )


def _begin(work: StageWork, call: ProviderCall, provider: HostedProvider, spec: ClipSpec) -> None:
    try:
        call_begin(call=call, run=work.run, request=provider.payload(spec))
    except CallUnwanted as unwanted:
        raise WorkUnwanted from unwanted


def _send(patience: "_Patience", provider: HostedProvider, spec: ClipSpec, call: ProviderCall) -> None:
    subject = breaker_subject(provider.name)
    try:
        patience.check_prompt()
        submission = provider.submit(
            spec, token=str(call.pk), webhook_url=webhook_url(call), tick=patience.tick
        )
    except Postponed as postponed:
        # Only a pause: from so few requests as clips need, no limit per minute can be guessed.
        quota_pause(subject=subject, seconds=postponed.seconds)
        patiently(lambda: call_take_back(call=call))
        raise
    except OutcomeUnknown:
        breaker_record(subject, failed=True)
        patiently(lambda: call_doubt(call=call))
        return
    except ProviderError as error:
        breaker_record(subject, failed=error.code == "provider.unreachable")
        refused = error
        patiently(lambda: call_refuse(call=call, error=refused))
        raise
    except BaseException:  # Cancelled, or out of time, in the middle of it.
        patiently(lambda: call_doubt(call=call))
        raise
    breaker_record(subject, failed=False)
    job = Job(submission.job_id, spec.model, submission.urls)
    patiently(lambda: call_accept(call=call, job=job, answer=dict(submission.answer)))


def webhook_url(call: ProviderCall) -> str:
    """Where the provider tells of it; empty where it cannot reach us."""
    base = settings.PROVIDER_WEBHOOK_URL
    return f"{base}/hooks/{call.provider}/{call.pk}" if base else ""


class _Patience:
    """Begins before the row is written. Lets a cancelled call be answered, if that comes soon."""

    def __init__(self, work: StageWork) -> None:
        self._work = work
        self._started = time.monotonic()
        self._unwanted_at: float | None = None

    def check_prompt(self) -> None:
        """Raises where so much time has passed that somebody else may act on this call by now."""
        if time.monotonic() - self._started > PROMPT_SECONDS:
            raise Postponed("The sender was held up.", seconds=1)

    def tick(self) -> None:
        try:
            self._work.report(ASKED)
        except WorkUnwanted:
            now = time.monotonic()
            self._unwanted_at = self._unwanted_at or now
            if now - self._unwanted_at > LAST_SECONDS:
                raise
