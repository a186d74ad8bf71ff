"""Bytes that nothing refers to are found at a cost that does not grow, and nothing else is taken."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models.functions import Now

from generations.services import dispatching
from generations.services.dispatching import ORPHAN_HOURS, orphans_delete
from generations.tests.factories import AssetFactory, ClipFactory, GenerationFactory
from storage_app.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

OLD = timedelta(hours=ORPHAN_HOURS + 1)


def assets(first: int, count: int, *, age: timedelta = OLD) -> list[Asset]:
    """With ids that count up, each a second younger than the one before."""
    return [
        AssetFactory(id=UUID(int=n), storage_key=f"video/{n}", created_at=Now() - age + timedelta(seconds=n))
        for n in range(first, first + count)
    ]


def left() -> set[int]:
    return {pk.int for pk in Asset.objects.values_list("pk", flat=True)}


def test_what_nothing_refers_to_goes_and_what_is_used_stays() -> None:
    _, video, poster, source, thumbnail = assets(1, 5)
    GenerationFactory(video=video, poster=poster)
    ClipFactory(source=source, thumbnail=thumbnail)
    assert orphans_delete() == 1
    assert left() == {2, 3, 4, 5}


def test_what_is_young_stays() -> None:
    assets(1, 1, age=timedelta(hours=ORPHAN_HOURS - 1))
    assert orphans_delete() == 0


def test_a_pass_looks_at_the_newest_and_at_as_many_from_a_random_id_on(monkeypatch: Any) -> None:
    assets(1, 6, age=2 * OLD)
    assets(7, 2)
    monkeypatch.setattr(dispatching, "uuid4", lambda: UUID(int=3))
    assert orphans_delete(sought=2) == 4
    assert left() == {1, 2, 5, 6}


def test_behind_the_last_id_it_goes_on_with_the_first(monkeypatch: Any) -> None:
    assets(1, 7)
    monkeypatch.setattr(dispatching, "uuid4", lambda: UUID(int=6))
    assert orphans_delete(sought=3) == 4
    assert left() == {2, 3, 4}
