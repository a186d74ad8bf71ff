"""The ledger of calls to language models: one row for each, whatever came of it."""

import uuid
from decimal import Decimal
from typing import Self

from django.db import models
from django.db.models import Sum
from django.utils import timezone


class Outcome(models.TextChoices):
    """How a call ended; one that failed has the error's code beside it.

    `started` stays where the process died in the call: what it cost is unknown.
    """

    STARTED = "started"
    ANSWERED = "answered"
    FAILED = "failed"
    ABANDONED = "abandoned", "abandoned, nobody wanted it any more"
    CACHED = "cached", "answered before"


class TextCallQuerySet(models.QuerySet["TextCall"]):
    """Calls by what they were for."""

    def of_generation(self, generation_id: uuid.UUID) -> Self:
        """Everything that was asked for one generation."""
        return self.filter(generation_id=generation_id)

    def cost_usd(self) -> Decimal:
        """What they cost together."""
        total: Decimal | None = self.aggregate(total=Sum("cost_usd"))["total"]
        return total or Decimal(0)


class TextCall(models.Model):
    """One call. It is committed before the request is sent, and settled after.

    Prices are US dollars for a million tokens, frozen when the call was made; null where none is
    known, and then the cost is 0. `attempt` counts within one answer: repairs and second tries.
    `generation_id` is no foreign key: generations lie above this app, and the ledger outlives them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.CharField(max_length=30)
    model = models.CharField(max_length=100)
    prompt_version = models.CharField(max_length=40, blank=True)
    transport = models.CharField(max_length=20, blank=True)
    generation_id = models.UUIDField(null=True, blank=True, db_index=True)
    attempt = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=20, choices=Outcome, default=Outcome.STARTED)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    provider_request_id = models.CharField(max_length=200, blank=True)
    latency_seconds = models.FloatField(null=True, blank=True)

    input_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    cache_write_tokens = models.PositiveIntegerField(default=0)
    output_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    input_price_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    cached_price_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    cache_write_price_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    output_price_usd = models.DecimalField(max_digits=12, decimal_places=6, null=True, blank=True)
    # As many decimals as a price and a million have together: nothing is rounded.
    cost_usd = models.DecimalField(max_digits=18, decimal_places=12, default=Decimal(0))

    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TextCallQuerySet.as_manager()

    class Meta:
        verbose_name = "text call"
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["-created_at"], name="text_call_created"),
            models.Index(
                fields=["task", "model", "-created_at"],
                condition=models.Q(outcome=Outcome.ANSWERED),
                name="text_call_history",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.task} by {self.model} ({self.outcome})"
