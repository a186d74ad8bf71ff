"""The states of a generation, a stage run, a clip and a paid call, and the allowed moves between them."""

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


class CallStatus(TextChoices):
    """A paid call is planned, sent, and had by the provider, until it has ended in one of five ways.

    `unknown`: it was sent, and nobody knows whether the provider has taken it. `refused`: the provider
    has certainly not taken it.
    """

    PLANNED = "planned"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"
    WRITTEN_OFF = "written_off"


FINISHED = (GenerationStatus.COMPLETED, GenerationStatus.FAILED, GenerationStatus.CANCELLED)
UNFINISHED = tuple(status for status in GenerationStatus if status not in FINISHED)
CANCELLABLE = (GenerationStatus.QUEUED, GenerationStatus.PROCESSING, GenerationStatus.AWAITING_APPROVAL)
WORKABLE = (GenerationStatus.QUEUED, GenerationStatus.PROCESSING)
UNFINISHED_CLIPS = (ClipStatus.PENDING, ClipStatus.RENDERING)
LIVE = (StageStatus.QUEUED, StageStatus.RUNNING, StageStatus.WAITING)
AT_PROVIDER = (CallStatus.SUBMITTING, CallStatus.UNKNOWN, CallStatus.ACCEPTED)
OPEN_CALLS = (CallStatus.PLANNED, *AT_PROVIDER)

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
        StageStatus.WAITING: [StageStatus.QUEUED, StageStatus.CANCELLED],
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

CALL = StateMachine(
    {
        CallStatus.PLANNED: [CallStatus.SUBMITTING, CallStatus.CANCELLED],
        CallStatus.SUBMITTING: [
            CallStatus.PLANNED,
            CallStatus.UNKNOWN,
            CallStatus.ACCEPTED,
            CallStatus.REFUSED,
        ],
        # An answer that comes after all may say that it was too early.
        CallStatus.UNKNOWN: [
            CallStatus.PLANNED,
            CallStatus.ACCEPTED,
            CallStatus.REFUSED,
            CallStatus.WRITTEN_OFF,
        ],
        # The provider may not know the id that somebody gave us.
        CallStatus.ACCEPTED: [
            CallStatus.UNKNOWN,
            CallStatus.SUCCEEDED,
            CallStatus.FAILED,
            CallStatus.CANCELLED,
            CallStatus.WRITTEN_OFF,
        ],
        CallStatus.SUCCEEDED: [],
        CallStatus.FAILED: [],
        CallStatus.CANCELLED: [],
        # A job that turns up after all was taken, whatever was thought of it.
        CallStatus.REFUSED: [CallStatus.ACCEPTED],
        CallStatus.WRITTEN_OFF: [CallStatus.ACCEPTED],
    }
)
