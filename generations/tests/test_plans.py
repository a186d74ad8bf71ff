"""How long it will take, from what it took before."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.utils import timezone

from generations.pipeline import STAGE
from generations.services.generations import generation_create
from generations.services.plans import backlog_seconds, eta_seconds, typical_seconds
from generations.tests.factories import ClipFactory, GenerationFactory, StageRunFactory
from generations.tests.requests import REQUEST
from videogen.kernel.memory import memories_forget

pytestmark = pytest.mark.django_db


def took(seconds: float, **fields: object) -> None:
    """A run of that length that succeeded."""
    now = timezone.now()
    StageRunFactory(
        status="succeeded", started_at=now - timedelta(seconds=seconds), finished_at=now, **fields
    )


def test_without_history_the_pipeline_guesses() -> None:
    assert typical_seconds()["assembly"] == STAGE["assembly"].typical_seconds


def test_the_history_is_a_median() -> None:
    for seconds in (1, 2, 90):
        took(seconds, stage="assembly")
    assert typical_seconds()["assembly"] == pytest.approx(2)


def test_a_clip_counts_per_second_of_its_length() -> None:
    took(8, stage="clip", clip=ClipFactory(duration_seconds=4))
    assert typical_seconds()["clip"] == pytest.approx(2)


def test_who_came_earlier_is_rendered_first(settings: Any) -> None:
    settings.CLIPS_WORKERS = 2
    cache.set("typical_seconds", {"clip": 0.9, "conform": 0.1}, 30)
    GenerationFactory(status="queued", duration_seconds=10)
    GenerationFactory(status="processing", duration_seconds=18, clip_count=3, clips_ready=2)
    GenerationFactory(status="completed", finished_at=timezone.now(), duration_seconds=100)
    assert backlog_seconds(before=timezone.now()) == pytest.approx((10 + 6) / 2)


def test_the_second_in_the_queue_waits_for_the_first(alice: User) -> None:
    first = generation_create(owner=alice, request=REQUEST).generation
    memories_forget()  # A second later.
    second = generation_create(owner=alice, request=REQUEST).generation
    assert (eta_seconds(second) or 0) > (eta_seconds(first) or 0) > 0
