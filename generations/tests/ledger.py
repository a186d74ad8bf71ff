"""Rows for the ledger of paid clips, as they stand at each status."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from generations.models import Clip, ProviderCall
from generations.states import AT_PROVIDER, OPEN_CALLS, CallStatus
from generations.tests.factories import ClipFactory, GenerationFactory, UserFactory
from videogen.accounts.budgets import budget_reserve

#: Of four seconds.
PRICE_USD = Decimal("0.72")
#: The provider has, or had, a job for these, and takes money for these.
JOBS = (CallStatus.ACCEPTED, CallStatus.SUCCEEDED, CallStatus.FAILED, CallStatus.CANCELLED)
BILLED = (CallStatus.SUCCEEDED, CallStatus.CANCELLED)


def call_made(
    status: str = CallStatus.SUCCEEDED, *, days_ago: float = 0, clip: Clip | None = None, **differing: Any
) -> ProviderCall:
    """A call of Replicate's Seedance for four seconds, and what differs. It belongs to `clip`, if to any."""
    at = timezone.now() - timedelta(days=days_ago)
    is_open = status in OPEN_CALLS
    estimated = Decimal(differing.get("estimated_usd", PRICE_USD))
    usual = {
        "owner": clip.generation.owner if clip else UserFactory(username="alice"),
        "generation": clip.generation if clip else None,
        "position": clip.position if clip else 1,
        "fingerprint": clip.fingerprint if clip else "",
        "provider": "replicate",
        "model": "bytedance/seedance-2.0",
        "job_id": _job_id() if status in JOBS else "",
        "seconds": Decimal(4),
        "price_usd": Decimal("0.18"),
        "estimated_usd": estimated,
        "reserved_usd": estimated if is_open else Decimal(0),
        "actual_usd": None if is_open else estimated if status in BILLED else Decimal(0),
        "reserved_on": at.date(),
        "next_look_at": at + timedelta(seconds=60) if status in AT_PROVIDER else None,
        "created_at": at,
        "sent_at": None if status == CallStatus.PLANNED else at,
        "accepted_at": at if status in JOBS else None,
        "finished_at": None if is_open else at,
    }
    return ProviderCall.objects.create(status=status, clip=clip, **{**usual, **differing})


def undecided_call(**differing: Any) -> ProviderCall:
    """One of which a person has to say what became of it; its clip's generation has failed for it."""
    now = timezone.now()
    generation = GenerationFactory(
        owner=UserFactory(username="alice"),
        status="failed",
        finished_at=now,
        provider="replicate",
        reserved_usd=PRICE_USD,
        clip_count=1,
    )
    clip = ClipFactory(generation=generation, position=1, provider="replicate", status="failed")
    with transaction.atomic():
        budget_reserve(key=None, amount_usd=PRICE_USD, on=now.date())
    asks = {"doubted_at": now, "given_up_at": now, "next_look_at": None}
    return call_made(CallStatus.UNKNOWN, **{"clip": clip, **asks, **differing})


def _job_id() -> str:
    return f"job-{ProviderCall.objects.count() + 1}"
