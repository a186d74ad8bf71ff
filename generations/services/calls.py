"""Paid calls: planned with their money reserved, and ended once. The caller holds the generation's lock.

A clip has at most one call that is going to be sent or on its way. Another one is planned only when
the earlier ones have certainly ended without a clip, or when one stayed unknown for too long.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from generations.models import SMALLEST_USD, Clip, Generation, ProviderCall
from generations.providers.base import ProviderError
from generations.providers.registry import hosted_provider
from generations.services.storyboards import clip_spec_of
from generations.states import AT_PROVIDER, CALL, CallStatus
from videogen.accounts.budgets import BudgetRefused, budget_reserve, budget_settle
from videogen.kernel.errors import DomainError

#: What clips wait for while a provider has as many of our jobs as are allowed. It is our own backlog.
PROVIDER_FULL = "provider.full"


class CallReleased(ProviderError):
    """A call that was planned, and was not needed any more."""

    code = "provider.released"
    retryable = True


#: Which of several calls for one clip counts, the first of these that there is.
_BEST_FIRST = (
    CallStatus.SUCCEEDED,
    CallStatus.ACCEPTED,
    CallStatus.SUBMITTING,
    CallStatus.UNKNOWN,
    CallStatus.PLANNED,
)
_SMALLEST_PRICE = Decimal("1e-6")


class BudgetTooSmall(BudgetRefused):
    """It would cost more than the request's own `max_cost_usd`."""

    code = "budget.too_small"


def breaker_subject(provider: str) -> str:
    """What a provider's circuit breaker and its limits are called."""
    return f"clips:{provider}"


def call_usable(clip: Clip) -> ProviderCall | None:
    """The call whose clip is, or may still be, there; None where another one may be made."""
    calls = ProviderCall.objects.filter(clip=clip, fingerprint=clip.fingerprint, status__in=_BEST_FIRST)
    usable = [call for call in calls if _is_usable(call)]
    return min(usable, key=lambda call: _BEST_FIRST.index(CallStatus(call.status)), default=None)


def _is_usable(call: ProviderCall) -> bool:
    if call.status == CallStatus.SUCCEEDED:
        return not call.error_code  # Its output was lost, or is no video.
    return call.status != CallStatus.UNKNOWN or not call.is_superseded


def is_fetchable(clip: Clip) -> bool:
    """Whether a provider has made this clip, and we do not have it yet."""
    call = call_usable(clip)
    return clip.source_id is None and call is not None and call.status == CallStatus.SUCCEEDED


def call_is_awaited(call: ProviderCall | None) -> bool:
    """Whether there will be news of it without our doing."""
    return call is not None and call.status in AT_PROVIDER and call.given_up_at is None


def is_paid_for(clip: Clip) -> bool:
    """Whether a provider has been asked for this clip and may yet give it."""
    return calls_that_pay().filter(clip=clip).exists()


def calls_that_pay() -> QuerySet[ProviderCall]:
    """Those whose clips may still come. Of what was unknown when it was sent again, nothing is expected."""
    asked = ProviderCall.objects.filter(status__in=(*AT_PROVIDER, CallStatus.SUCCEEDED), error_code="")
    return asked.exclude(status=CallStatus.UNKNOWN, is_superseded=True)


def calls_plan(
    *, generation: Generation, clips: Iterable[Clip], replaces: ProviderCall | None = None
) -> None:
    """Freeze the price, and reserve the money, of each clip that needs a call: of all, or of none.

    Raises `BudgetRefused`, and `DomainError` for what the model cannot do any more.
    """
    missing = [clip for clip in clips if hosted_provider(clip.provider) and call_usable(clip) is None]
    if not missing:
        return
    today = timezone.localdate()
    calls = [_planned(generation, clip, replaces, today) for clip in missing]
    together = sum((call.estimated_usd for call in calls), Decimal(0))
    _within_own_limit(generation, together)
    with transaction.atomic():
        budget_reserve(key=generation.api_key, amount_usd=together, on=today)
        ProviderCall.objects.bulk_create(calls)
        generation.reserved_usd += together
        generation.save(update_fields=["reserved_usd"])


def _planned(generation: Generation, clip: Clip, replaces: ProviderCall | None, today: date) -> ProviderCall:
    provider = hosted_provider(clip.provider)
    assert provider is not None  # noqa: S101  The caller has looked.
    spec = clip_spec_of(generation=generation, clip=clip)
    estimate = provider.estimate(spec).quantize(SMALLEST_USD)
    return ProviderCall(
        owner_id=generation.owner_id,
        api_key_id=generation.api_key_id,
        generation=generation,
        clip=clip,
        replaces=replaces,
        position=clip.position,
        fingerprint=clip.fingerprint,
        provider=clip.provider,
        model=clip.model,
        seconds=spec.provider_seconds,
        price_usd=(estimate / spec.provider_seconds).quantize(_SMALLEST_PRICE),
        estimated_usd=estimate,
        reserved_usd=estimate,
        reserved_on=today,
    )


def _within_own_limit(generation: Generation, asked: Decimal) -> None:
    limit = generation.max_cost_usd
    committed = generation.actual_usd + generation.reserved_usd
    if limit is None or committed + asked <= limit:
        return
    message = (
        f"The clips cost {asked:.6f} USD. With {committed:.6f} USD spent or reserved already, that is more "
        f"than max_cost_usd {limit:.6f}."
    )
    raise BudgetTooSmall(
        message, asked_usd=f"{asked:.6f}", committed_usd=f"{committed:.6f}", max_cost_usd=f"{limit:.6f}"
    )


def call_lock(pk: UUID) -> tuple[ProviderCall, Generation | None]:
    """A call and its generation, both locked, the generation first; None where that has been deleted."""
    generation_id = ProviderCall.objects.values_list("generation_id", flat=True).get(pk=pk)
    generation = Generation.objects.select_for_update().filter(pk=generation_id).first()
    call = ProviderCall.objects.select_related("clip").select_for_update(of=("self",)).get(pk=pk)
    return call, generation


def call_close(
    *, call: ProviderCall, generation: Generation | None, status: str, actual_usd: Decimal, **changes: Any
) -> None:
    """End a call: what was reserved for it is free again, and what it has cost is spent.

    Raises `TransitionRefused` where it has ended already.
    """
    reserved = call.reserved_usd
    # One that was written off as billed, and turned up after all, is spent already.
    spent_before = call.actual_usd or Decimal(0)
    actual_usd = max(actual_usd, spent_before)
    spent = actual_usd - spent_before
    ended = {"finished_at": Now(), "next_look_at": None, "given_up_at": None, **changes}
    CALL.move(call, status, reserved_usd=Decimal(0), actual_usd=actual_usd, **ended)
    budget_settle(key_id=call.api_key_id, reserved_usd=reserved, actual_usd=spent, on=call.reserved_on)
    if generation:
        generation.reserved_usd -= reserved
        generation.actual_usd += spent
        generation.save(update_fields=["reserved_usd", "actual_usd"])
    if call.clip and spent:
        call.clip.cost_usd += spent
        call.clip.save(update_fields=["cost_usd"])


def error_fields(error: DomainError | None) -> dict[str, Any]:
    """What a call keeps of the error that it ended with."""
    return {
        "error_code": error.code if error else "",
        "error_message": str(error) if error else "",
        "error_hint": error.hint if error else "",
        "error_is_retryable": error.retryable if error else False,
    }


def error_of(call: ProviderCall) -> ProviderError:
    """The error that a call ended with, as it was raised."""
    error = ProviderError(call.error_message, code=call.error_code, retryable=call.error_is_retryable)
    error.hint = call.error_hint
    return error


def calls_release(*, generation: Generation) -> None:
    """Drop what was planned and not sent; its money is free again."""
    for call in ProviderCall.objects.filter(generation=generation, status=CallStatus.PLANNED):
        call_release(call=call, generation=generation)


def call_release(*, call: ProviderCall, generation: Generation | None) -> None:
    """Drop a call that is planned."""
    call_close(
        call=call,
        generation=generation,
        status=CallStatus.CANCELLED,
        actual_usd=Decimal(0),
        **error_fields(CallReleased("It was planned, and was not needed any more.")),
    )


def calls_cancel(*, generation: Generation) -> None:
    """Have everything that a provider has stopped there; what is not sent is dropped."""
    calls_release(generation=generation)
    at_provider = ProviderCall.objects.filter(
        generation=generation, status__in=AT_PROVIDER, cancel_requested_at=None
    )
    at_provider.update(cancel_requested_at=Now())
    # One that is just being sent is looked at when that has ended: its sender lives.
    at_provider = ProviderCall.objects.filter(generation=generation, status__in=AT_PROVIDER)
    at_provider.exclude(status=CallStatus.SUBMITTING).update(next_look_at=Now())


def may_be_billed_usd(generation: Generation) -> tuple[int, Decimal]:
    """How many calls a provider still has, and what they cost at most."""
    calls = ProviderCall.objects.filter(generation=generation, status__in=AT_PROVIDER)
    total = calls.aggregate(total=Sum("estimated_usd"))["total"]
    return calls.count(), total or Decimal(0)


def undecided_calls(generation: Generation) -> list[ProviderCall]:
    """Calls of which a person has to say what became of them, before the clip may be bought again."""
    calls = ProviderCall.objects.undecided().filter(generation=generation, is_superseded=False)
    return list(calls.order_by("position"))
