"""Moderation verdicts: asked for once, remembered as long as answers are, and written into the ledger."""

import hashlib
import json
import logging
import time
import uuid

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.utils import timezone

from analysis.engines.base import CallContext
from analysis.engines.openai.calls import LEASE_GRACE_SECONDS, connection_leave
from analysis.engines.openai.moderation import MODERATION_SECONDS, moderate
from analysis.engines.openai.remembered import answer_once
from analysis.engines.openai.wire import CallFailed
from analysis.errors import AnalysisError, RateLimited
from analysis.language_models import MODERATION
from analysis.models import Outcome, TextCall
from videogen.kernel.breaker import breaker_check, breaker_record
from videogen.kernel.errors import Postponed
from videogen.kernel.quota import Limits, quota_pause, quota_settle, quota_take
from videogen.kernel.quota_scripts import REFUSED_SECONDS

logger = logging.getLogger(__name__)

SUBJECT = "openai:moderation"


def verdict(texts: list[str], context: CallContext) -> list[str]:
    """The categories for which one of the texts must be blocked, the worst first.

    Raises an `AnalysisError`, or `Postponed` while the server fails, has had too many requests, or the
    same texts are being looked at.
    """
    if not (settings.MODERATION_MODEL and texts):
        return []
    server = [settings.OPENAI_BASE_URL, settings.MODERATION_MODEL]
    asked = json.dumps([*server, sorted(settings.MODERATION_ALLOW), texts])
    key = f"{MODERATION}:{hashlib.sha256(asked.encode()).hexdigest()}"
    found = answer_once(key, lambda: json.dumps(_ask(texts, context)), tick=context.tick)
    categories: list[str] = json.loads(found.value)
    return categories


def _ask(texts: list[str], context: CallContext) -> list[str]:
    ticket = f"{context.ticket or uuid.uuid4()}:{MODERATION}"
    breaker_check(SUBJECT, ticket=ticket)
    place = quota_take(
        subject=SUBJECT,
        limits=Limits(),
        cost=0,
        ticket=ticket,
        lease_seconds=MODERATION_SECONDS + LEASE_GRACE_SECONDS,
        patience_seconds=0,  # A client may be waiting.
        tick=context.tick,
    )
    started, error = time.monotonic(), None
    try:
        categories = moderate(texts, tick=context.tick)
    except CallFailed as failure:
        error = failure.error
        breaker_record(SUBJECT, failed=failure.facts.server_at_fault)
        raise _consequence(failure) from failure
    else:
        breaker_record(SUBJECT, failed=False)
        return categories
    finally:
        quota_settle(place, cost=0)
        _record(context, error, latency_seconds=time.monotonic() - started)


def _consequence(failure: CallFailed) -> AnalysisError | Postponed:
    """What the caller gets, after all processes were told how long to leave the server alone."""
    error, asked = failure.error, failure.facts.limits.retry_after_seconds
    if not isinstance(error, RateLimited):
        return error
    seconds = quota_pause(subject=SUBJECT, seconds=REFUSED_SECONDS if asked is None else asked)
    return Postponed(f"{error} Again in {seconds:.0f} s.", seconds=seconds, code=error.code)


def _record(context: CallContext, error: AnalysisError | None, *, latency_seconds: float) -> None:
    """The call is free: the verdict matters more than the row."""
    try:
        TextCall.objects.create(
            task=MODERATION,
            model=settings.MODERATION_MODEL,
            generation_id=context.generation_id,
            outcome=Outcome.FAILED if error else Outcome.ANSWERED,
            error_code=error.code if error else "",
            error_message=str(error) if error else "",
            latency_seconds=latency_seconds,
            finished_at=timezone.now(),
        )
    except DatabaseTrouble as trouble:
        logger.warning("The ledger does not know of a moderation: %s", trouble)
        connection_leave()
