"""Moderation verdicts: asked for once, remembered as long as answers are, and written into the ledger."""

import hashlib
import json
import logging
import time

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.utils import timezone

from analysis.engines.base import CallContext
from analysis.engines.openai.moderation import moderate
from analysis.engines.openai.wire import CallFailed
from analysis.errors import AnalysisError
from analysis.models import Outcome, TextCall
from analysis.remembered import answer_once
from videogen.kernel.breaker import breaker_check, breaker_record

logger = logging.getLogger(__name__)

TASK = "moderation"
SUBJECT = "openai:moderation"


def verdict(texts: list[str], context: CallContext) -> list[str]:
    """The categories for which one of the texts must be blocked, the worst first.

    Raises an `AnalysisError`, or `Postponed` while the server fails or the same texts are being looked at.
    """
    if not (settings.MODERATION_MODEL and texts):
        return []
    asked = json.dumps([settings.MODERATION_MODEL, sorted(settings.MODERATION_ALLOW), texts])
    key = f"{TASK}:{hashlib.sha256(asked.encode()).hexdigest()}"
    found = answer_once(key, lambda: json.dumps(_ask(texts, context)), tick=context.tick)
    categories: list[str] = json.loads(found.value)
    return categories


def _ask(texts: list[str], context: CallContext) -> list[str]:
    breaker_check(SUBJECT)
    started, error = time.monotonic(), None
    try:
        categories = moderate(texts, tick=context.tick)
    except CallFailed as failure:
        error = failure.error
        breaker_record(SUBJECT, failed=failure.facts.server_at_fault)
        raise failure.error from failure
    else:
        breaker_record(SUBJECT, failed=False)
        return categories
    finally:
        _record(context, error, latency_seconds=time.monotonic() - started)


def _record(context: CallContext, error: AnalysisError | None, *, latency_seconds: float) -> None:
    """The call is free: the verdict matters more than the row."""
    try:
        TextCall.objects.create(
            task=TASK,
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
