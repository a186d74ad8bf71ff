"""Forgetting what nobody looks at any more: the small steps of generations that ended long ago.

What stays is what is shown and what counts: every generation with its clips and videos, the milestones of
its history, all ledgers of money, and of the attempts those that a retry or an estimate builds on. Each
batch is a transaction of its own, under the locks of its generations; whoever is at work is passed over
until the next time. Interrupted and repeated, it goes on where there is something left.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from generations.models import Generation, IdempotencyKey, ProgressEvent, ProviderCall, StageRun
from generations.pipeline import STAGES
from generations.services.plans import HISTORY_RUNS
from generations.states import FINISHED, GenerationStatus, StageStatus

#: Some thousand rows at once: a lock is held for a fraction of a second.
GENERATIONS_AT_ONCE, ROWS_AT_ONCE = 200, 5000

#: How many rows of each kind one batch has removed, or would have.
Pruned = dict[str, int]

#: Where a history begins and ends, and what became of the whole in between. The last one has to stay:
#: its number tells followers that they have all.
_MILESTONES = Q(sequence=1) | Q(sequence=F("generation__last_sequence")) | Q(type__startswith="generation.")


def history_prune(*, before: datetime, dry_run: bool = False) -> Iterator[Pruned]:
    """Of generations that finished before then: events between milestones, and attempts."""
    kept = _runs_of_the_history()
    for status in FINISHED:
        old = Generation.objects.filter(status=status, finished_at__lt=before, created_at__lt=before)
        for pks in _batches(old):
            yield _batch_prune(old.filter(pk__in=pks), kept, status, dry_run)


def keys_prune(*, dry_run: bool = False) -> Iterator[Pruned]:
    """Idempotency keys that are older than promised."""
    old = IdempotencyKey.objects.filter(created_at__lt=Now() - timedelta(hours=settings.IDEMPOTENCY_HOURS))
    return _prune("idempotency keys", old, dry_run)


def sessions_prune(*, dry_run: bool = False) -> Iterator[Pruned]:
    """Sessions of browsers that have expired."""
    return _prune("sessions", Session.objects.filter(expire_date__lt=Now()), dry_run)


def _batch_prune(old: QuerySet[Generation], kept: list[UUID], status: str, dry_run: bool) -> Pruned:
    with transaction.atomic():
        # They are asked again whether they are old: one may have been retried meanwhile.
        locked = old.select_for_update(of=("self",), skip_locked=True)
        pks = list(locked.values_list("pk", flat=True))
        attempts = _attempts(pks, status).exclude(pk__in=kept)
        return {"events": _remove(_events(pks), dry_run), "attempts": _remove(attempts, dry_run)}


def _events(pks: list[UUID]) -> QuerySet[ProgressEvent]:
    milestones = ProgressEvent.objects.filter(_MILESTONES, pk=OuterRef("pk"))
    return ProgressEvent.objects.filter(~Exists(milestones), generation__in=pks)


def _attempts(pks: list[UUID], status: str) -> QuerySet[StageRun]:
    """A retry goes on from the last attempt at each step; the ledger of money refers to those that paid."""
    paid = ProviderCall.objects.filter(stage_run=OuterRef("pk"))
    old = StageRun.objects.filter(~Exists(paid), generation__in=pks)
    if status != GenerationStatus.FAILED:
        return old
    later = StageRun.objects.filter(
        generation=OuterRef("generation"), stage=OuterRef("stage"), attempt__gt=OuterRef("attempt")
    )
    of_clip, of_whole = later.filter(clip=OuterRef("clip")), later.filter(clip=None)
    return old.filter(Exists(of_clip) | Q(clip=None) & Exists(of_whole))


def _runs_of_the_history() -> list[UUID]:
    """What estimates are made from: there may have been nothing newer for long."""
    newest = [
        StageRun.objects.filter(~Q(stage="clip") | Q(turn=0), stage=stage.name, status=StageStatus.SUCCEEDED)
        .order_by("-finished_at")
        .values_list("pk", flat=True)[:HISTORY_RUNS]
        for stage in STAGES
    ]
    return [pk for pks in newest for pk in pks]


def _batches(rows: QuerySet[Generation]) -> Iterator[list[UUID]]:
    """All ids, the oldest generation first, along the index of status and age."""
    pks: list[UUID] = []
    last: tuple[datetime, UUID] | None = None
    while last is None or pks:
        rest = rows
        if last:
            rest = rows.filter(created_at__gte=last[0]).exclude(created_at=last[0], pk__lte=last[1])
        found = list(rest.order_by("created_at", "pk").values_list("created_at", "pk")[:GENERATIONS_AT_ONCE])
        pks = [pk for _, pk in found]
        if not found:
            return
        last = found[-1]
        yield pks


def _prune(kind: str, rows: QuerySet[Model], dry_run: bool) -> Iterator[Pruned]:
    if dry_run:
        yield {kind: rows.count()}
        return
    while pks := list(rows.values_list("pk", flat=True)[:ROWS_AT_ONCE]):
        yield {kind: _remove(rows.filter(pk__in=pks), dry_run)}


def _remove(rows: QuerySet[Model], dry_run: bool) -> int:
    if dry_run:
        return rows.count()
    _, by_model = rows.delete()
    return by_model.get(rows.model._meta.label, 0)
