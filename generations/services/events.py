"""The progress ledger. The row is the truth; the socket message is only a hint to look."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from generations.models import Generation, ProgressEvent
from videogen.kernel.channel import group_publish
from videogen.kernel.replica import replica_wrote


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
    event = event_new(generation, type, stage=stage, position=position, message=message, data=data)
    generation.save(
        update_fields=["last_sequence", "updated_at", "percentage", "stage", "estimated_completion"]
    )
    event.save(force_insert=True)
    _tell_on_commit(event)
    return event


def event_new(generation: Generation, type: str, **fields: Any) -> ProgressEvent:
    """The next line, and the generation with its number; neither is stored yet."""
    generation.last_sequence += 1
    generation.updated_at = timezone.now()
    return ProgressEvent(
        generation=generation,
        sequence=generation.last_sequence,
        type=type,
        status=generation.status,
        percentage=generation.percentage,
        **fields,
    )


def _tell_on_commit(event: ProgressEvent) -> None:
    def broadcast() -> None:
        replica_wrote(owner_id=event.generation.owner_id)  # Who hears of it may ask for it.
        group_publish(
            group_name(event.generation_id), {"type": "progress.event", "event": event.as_message()}
        )

    transaction.on_commit(broadcast, robust=True)  # A dead socket layer must not fail the stage.


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
