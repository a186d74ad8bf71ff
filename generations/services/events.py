"""The progress ledger. The row is the truth; the socket message is only a hint to look."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from generations.models import Generation, ProgressEvent
from videogen.kernel.channel import group_publish


def group_name(generation_id: object) -> str:
    """The channel group of one generation."""
    return f"generation.{generation_id}"


def event_record(
    *,
    generation: Generation,
    type: str,
    stage: str = "",
    position: int | None = None,
    message: str = "",
    **data: Any,
) -> ProgressEvent:
    """Write the next line of the history, in the transaction of the change that it tells of.

    The caller holds the generation's row lock, so numbers appear in order and without gaps.
    """
    generation.last_sequence += 1
    generation.updated_at = timezone.now()
    generation.save(
        update_fields=["last_sequence", "updated_at", "percentage", "stage", "estimated_completion"]
    )
    event = ProgressEvent.objects.create(
        generation=generation,
        sequence=generation.last_sequence,
        type=type,
        stage=stage,
        position=position,
        status=generation.status,
        percentage=generation.percentage,
        message=message,
        data=data,
    )

    def broadcast() -> None:
        group_publish(group_name(generation.pk), {"type": "progress.event", "event": event.as_message()})

    transaction.on_commit(broadcast, robust=True)  # A dead socket layer must not fail the stage.
    return event


def percentage_publish(
    *,
    generation_id: object,
    percentage: int,
    eta_seconds: int | None,
    stage: str,
    position: int | None,
    done: int,
) -> None:
    """Tell subscribers of movement between two events. Nothing is stored, so nothing is numbered.

    `percentage` is the generation's, `done` (0 to 100) that of the stage run at `position`.
    """
    message = {
        "type": "percentage",
        "generation_id": str(generation_id),
        "percentage": percentage,
        "eta_seconds": eta_seconds,
        "stage": stage,
        "position": position,
        "stage_percentage": done,
    }
    group_publish(group_name(generation_id), {"type": "progress.percentage", "message": message})
