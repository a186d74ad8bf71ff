"""One rendered piece of a video."""

import uuid
from decimal import Decimal

from django.db import models

from generations.models.generation import Generation
from generations.states import ClipStatus
from storage_app.models import Asset


class Clip(models.Model):
    """The clip of one scene. `fingerprint` is a hash of all that it is made from; positions count from 1.

    It plays for `duration_seconds`; a hosted provider is asked for `bought_seconds`, which may be more.
    A reused clip was made, and paid, for an earlier version of the video.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # Indexed by its place among the clips.
    generation = models.ForeignKey(Generation, on_delete=models.CASCADE, related_name="clips", db_index=False)
    position = models.PositiveSmallIntegerField()
    status = models.CharField(max_length=20, choices=ClipStatus, default=ClipStatus.PENDING)
    scene = models.JSONField()
    duration_seconds = models.DecimalField(max_digits=6, decimal_places=2)
    bought_seconds = models.DecimalField(max_digits=6, decimal_places=2, null=True, blank=True)
    is_reused = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=64, db_index=True)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=100, blank=True)
    seed = models.BigIntegerField()
    cost_usd = models.DecimalField(max_digits=14, decimal_places=8, default=Decimal(0))
    source = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    video = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    thumbnail = models.ForeignKey(Asset, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["generation", "position"]
        constraints = [
            models.UniqueConstraint(fields=["generation", "position"], name="clip_position_once"),
            models.CheckConstraint(condition=models.Q(position__gte=1), name="clip_position_from_1"),
        ]

    def __str__(self) -> str:
        return f"clip {self.position} ({self.status})"
