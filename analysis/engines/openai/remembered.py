"""Answers that are shared: by those who ask the same now, and for ANALYSIS_CACHE_SECONDS after."""

from collections.abc import Callable

from django.conf import settings

from analysis import errors
from analysis.errors import AnalysisError
from videogen.kernel.errors import DomainError
from videogen.kernel.single_flight import Answer, Failure, once
from videogen.kernel.waiting import Tick

#: Others wait this long after whoever was asking was killed; its process renews it while it lives.
LOCK_SECONDS = 10


def answer_once(key: str, ask: Callable[[], str], *, tick: Tick) -> Answer:
    """The answer for `key`, asked for once. Raises what `ask` raises, or `Postponed` while another asks."""
    return once(
        f"analysis:{key}",
        ask,
        keep_seconds=settings.ANALYSIS_CACHE_SECONDS,
        lock_seconds=LOCK_SECONDS,
        tick=tick,
        revive=_revived,
    )


def _revived(failure: Failure) -> DomainError:
    """The error as its own class: what catches it asks for the class."""
    kind = getattr(errors, failure.kind, AnalysisError)
    error: DomainError = kind(failure.message, code=failure.code, retryable=False, **failure.details)
    return error
