"""How each paid provider stands at this moment: one query, and what Redis knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Q, Sum

from generations.admin.filters import UNDECIDED
from generations.models import ProviderCall
from generations.providers.registry import hosted_names, provider_get
from generations.services.calls import breaker_subject
from generations.states import AT_PROVIDER, CallStatus
from videogen.kernel.admin.formatting import count, duration
from videogen.kernel.breaker import BreakerState, breaker_state
from videogen.kernel.quota import QuotaState, quota_state


@dataclass(frozen=True)
class ProviderState:
    """`missing` says why it cannot be asked. Undecided calls are among those `at_provider`."""

    name: str
    missing: str | None
    breaker: BreakerState
    quota: QuotaState
    planned: int = 0
    at_provider: int = 0
    undecided: int = 0
    reserved_usd: Decimal = Decimal(0)

    @property
    def state(self) -> str:
        """In one word, the worst first."""
        if self.missing:
            return "unavailable"
        if self.breaker.state != "closed":
            return "left_alone" if self.breaker.state == "open" else "on_probation"
        return "paused" if self.quota.paused_seconds else "ready"

    @property
    def said(self) -> str:
        """What that means."""
        if self.missing:
            return self.missing
        if self.breaker.state == "open":
            return f"It failed too often, and is tried again in {duration(self.breaker.seconds)}."
        if self.breaker.state == "half_open":
            return "The next call tries whether it works again."
        if self.quota.paused_seconds:
            return f"It asked for a pause of {duration(self.quota.paused_seconds)}."
        return ""

    @property
    def breaker_said(self) -> str:
        calls, failures = count(self.breaker.calls), count(self.breaker.failures)
        return f"{self.breaker.state.replace('_', ' ')}; {failures} of {calls} failed in the last minute"

    @property
    def jobs_said(self) -> str:
        return f"{count(self.at_provider)} of {count(settings.PROVIDER_CONCURRENT_JOBS)}"

    @property
    def requests_said(self) -> str:
        """How many submissions were let through, and how many may be."""
        limits = [self.quota.requests_per_minute, settings.PROVIDER_REQUESTS_PER_MINUTE]
        limit = min(filter(None, limits), default=None)
        passed = count(self.quota.let_through_last_minute)
        return f"{passed} of {count(limit)}" if limit else f"{passed}, without a limit"


def provider_states() -> list[ProviderState]:
    """All that are paid, whether or not they can be used here; and those that have only open calls left."""
    numbers, known = _numbers(), hosted_names()
    gone = [name for name in numbers if name not in known]
    return [_state(name, numbers.get(name, {}), is_known=name in known) for name in (*known, *gone)]


def _state(name: str, numbers: Mapping[str, Any], *, is_known: bool) -> ProviderState:
    subject = breaker_subject(name)
    missing = provider_get(name).unavailable_because() if is_known else "It is not set up any more."
    return ProviderState(name, missing, breaker_state(subject), quota_state(subject), **numbers)


def _numbers() -> dict[str, dict[str, Any]]:
    rows = (
        ProviderCall.objects.open()
        .order_by()
        .values("provider")
        .annotate(
            planned=Count("pk", filter=Q(status=CallStatus.PLANNED)),
            at_provider=Count("pk", filter=Q(status__in=AT_PROVIDER)),
            undecided=Count("pk", filter=UNDECIDED),
            held=Sum("reserved_usd"),
        )
    )
    return {
        row["provider"]: {
            "planned": row["planned"],
            "at_provider": row["at_provider"],
            "undecided": row["undecided"],
            "reserved_usd": row["held"],
        }
        for row in rows
    }
