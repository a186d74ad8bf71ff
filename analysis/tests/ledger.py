"""Rows for the ledger of calls, as they stand after a call."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from analysis.models import Outcome, TextCall


def call_made(*, days_ago: float = 0, cost_usd: str | Decimal = "0.001", **differing: Any) -> TextCall:
    """An answered call of `prompt_analysis` by gpt-6-luna, and what differs."""
    at = timezone.now() - timedelta(days=days_ago)
    usual = {
        "task": "prompt_analysis",
        "model": "gpt-6-luna",
        "outcome": Outcome.ANSWERED,
        "latency_seconds": 2.0,
        "input_tokens": 1000,
        "cached_tokens": 400,
        "output_tokens": 200,
        "reasoning_tokens": 50,
        "created_at": at,
        "finished_at": at,
    }
    return TextCall.objects.create(**{**usual, "cost_usd": Decimal(cost_usd), **differing})


def hit_made(**differing: Any) -> TextCall:
    """An answer that was there already."""
    usual = {
        "outcome": Outcome.CACHED,
        "latency_seconds": None,
        "input_tokens": 0,
        "cached_tokens": 0,
        "output_tokens": 0,
        "reasoning_tokens": 0,
    }
    return call_made(cost_usd="0", **{**usual, **differing})
