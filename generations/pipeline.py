"""The pipeline as data: stages, what each waits for, which fan out, their weight in the percentage.

prompt_analysis ─┐
                 ├─ micro_prompts ─┬─ clip 1 ─ conform 1 ─┬─ assembly ─ publish
brand_analysis ──┘                 └─ clip n ─ conform n ─┘
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from django.conf import settings

#: An answer takes at most three calls: with more room, and repaired. Moderation and short waits come on top.
TEXT_TIMEOUT_SECONDS = 3 * settings.OPENAI_TIMEOUT_SECONDS + 60


@dataclass(frozen=True)
class Stage:
    """One step. `timeout_seconds` bounds an attempt; `typical_seconds` is a guess until history knows better.

    `per_clip` stages run once for each clip; after another `per_clip` stage they wait for the
    same clip only. Their `typical_seconds` are for one second of clip.
    """

    name: str
    queue: str
    after: tuple[str, ...]
    weight: int
    timeout_seconds: int
    typical_seconds: float
    per_clip: bool = False
    only_with_brand: bool = False

    @property
    def is_text(self) -> bool:
        """Whether a text engine does it, which may be slow, limited and paid."""
        return self.queue == "analysis"


STAGES = (
    Stage("prompt_analysis", "analysis", (), 4, timeout_seconds=TEXT_TIMEOUT_SECONDS, typical_seconds=0.1),
    Stage(
        "brand_analysis",
        "analysis",
        (),
        2,
        timeout_seconds=TEXT_TIMEOUT_SECONDS,
        typical_seconds=0.1,
        only_with_brand=True,
    ),
    Stage(
        "micro_prompts",
        "analysis",
        ("prompt_analysis", "brand_analysis"),
        4,
        timeout_seconds=TEXT_TIMEOUT_SECONDS,
        typical_seconds=0.2,
    ),
    Stage("clip", "clips", ("micro_prompts",), 74, timeout_seconds=900, typical_seconds=1.0, per_clip=True),
    Stage("conform", "clips", ("clip",), 8, timeout_seconds=300, typical_seconds=0.1, per_clip=True),
    Stage("assembly", "assembly", ("conform",), 5, timeout_seconds=600, typical_seconds=0.7),
    Stage("publish", "assembly", ("assembly",), 3, timeout_seconds=300, typical_seconds=0.7),
)
STAGE: Mapping[str, Stage] = {stage.name: stage for stage in STAGES}


@dataclass(frozen=True, order=True)
class Step:
    """A stage of one generation, or of one of its clips."""

    stage: str
    clip_id: UUID | None = None


class HasBrand(Protocol):
    """All that the pipeline asks of a generation."""

    @property
    def brand(self) -> object:
        """What the client said of a brand; falsy for none."""


def applicable(generation: HasBrand) -> list[Stage]:
    """The stages that this generation goes through."""
    return [stage for stage in STAGES if generation.brand or not stage.only_with_brand]


def steps(stages: Sequence[Stage], clip_ids: Sequence[UUID]) -> Iterator[Step]:
    """Every step that is known so far. Per-clip stages have none until the storyboard has been written."""
    for stage in stages:
        if stage.per_clip:
            yield from (Step(stage.name, clip_id) for clip_id in clip_ids)
        else:
            yield Step(stage.name)


def ready_steps(stages: Sequence[Stage], clip_ids: Sequence[UUID], done: set[Step]) -> list[Step]:
    """Steps whose requirements are all done, and that are not done themselves."""
    present = {stage.name for stage in stages}
    return [
        step
        for step in steps(stages, clip_ids)
        if step not in done
        and all(
            _fulfilled(STAGE[required], step, clip_ids, done)
            for required in STAGE[step.stage].after
            if required in present
        )
    ]


def _fulfilled(required: Stage, step: Step, clip_ids: Sequence[UUID], done: set[Step]) -> bool:
    if not required.per_clip:
        return Step(required.name) in done
    if step.clip_id is not None:
        return Step(required.name, step.clip_id) in done
    return bool(clip_ids) and all(Step(required.name, clip_id) in done for clip_id in clip_ids)


def percentage(
    stages: Sequence[Stage], clip_ids: Sequence[UUID], done: set[Step], running: Mapping[Step, int]
) -> int:
    """How far a generation is, 0 to 100. `running` has the percentage of each step at work."""
    total = sum(stage.weight for stage in stages)
    reached = 0.0
    for stage in stages:
        own = list(steps([stage], clip_ids))
        parts = [1.0 if step in done else running.get(step, 0) / 100 for step in own]
        reached += stage.weight * (sum(parts) / len(parts) if parts else 0)
    return int(100 * reached / total)
