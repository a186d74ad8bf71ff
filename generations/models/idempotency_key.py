"""What a client was answered under an `Idempotency-Key`."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from generations.models.generation import Generation


class IdempotencyKey(models.Model):
    """Unique for its owner. It is written in the transaction of what it protects, or not at all."""

    # Indexed with the key.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    generation = models.ForeignKey(Generation, null=True, on_delete=models.SET_NULL, related_name="+")
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="idempotency_key_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return self.key
