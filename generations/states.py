"""The states of a generation, a stage run and a clip, and the allowed moves between them."""

from django.db.models import TextChoices

from videogen.kernel.states import StateMachine


class GenerationStatus(TextChoices):
    """A generation waits, is worked on, and ends in exactly one of three ways."""

    QUEUED = "queued"
    PROCESSING = "processing"
    AWAITING_APPROVAL = "awaiting_approval"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StageStatus(TextChoices):
    """`waiting`: a provider has it and nobody here holds it. `lost`: its worker went silent."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class ClipStatus(TextChoices):
    """A clip is `ready` when its conformed bytes are kept."""

    PENDING = "pending"
    RENDERING = "rendering"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = (GenerationStatus.COMPLETED, GenerationStatus.FAILED, GenerationStatus.CANCELLED)
CANCELLABLE = (GenerationStatus.QUEUED, GenerationStatus.PROCESSING, GenerationStatus.AWAITING_APPROVAL)
WORKABLE = (GenerationStatus.QUEUED, GenerationStatus.PROCESSING)
UNFINISHED_CLIPS = (ClipStatus.PENDING, ClipStatus.RENDERING)
LIVE = (StageStatus.QUEUED, StageStatus.RUNNING, StageStatus.WAITING)

GENERATION = StateMachine(
    {
        GenerationStatus.QUEUED: [GenerationStatus.PROCESSING, GenerationStatus.CANCELLING],
        GenerationStatus.PROCESSING: [
            GenerationStatus.AWAITING_APPROVAL,
            GenerationStatus.CANCELLING,
            GenerationStatus.COMPLETED,
            GenerationStatus.FAILED,
        ],
        GenerationStatus.AWAITING_APPROVAL: [GenerationStatus.PROCESSING, GenerationStatus.CANCELLING],
        GenerationStatus.CANCELLING: [GenerationStatus.CANCELLED],
        GenerationStatus.FAILED: [GenerationStatus.QUEUED],
        GenerationStatus.COMPLETED: [],
        GenerationStatus.CANCELLED: [],
    }
)

STAGE_RUN = StateMachine(
    {
        StageStatus.QUEUED: [StageStatus.RUNNING, StageStatus.CANCELLED],
        StageStatus.RUNNING: [
            StageStatus.QUEUED,
            StageStatus.WAITING,
            StageStatus.SUCCEEDED,
            StageStatus.FAILED,
            StageStatus.CANCELLED,
            StageStatus.LOST,
        ],
        StageStatus.WAITING: [StageStatus.RUNNING, StageStatus.FAILED, StageStatus.CANCELLED],
        StageStatus.SUCCEEDED: [],
        StageStatus.FAILED: [],
        StageStatus.CANCELLED: [],
        StageStatus.LOST: [],
    }
)

CLIP = StateMachine(
    {
        ClipStatus.PENDING: [ClipStatus.RENDERING, ClipStatus.CANCELLED],
        ClipStatus.RENDERING: [ClipStatus.READY, ClipStatus.FAILED, ClipStatus.CANCELLED],
        ClipStatus.FAILED: [ClipStatus.PENDING],
        ClipStatus.READY: [],
        ClipStatus.CANCELLED: [],
    }
)
