"""The few numbers that tell an operator whether all is well: three queries."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Now

from generations.admin.filters import FAILED_LATELY, RUNNING, STUCK
from generations.models import Generation, ProviderCall, StageRun
from generations.states import FINISHED, GenerationStatus, StageStatus

QUEUED = Q(status=StageStatus.QUEUED)
WAITING = Q(status=StageStatus.WAITING)


@dataclass(frozen=True)
class QueueRow:
    """What lies in one queue. `oldest_at`: since when the first of them could have started.

    Those that wait for a provider lie in no queue: they will come back to it.
    """

    name: str
    queued: int
    running: int
    waiting: int
    oldest_at: datetime | None


@dataclass(frozen=True)
class StatusBoard:
    """Generations and paid calls by what an operator would do about them, and the queues."""

    queued: int
    oldest_queued_at: datetime | None
    running: int
    stuck: int
    failed: int
    undecided: int
    queues: list[QueueRow]

    @property
    def waiting(self) -> int:
        """Attempts whose clip a provider has."""
        return sum(queue.waiting for queue in self.queues)


def status_board() -> StatusBoard:
    """As things stand now."""
    queued = Q(status=GenerationStatus.QUEUED)
    # Both sides are found by the index on the status, so finished rows, by far the most, are not read.
    interesting = Generation.objects.filter(FAILED_LATELY | Q(status__in=_unfinished()))
    numbers = interesting.aggregate(
        queued=Count("pk", filter=queued),
        oldest_queued_at=Min("created_at", filter=queued),
        running=Count("pk", filter=RUNNING),
        stuck=Count("pk", filter=STUCK),
        failed=Count("pk", filter=FAILED_LATELY),
    )
    undecided = ProviderCall.objects.undecided().count()
    return StatusBoard(**numbers, undecided=undecided, queues=_queues())


def _unfinished() -> list[str]:
    return [status for status in GenerationStatus.values if status not in FINISHED]


def _queues() -> list[QueueRow]:
    # Conditions rather than one IN: each has a partial index of its own.
    rows = (
        StageRun.objects.filter(QUEUED | Q(status=StageStatus.RUNNING) | WAITING)
        .order_by()
        .values(name=F("queue"))
        .annotate(
            queued=Count("pk", filter=QUEUED),
            running=Count("pk", filter=Q(status=StageStatus.RUNNING)),
            waiting=Count("pk", filter=WAITING),
            oldest_at=Min("available_at", filter=QUEUED & Q(available_at__lte=Now())),
        )
    )
    busy = {row["name"]: QueueRow(**row) for row in rows}
    return [busy.get(name, QueueRow(name, 0, 0, 0, None)) for name in settings.STAGE_QUEUES]
