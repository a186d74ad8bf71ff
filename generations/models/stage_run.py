"""One attempt at one stage. The row's id, with `turn`, is the fencing token of who works on it."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from generations.models.clip import Clip
from generations.models.generation import Generation
from generations.states import LIVE, StageStatus


class StageRun(models.Model):
    """Rows are only added, so the history is kept; a retry is a new row with the next `attempt`.

    `turn` counts how often a worker let go of it to go on later: it was too early, or a provider has it.
    `available_at`: not before this moment (a retry waits, and what was put back). `put_back_count`:
    how often it was too early; `put_back_reason` says what it waited for last,
    `waiting_since` when it was put back first. `started_at` is when the first worker took it,
    `claimed_at` the present one. `lease_expires_at`: after it, by the database's clock, the worker
    counts as dead.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Indexed with stage, clip and attempt.
    generation = models.ForeignKey(
        Generation, on_delete=models.CASCADE, related_name="stage_runs", db_index=False
    )
    stage = models.CharField(max_length=30)
    clip = models.ForeignKey(Clip, null=True, blank=True, on_delete=models.CASCADE, related_name="stage_runs")
    attempt = models.PositiveSmallIntegerField(default=1)
    queue = models.CharField(max_length=30)
    status = models.CharField(max_length=20, choices=StageStatus, default=StageStatus.QUEUED)
    percentage = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    output = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_message = models.TextField(blank=True)
    turn = models.PositiveIntegerField(default=0)
    put_back_count = models.PositiveIntegerField(default=0)
    put_back_reason = models.TextField(blank=True)
    waiting_since = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    available_at = models.DateTimeField(db_default=Now())
    lease_expires_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "attempt"]
        constraints = [
            models.UniqueConstraint(
                fields=["generation", "stage", "clip", "attempt"],
                nulls_distinct=False,
                name="stage_attempt_once",
            ),
            models.UniqueConstraint(
                fields=["generation", "stage", "clip"],
                condition=Q(status__in=LIVE),
                nulls_distinct=False,
                name="stage_one_live_attempt",
            ),
        ]
        indexes = [
            models.Index(
                fields=["available_at"], condition=Q(status=StageStatus.QUEUED), name="stage_run_queued"
            ),
            models.Index(fields=["clip"], condition=Q(status=StageStatus.WAITING), name="stage_run_waiting"),
            models.Index(
                fields=["lease_expires_at"], condition=Q(status=StageStatus.RUNNING), name="stage_run_leases"
            ),
            models.Index(
                fields=["stage", "-finished_at"],
                condition=Q(status=StageStatus.SUCCEEDED),
                name="stage_run_history",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage}, attempt {self.attempt} ({self.status})"
