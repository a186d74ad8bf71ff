"""The ledger of paid clips: one row for each call to a hosted provider, written before the call is made."""

import uuid
from decimal import Decimal
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from generations.models.clip import Clip
from generations.models.generation import Generation
from generations.models.stage_run import StageRun
from generations.states import AT_PROVIDER, OPEN_CALLS, CallStatus
from videogen.accounts.models import ApiKey


class ProviderCallQuerySet(models.QuerySet["ProviderCall"]):
    """Calls by what is to be done about them."""

    def open(self) -> Self:
        """Money is reserved for them."""
        return self.filter(status__in=OPEN_CALLS)

    def undecided(self) -> Self:
        """A person has to say what became of them."""
        return self.filter(status__in=AT_PROVIDER, given_up_at__isnull=False)


class ProviderCall(models.Model):
    """One paid call. Its id goes along as the token by which a webhook finds the row.

    A call is superseded when another one is made for the same clip because nobody knew what had become
    of it. `price_usd` is for a second, frozen when the call is planned. `reserved_usd` is held back from the
    budgets while the call is open; `actual_usd` is known once it has ended. The row outlives its
    generation, because money that was spent stays spent.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    api_key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    generation = models.ForeignKey(
        Generation, null=True, blank=True, on_delete=models.SET_NULL, related_name="provider_calls"
    )
    clip = models.ForeignKey(
        Clip, null=True, blank=True, on_delete=models.SET_NULL, related_name="provider_calls"
    )
    stage_run = models.ForeignKey(
        StageRun, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    replaces = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="replaced_by"
    )
    is_superseded = models.BooleanField("another one was sent for it", default=False)
    position = models.PositiveSmallIntegerField()
    fingerprint = models.CharField(max_length=64)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=100)

    status = models.CharField(max_length=20, choices=CallStatus, default=CallStatus.PLANNED)
    job_id = models.CharField("provider's id", max_length=200, blank=True)
    urls = models.JSONField(default=dict, blank=True)
    request = models.JSONField(default=dict, blank=True)
    answer = models.JSONField(default=dict, blank=True)
    output_url = models.TextField(blank=True)
    provider_state = models.CharField(max_length=40, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    error_hint = models.TextField(blank=True)
    error_is_retryable = models.BooleanField(default=False)

    seconds = models.DecimalField(max_digits=6, decimal_places=2)
    price_usd = models.DecimalField("price per second", max_digits=12, decimal_places=6)
    estimated_usd = models.DecimalField(max_digits=14, decimal_places=8)
    reserved_usd = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal(0))
    actual_usd = models.DecimalField(max_digits=14, decimal_places=8, null=True, blank=True)
    reserved_on = models.DateField("budget day", default=timezone.localdate)

    looks = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    is_overdue = models.BooleanField("took too long, and was told to stop", default=False)
    fetches = models.PositiveSmallIntegerField(default=0)
    cancel_sent_at = models.DateTimeField(null=True, blank=True)
    given_up_at = models.DateTimeField("asks for a decision since", null=True, blank=True)
    decision = models.CharField("decided by", max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    doubted_at = models.DateTimeField(null=True, blank=True)
    accepted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = ProviderCallQuerySet.as_manager()

    class Meta:
        verbose_name = "provider call"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "job_id"], condition=~Q(job_id=""), name="provider_job_once"
            ),
            models.UniqueConstraint(
                fields=["clip"],
                condition=Q(status__in=OPEN_CALLS, is_superseded=False),
                name="provider_call_one_live",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN_CALLS) | Q(reserved_usd=0, actual_usd__isnull=False),
                name="provider_call_settled",
            ),
            models.CheckConstraint(
                condition=~Q(status=CallStatus.ACCEPTED, job_id=""), name="provider_call_accepted_has_id"
            ),
        ]
        indexes = [
            models.Index(
                fields=["provider", "next_look_at"],
                condition=Q(status__in=AT_PROVIDER),
                name="provider_call_due",
            ),
            models.Index(fields=["-created_at"], name="provider_call_created"),
            models.Index(fields=["provider", "model", "-finished_at"], name="provider_call_history"),
            models.Index(
                fields=["given_up_at"], condition=Q(given_up_at__isnull=False), name="provider_call_undecided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.model}, clip {self.position} ({self.status})"
