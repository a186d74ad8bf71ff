"""Bytes that we keep."""

import uuid
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class AssetKind(models.TextChoices):
    """What the bytes are for."""

    CLIP_SOURCE = "clip_source", "clip as the provider gave it"
    CLIP = "clip", "conformed clip"
    VIDEO = "video", "finished video"
    POSTER = "poster", "poster"
    THUMBNAIL = "thumbnail", "thumbnail"


class Asset(models.Model):
    """Bytes that are wholly there: the row is made after them. `media_type` is sniffed, never believed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="assets")
    kind = models.CharField(max_length=20, choices=AssetKind)
    storage_key = models.CharField(max_length=255, unique=True)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    media_type = models.CharField(max_length=100)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at"]
        constraints = [models.CheckConstraint(condition=Q(size_bytes__gt=0), name="asset_not_empty")]
        indexes = [models.Index(fields=["created_at"], name="asset_age")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
