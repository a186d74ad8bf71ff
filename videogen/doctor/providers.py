"""Paid providers: how they tell us of clips, whether they are left alone, and what asks for a decision."""

from collections.abc import Iterator
from decimal import Decimal

from django.conf import settings
from django.db import DatabaseError

from generations.models import ProviderCall
from generations.providers.base import HostedProvider
from generations.providers.registry import provider_get, provider_names
from generations.services.calls import breaker_subject
from generations.states import AT_PROVIDER
from videogen.doctor.finding import Finding, off, ok, warning
from videogen.kernel.admin.formatting import count, usd
from videogen.kernel.breaker import breaker_state
from videogen.kernel.quota import quota_state


def usable_names() -> list[str]:
    """Paid providers with a key. What cannot be loaded is said where it is about what is configured."""
    return [name for name in provider_names() if _is_usable(name)]


def _is_usable(name: str) -> bool:
    try:
        provider = provider_get(name)
    except ImportError:
        return False
    return isinstance(provider, HostedProvider) and provider.unavailable_because() is None


def webhooks() -> Iterator[Finding]:
    """Without an address where they reach us, providers are only looked at, which is a little slower."""
    if not usable_names():
        return
    if base := settings.PROVIDER_WEBHOOK_URL:
        yield ok("Webhooks", f"providers tell us at {base}/hooks/…, and are looked at all the same")
    else:
        advice = "Set PROVIDER_WEBHOOK_URL to an address that the internet reaches, and clips come sooner."
        yield off("Webhooks", "providers cannot reach us, and are only looked at", advice)


def limits() -> Iterator[Finding]:
    """Which providers are left alone at this moment, and how busy the others are."""
    for name in usable_names():
        try:
            yield _limits_of(name)
        except DatabaseError:
            return  # Said above.


def _limits_of(name: str) -> Finding:
    title, subject = f"Calls to {name}", breaker_subject(name)
    breaker, quota = breaker_state(subject), quota_state(subject)
    if breaker.state == "open":
        advice = "It is tried again by itself. The provider calls in the admin have the errors."
        return warning(title, f"it fails, and is left alone for {breaker.seconds:.0f} s", advice)
    if quota.paused_seconds:
        advice = "It asked for that. Lower PROVIDER_REQUESTS_PER_MINUTE, or have a limit raised there."
        return warning(title, f"paused for {quota.paused_seconds:.0f} s", advice)
    at_work = ProviderCall.objects.filter(provider=name, status__in=AT_PROVIDER).count()
    limit = settings.PROVIDER_CONCURRENT_JOBS
    return ok(title, f"{count(at_work)} of {count(limit)} clips at work, breaker {breaker.state}")


def undecided() -> Iterator[Finding]:
    """Paid calls of which only a person can find out what has become."""
    try:
        calls = list(ProviderCall.objects.undecided().values_list("provider", "reserved_usd"))
    except DatabaseError:
        return  # Said above.
    if not calls:
        if usable_names():
            yield ok("Paid calls", "none asks for a decision")
        return
    held = usd(sum((reserved for _, reserved in calls), Decimal(0)))
    where = " and ".join(sorted({provider for provider, _ in calls}))
    detail = f"{len(calls)} at {where} may have been taken, or not; {held} is reserved for them"
    advice = "Look in the provider's dashboard, and decide in the admin: Provider calls, Asks for a decision."
    yield warning("Paid calls", detail, advice)


CONFIGURED = (webhooks,)
REACHABLE = (limits, undecided)
