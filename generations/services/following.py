"""What somebody who follows a generation is told: where it stands, and every event after a number."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser

from generations.models import Generation, ProgressEvent
from generations.services.plans import eta_seconds

#: So many rows are held in memory for one follower.
EVENTS_AT_ONCE = 200

_STANDING = (
    "status",
    "stage",
    "percentage",
    "estimated_completion",
    "clip_count",
    "clips_ready",
    "last_sequence",
)


def generation_snapshot(*, user: AbstractBaseUser, generation_id: UUID) -> dict[str, Any] | None:
    """Where it stands, or None when there is none that this user may see."""
    generation = Generation.objects.visible_to(user).filter(pk=generation_id).only(*_STANDING).first()
    if generation is None:
        return None
    return {
        "type": "snapshot",
        "generation_id": str(generation.pk),
        "status": generation.status,
        "stage": generation.stage,
        "percentage": generation.percentage,
        "eta_seconds": eta_seconds(generation),
        "clip_count": generation.clip_count,
        "clips_ready": generation.clips_ready,
        "sequence": generation.last_sequence,
    }


def events_after(*, generation_id: UUID, after: int) -> list[dict[str, Any]]:
    """The next events after a number, at most `EVENTS_AT_ONCE`."""
    rows = ProgressEvent.objects.filter(generation_id=generation_id, sequence__gt=after).order_by("sequence")
    return [event.as_message() for event in rows[:EVENTS_AT_ONCE]]


def last_sequences(*, generation_ids: Iterable[UUID]) -> dict[UUID, int]:
    """The number of the newest event of each; one that has been deleted is missing."""
    return dict(Generation.objects.filter(pk__in=generation_ids).values_list("pk", "last_sequence"))
