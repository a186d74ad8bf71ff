"""One numbered line of a generation's history."""

from typing import Any

from django.db import models
from django.utils import timezone

from generations.models.generation import Generation


class ProgressEvent(models.Model):
    """Numbered from 1 for each generation, without a gap."""

    generation = models.ForeignKey(
        Generation, on_delete=models.CASCADE, related_name="events", db_index=False
    )
    sequence = models.PositiveIntegerField()
    type = models.CharField(max_length=40)
    stage = models.CharField(max_length=30, blank=True)
    position = models.PositiveSmallIntegerField(null=True, blank=True)
    status = models.CharField(max_length=20)
    percentage = models.PositiveSmallIntegerField()
    message = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["generation", "sequence"]
        # Its index also serves "the events of a generation after N".
        constraints = [models.UniqueConstraint(fields=["generation", "sequence"], name="event_sequence_once")]

    def __str__(self) -> str:
        return f"{self.sequence}. {self.type}"

    def as_message(self) -> dict[str, Any]:
        """The event as the API and the WebSocket show it."""
        return {
            "type": "event",
            "generation_id": str(self.generation_id),
            "sequence": self.sequence,
            "event": self.type,
            "stage": self.stage,
            "position": self.position,
            "status": self.status,
            "percentage": self.percentage,
            "message": self.message,
            "data": self.data,
            "created_at": self.created_at.isoformat().replace("+00:00", "Z"),
        }
