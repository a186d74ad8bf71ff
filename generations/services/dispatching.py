"""Closing the gaps: runs that Redis forgot, workers that went silent, orphan bytes.

Every pass may run twice at once, in two processes: each move is guarded.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from redis.exceptions import RedisError

from generations.models import Clip, Generation, IdempotencyKey, ProviderCall, StageRun
from generations.pipeline import STAGES
from generations.services.flow import clip_fetch, run_wake
from generations.services.queueing import enqueue, job_id, messages_waiting
from generations.services.stage_runs import stage_run_lose
from generations.states import AT_PROVIDER, LIVE, CallStatus, GenerationStatus, StageStatus
from storage_app.models import Asset, AssetKind
from storage_app.services import assets_delete
from videogen.kernel.states import TransitionRefused

logger = logging.getLogger(__name__)

#: A run this young is on its way: its own transaction sends it after commit. Nobody else sends what was
#: let go of.
GRACE_SECONDS = 1

#: Assets that nothing refers to are left for this long: an attempt may be about to.
ORPHAN_HOURS = 2
#: Of the newest assets and of all, in one pass a minute: some milliseconds, and 720,000 looks a day.
ORPHANS_SOUGHT = 250
_OLD_ENOUGH = Q(created_at__lt=Now() - timedelta(hours=ORPHAN_HOURS))

#: Providers keep what they have made for about an hour (Replicate) or longer.
FETCHABLE_SECONDS = 3600
#: What could not be fetched is tried again as often.
FETCH_AGAIN_SECONDS = 300

BATCH = 500


def queued_send() -> int:
    """Send the queued runs that are due and that lie in no queue. Answers how many."""
    left_alone = Q(available_at__lte=Now() - timedelta(seconds=GRACE_SECONDS))
    due = StageRun.objects.filter(
        left_alone | Q(turn__gt=0), status=StageStatus.QUEUED, available_at__lte=Now()
    ).order_by("available_at")[:BATCH]
    by_queue: dict[str, list[StageRun]] = defaultdict(list)
    for run in due:
        by_queue[run.queue].append(run)
    try:
        missing = [
            run
            for queue, runs in by_queue.items()
            for waiting in [messages_waiting(queue)]
            for run in runs
            if job_id(run) not in waiting
        ]
    except RedisError as error:
        logger.warning("Redis is away, runs are sent later: %s", error)
        return 0
    return enqueue(missing)


def silent_replace() -> int:
    """Replace attempts whose lease has expired, by the database's clock. Answers how many."""
    silent = Q(lease_expires_at__lt=Now())
    return _lose(silent, "Its worker went silent.")


def overdue_replace() -> int:
    """Replace attempts that beat, but should have ended long ago. Answers how many."""
    replaced = 0
    for stage in STAGES:
        limit = timedelta(seconds=stage.timeout_seconds + settings.STAGE_LEASE_SECONDS)
        overdue = Q(stage=stage.name, claimed_at__lt=Now() - limit)
        replaced += _lose(overdue, f"It took longer than {stage.timeout_seconds} s.")
    return replaced


def waiting_wake() -> int:
    """Wake attempts that wait for a call of which there will be no more news. Answers how many."""
    awaited = ProviderCall.objects.filter(clip=OuterRef("clip"), status__in=AT_PROVIDER, given_up_at=None)
    forgotten = StageRun.objects.filter(~Exists(awaited), status=StageStatus.WAITING)
    woken = 0
    for pk in forgotten.values_list("generation_id", flat=True).distinct()[:BATCH]:
        with transaction.atomic():
            generation = Generation.objects.select_for_update().filter(pk=pk).first()
            for run in forgotten.filter(generation=generation).select_related("clip"):
                run_wake(run)
                woken += 1
    return woken


def outputs_fetch() -> int:
    """Have clips fetched that are paid for, and that nobody fetches any more. Answers how many.

    An attempt may have failed for a reason that has passed: a full disk, a storage that was away.
    """
    recent = Now() - timedelta(seconds=FETCHABLE_SECONDS)
    tried = StageRun.objects.filter(clip=OuterRef("clip"), stage="clip").filter(
        Q(status__in=LIVE) | Q(created_at__gt=Now() - timedelta(seconds=FETCH_AGAIN_SECONDS))
    )
    calls = ProviderCall.objects.filter(
        ~Exists(tried),
        status=CallStatus.SUCCEEDED,
        error_code="",
        finished_at__gt=recent,
        clip__source=None,
        generation__status=GenerationStatus.FAILED,
    )
    fetched = 0
    for clip in Clip.objects.filter(provider_calls__in=calls[:BATCH]):
        with transaction.atomic():
            generation = Generation.objects.select_for_update().filter(pk=clip.generation_id).first()
            fetched += bool(generation and clip_fetch(generation=generation, clip=clip))
    return fetched


def _lose(where: Q, reason: str) -> int:
    replaced = 0
    for run in StageRun.objects.filter(where, status=StageStatus.RUNNING).select_related("clip")[:BATCH]:
        try:
            stage_run_lose(run=run, where=where, reason=reason)
        except (TransitionRefused, Generation.DoesNotExist):
            continue  # It finished after all, another dispatcher was first, or it was deleted.
        logger.warning("%s, attempt %s of %s: %s", run.stage, run.attempt, run.generation_id, reason)
        replaced += 1
    return replaced


def orphans_delete(*, sought: int = ORPHANS_SOUGHT) -> int:
    """Delete assets that no generation and no clip refers to. Answers how many.

    A pass costs the same however many assets there are: it looks at the newest, where attempts that died
    leave something, and at as many others from a random place on, so that each has its turn some time.
    Reference pictures stay: a client keeps them to use them, or to use them again.
    """
    newest = Asset.objects.filter(_OLD_ENOUGH).order_by("-created_at").values("pk")[:sought]
    found = {asset.pk: asset for looked_at in (newest, *_anywhere(sought)) for asset in _orphans(looked_at)}
    assets_delete(assets=found.values())
    return len(found)


def _anywhere(sought: int) -> Iterator[QuerySet[Asset, Any]]:
    """As many assets, from a random id to the last one and on from the first one.

    Random, since no two dispatchers need to know of each other, nor one of what it did before a restart.
    """
    start = uuid4()
    by_id = Asset.objects.order_by("pk").values("pk")
    behind = by_id.filter(pk__gte=start)[:sought]
    yield behind
    if missing := sought - behind.count():
        yield by_id.filter(pk__lt=start)[:missing]


def _orphans(looked_at: QuerySet[Asset, Any]) -> QuerySet[Asset]:
    videos = Generation.objects.filter(Q(video=OuterRef("pk")) | Q(poster=OuterRef("pk")))
    clips = Clip.objects.filter(
        Q(source=OuterRef("pk")) | Q(video=OuterRef("pk")) | Q(thumbnail=OuterRef("pk"))
    )
    ours = Asset.objects.filter(_OLD_ENOUGH, pk__in=looked_at).exclude(kind=AssetKind.REFERENCE)
    return ours.exclude(Exists(videos)).exclude(Exists(clips))[:BATCH]


def keys_expire() -> int:
    """Forget idempotency keys that are older than promised. Answers how many."""
    old = timedelta(hours=settings.IDEMPOTENCY_HOURS)
    return IdempotencyKey.objects.filter(created_at__lt=Now() - old).delete()[0]
