"""The diagrams of DESIGN section 4, move by move."""

from contextlib import nullcontext
from itertools import product

import pytest
from django.utils import timezone

from generations.models import Generation
from generations.states import (
    CLIP,
    FINISHED,
    GENERATION,
    STAGE_RUN,
    ClipStatus,
    GenerationStatus,
    StageStatus,
)
from generations.tests.factories import GenerationFactory
from videogen.kernel.states import TransitionRefused

DIAGRAM = {
    ("queued", "processing"),
    ("queued", "cancelling"),
    ("processing", "awaiting_approval"),
    ("processing", "cancelling"),
    ("processing", "completed"),
    ("processing", "failed"),
    ("awaiting_approval", "processing"),
    ("awaiting_approval", "cancelling"),
    ("cancelling", "cancelled"),
    ("failed", "queued"),
}


def finished_at(status: str) -> object:
    return timezone.now() if status in FINISHED else None


@pytest.mark.django_db
@pytest.mark.parametrize(("source", "target"), list(product(GenerationStatus.values, repeat=2)))
def test_a_generation_moves_only_where_the_diagram_says(source: str, target: str) -> None:
    generation = GenerationFactory(status=source, finished_at=finished_at(source))
    allowed = (source, target) in DIAGRAM
    with nullcontext() if allowed else pytest.raises(TransitionRefused):
        GENERATION.move(generation, target, finished_at=finished_at(target))
    assert generation.status == (target if allowed else source)


@pytest.mark.django_db
def test_who_comes_second_is_refused() -> None:
    first = GenerationFactory(status="processing")
    second = Generation.objects.get(pk=first.pk)
    GENERATION.move(first, GenerationStatus.COMPLETED, finished_at=timezone.now())
    with pytest.raises(TransitionRefused, match="is completed and cannot become cancelling"):
        GENERATION.move(second, GenerationStatus.CANCELLING)


@pytest.mark.parametrize("status", ["succeeded", "failed", "cancelled", "lost"])
def test_a_settled_stage_run_never_moves_again(status: str) -> None:
    assert STAGE_RUN.moves[StageStatus(status)] == ()


def test_a_ready_clip_stays_ready() -> None:
    assert CLIP.moves[ClipStatus.READY] == ()
