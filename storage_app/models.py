"""What is known about the bytes that we keep."""

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
    UPLOAD = "upload", "upload that has not ended"
    REFERENCE = "reference", "reference picture"


class Asset(models.Model):
    """Bytes that we keep. What something refers to, and a reference, is wholly there and never changes."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # A user goes after the user's generations: their bytes have to be deleted by services.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="assets", db_index=False
    )
    kind = models.CharField(max_length=20, choices=AssetKind)
    storage_key = models.CharField(max_length=255, unique=True)
    sha256 = models.CharField("SHA-256", max_length=64)
    size_bytes = models.PositiveBigIntegerField("size")
    media_type = models.CharField(max_length=100, help_text="Sniffed from the bytes, not taken from a name.")
    # Of a picture that a client sent.
    width = models.PositiveIntegerField(null=True, blank=True)
    height = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="asset_not_empty"),
            models.CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="asset_sha256_is_hex"),
            models.CheckConstraint(condition=Q(kind__in=AssetKind.values), name="asset_kind_is_known"),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="asset_age"),
            models.Index(fields=["owner", "-created_at"], name="asset_owner_created"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
