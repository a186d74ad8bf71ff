"""A generation's steps as they stand: what is done, what runs, what is left, and how long that takes."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from cachetools import cached
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.db.models import F, Sum
from django.db.models.functions import Greatest
from django.utils import timezone
from redis.exceptions import RedisError

from generations.models import Clip, Generation, StageRun
from generations.pipeline import STAGE, STAGES, Stage, Step, applicable, percentage, ready_steps, steps
from generations.providers.registry import hosted_names, hosted_provider
from generations.services.call_times import model_seconds
from generations.states import LIVE, WORKABLE, ClipStatus, StageStatus
from videogen.kernel.memory import memory

#: How many of the newest successful runs the history looks at, and for how long it is remembered.
HISTORY_RUNS = 50
HISTORY_SECONDS = 30

_HISTORY = """
SELECT stage, percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds / units)
FROM unnest(%s::text[]) AS name(stage)
CROSS JOIN LATERAL (
    SELECT EXTRACT(EPOCH FROM run.finished_at - run.started_at) AS seconds,
           COALESCE(clip.duration_seconds, 1) AS units
    FROM generations_stagerun run LEFT JOIN generations_clip clip ON clip.id = run.clip_id
    WHERE run.stage = name.stage AND run.status = 'succeeded'
      AND (run.stage <> 'clip' OR run.turn = 0)
    ORDER BY run.finished_at DESC LIMIT %s
) AS history
GROUP BY stage
"""


@dataclass
class Plan:
    """A snapshot, taken under the generation's lock where it decides anything."""

    stages: list[Stage]
    clip_seconds: dict[UUID, float]
    positions: dict[UUID, int]
    done: set[Step] = field(default_factory=set)
    live: set[Step] = field(default_factory=set)
    running: dict[Step, int] = field(default_factory=dict)
    provider: str = ""
    model: str = ""

    @property
    def clip_ids(self) -> list[UUID]:
        """In the order of their positions."""
        return list(self.clip_seconds)

    def due(self) -> list[Step]:
        """Steps that are not done and that nothing stands in the way of."""
        return ready_steps(self.stages, self.clip_ids, self.done)

    def startable(self) -> list[Step]:
        """Those of the due steps that nobody has yet."""
        return [step for step in self.due() if step not in self.live]

    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return bool(self.clip_ids) and all(step in self.done for step in steps(self.stages, self.clip_ids))

    def percentage(self) -> int:
        """0 to 100."""
        return percentage(self.stages, self.clip_ids, self.done, self.running)

    def remaining_seconds(self, expected_clip_seconds: float) -> float:
        """How long the rest takes, from the history of stage durations.

        Before there is a storyboard, clips are taken to last `expected_clip_seconds` together.
        """
        typical = typical_seconds()
        total = 0.0
        for stage in self.stages:
            if not stage.per_clip:
                total += 0 if Step(stage.name) in self.done else typical[stage.name]
                continue
            if stage.name == "clip" and hosted_provider(self.provider):
                total += self._hosted_seconds_left()
                continue
            seconds = self._clip_seconds_left(stage) if self.clip_seconds else expected_clip_seconds
            total += seconds * typical[stage.name] / settings.CLIPS_WORKERS
        return total

    def _hosted_seconds_left(self) -> float:
        """A hosted provider makes all clips at once, so the one that is least far decides."""
        steps = [Step("clip", clip_id) for clip_id in self.clip_ids]
        left = [1 - self.running.get(step, 0) / 100 for step in steps if step not in self.done]
        share = max(left, default=0.0) if steps else 1.0
        return share * model_seconds(self.provider, self.model)

    def _clip_seconds_left(self, stage: Stage) -> float:
        left = 0.0
        for clip_id, seconds in self.clip_seconds.items():
            step = Step(stage.name, clip_id)
            left += 0 if step in self.done else seconds * (1 - self.running.get(step, 0) / 100)
        return left


def plan_new(generation: Generation) -> Plan:
    """The snapshot of a generation to which nothing has happened yet."""
    return Plan(
        stages=applicable(generation),
        clip_seconds={},
        positions={},
        provider=generation.provider,
        model=generation.model,
    )


def plan_of(generation: Generation) -> Plan:
    """The snapshot of a generation: two queries."""
    clips = Clip.objects.filter(generation=generation).order_by("position")
    plan = plan_new(generation)
    for pk, position, seconds in clips.values_list("pk", "position", "duration_seconds"):
        plan.clip_seconds[pk], plan.positions[pk] = float(seconds), position
    plan.done |= _carried(generation, plan.stages)
    runs = StageRun.objects.filter(generation=generation)
    for stage, clip_id, status, done in runs.values_list("stage", "clip_id", "status", "percentage"):
        step = Step(stage, clip_id)
        if status == StageStatus.SUCCEEDED:
            plan.done.add(step)
        elif status in LIVE:
            plan.live.add(step)
            plan.running[step] = done
    return plan


def _carried(generation: Generation, stages: list[Stage]) -> set[Step]:
    """What a new version took over from the one before it."""
    if generation.version == 1:
        return set()
    texts = {Step(stage.name) for stage in stages if stage.is_text}
    reused = Clip.objects.filter(generation=generation, is_reused=True).values_list("pk", "status")
    fetched = {Step("clip", pk) for pk, _ in reused}
    conformed = {Step("conform", pk) for pk, status in reused if status == ClipStatus.READY}
    return texts | fetched | conformed


def estimated_completion(*, generation: Generation, plan: Plan) -> datetime:
    """When the video should be there: after the clips of those that came earlier, then its own."""
    own = plan.remaining_seconds(generation.duration_seconds)
    if not hosted_provider(generation.provider):
        is_new = generation._state.adding
        own += backlog_now() if is_new else backlog_seconds(before=generation.created_at)
    return timezone.now() + timedelta(seconds=own)


@cached(memory(seconds=1), lock=Lock())
def backlog_now() -> float:
    """`backlog_seconds` for what comes now."""
    return backlog_seconds(before=timezone.now())


def backlog_seconds(*, before: datetime) -> float:
    """How long our workers still render clips of generations that were created before that moment."""
    # Hosted providers make their clips elsewhere.
    earlier = Generation.objects.filter(status__in=WORKABLE, created_at__lt=before).exclude(
        provider__in=hosted_names()
    )
    ready = F("clips_ready") * 1.0 / Greatest("clip_count", 1)
    left = earlier.aggregate(seconds=Sum(F("duration_seconds") * (1 - ready)))["seconds"] or 0.0
    typical = typical_seconds()
    per_second = sum(typical[stage.name] for stage in STAGES if stage.per_clip)
    return float(left) * per_second / settings.CLIPS_WORKERS


def eta_seconds(generation: Generation) -> int | None:
    """Whole seconds until the estimated completion; None once the generation is finished."""
    return seconds_until(None if generation.is_finished else generation.estimated_completion)


def seconds_until(moment: datetime | None) -> int | None:
    """Whole seconds, at least 0."""
    return None if moment is None else max(0, math.ceil((moment - timezone.now()).total_seconds()))


@cached(memory(seconds=5), lock=Lock())
def typical_seconds() -> dict[str, float]:
    """The median duration of each stage in its newest runs; per second of clip where it runs per clip."""
    known: dict[str, float] | None = None
    try:
        known = cache.get("typical_seconds")
        if known is None:
            known = _history()
            cache.set("typical_seconds", known, HISTORY_SECONDS)
    except RedisError:
        known = known or _history()
    return {stage.name: known.get(stage.name, stage.typical_seconds) for stage in STAGES}


def _history() -> dict[str, float]:
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [list(STAGE), HISTORY_RUNS])
        return {stage: float(seconds) for stage, seconds in cursor.fetchall()}
