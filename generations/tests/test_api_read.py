"""Looking at generations: one, and pages of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from generations.models import Generation
from generations.states import GenerationStatus
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.factories import AssetFactory, GenerationFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def completed(alice: User) -> Generation:
    return GenerationFactory(
        owner=alice,
        status="completed",
        finished_at=timezone.now(),
        video=AssetFactory(owner=alice),
        poster=AssetFactory(owner=alice, kind="poster"),
    )


def page_ids(response: Any) -> list[str]:
    return [row["id"] for row in response.json()["results"]]


# One


def test_a_generation_shows_its_links_and_moments(api: JsonClient, alice: User) -> None:
    generation = GenerationFactory(owner=alice, created_at=NOON)
    body = api.get(f"{GENERATIONS}/{generation.pk}").json()
    address = f"{settings.PUBLIC_URL}{GENERATIONS}/{generation.pk}"
    assert body["created_at"] == "2026-01-31T12:00:00Z"
    assert body["links"]["self"] == address
    assert body["links"]["cancel"] == f"{address}/cancel"
    assert body["links"]["websocket"] == f"{settings.PUBLIC_WS_URL}/ws/generations/{generation.pk}"


def test_a_completed_generation_shows_its_video(api: JsonClient, completed: Generation) -> None:
    video = api.get(f"{GENERATIONS}/{completed.pk}").json()["video"]
    asset = completed.video
    assert asset is not None
    assert (video["sha256"], video["size_bytes"]) == (asset.sha256, asset.size_bytes)
    assert (video["width"], video["height"], video["duration_seconds"]) == (854, 480, 8)
    assert video["poster_url"].endswith("/poster")


def test_a_video_is_not_shown_before_it_has_passed_its_checks(api: JsonClient, completed: Generation) -> None:
    Generation.objects.update(status="processing", finished_at=None)
    assert api.get(f"{GENERATIONS}/{completed.pk}").json()["video"] is None


def test_the_queue_position_counts_those_that_wait_longer(api: JsonClient, alice: User) -> None:
    GenerationFactory.create_batch(2, created_at=NOON)
    GenerationFactory(created_at=NOON, status="processing")
    generation = GenerationFactory(owner=alice)
    assert api.get(f"{GENERATIONS}/{generation.pk}").json()["queue_position"] == 3


PARTS = ["", "/clips", "/events", "/storyboard", "/video", "/poster", "/clips/1/video", "/clips/1/thumbnail"]


@pytest.mark.parametrize("part", PARTS)
def test_mallory_never_sees_it(mallory_api: JsonClient, completed: Generation, part: str) -> None:
    assert problem_of(mallory_api.get(f"{GENERATIONS}/{completed.pk}{part}"), 404)["code"] == "not_found"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("generation_id", [uuid4(), "1", "0d8f2f9e", "../health", "%00", "%ff", "x" * 3000])
def test_what_is_not_there_is_not_found(api: JsonClient, generation_id: object, part: str) -> None:
    problem_of(api.get(f"{GENERATIONS}/{generation_id}{part}"), 404)


# ETag


def test_nothing_new_is_answered_with_304(api: JsonClient, generation: Generation) -> None:
    first = api.get(f"{GENERATIONS}/{generation.pk}")
    again = api.get(f"{GENERATIONS}/{generation.pk}", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert first["ETag"].startswith('W/"')


def test_the_running_clock_alone_is_nothing_new(api: JsonClient, alice: User) -> None:
    soon = timezone.now() + timedelta(milliseconds=1500)
    generation = GenerationFactory(owner=alice, estimated_completion=soon)
    first = api.get(f"{GENERATIONS}/{generation.pk}")
    while api.get(f"{GENERATIONS}/{generation.pk}").json()["eta_seconds"] == first.json()["eta_seconds"]:
        continue
    again = api.get(f"{GENERATIONS}/{generation.pk}", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("change", [{"percentage": 1}, {"clip_count": 3}, {"warnings": ["Careful."]}])
def test_whatever_changes_is_new(api: JsonClient, generation: Generation, change: dict[str, Any]) -> None:
    first = api.get(f"{GENERATIONS}/{generation.pk}")
    Generation.objects.update(**change)
    again = api.get(f"{GENERATIONS}/{generation.pk}", headers={"If-None-Match": first["ETag"]})
    assert again.status_code == 200
    assert again["ETag"] != first["ETag"]


# Pages


def test_the_list_shows_ones_own_newest_first(api: JsonClient, alice: User, mallory: User) -> None:
    old = GenerationFactory(owner=alice, created_at=NOON)
    new = GenerationFactory(owner=alice)
    GenerationFactory(owner=mallory)
    assert page_ids(api.get(GENERATIONS)) == [str(new.pk), str(old.pk)]


def test_pages_show_every_row_once_even_of_one_moment(api: JsonClient, alice: User) -> None:
    rows = GenerationFactory.create_batch(7, owner=alice, created_at=NOON)
    rows += GenerationFactory.create_batch(4, owner=alice)
    seen, following = [], f"{GENERATIONS}?limit=3"
    while following:
        response = api.get(following)
        seen += page_ids(response)
        following = response.json()["next"]
    assert sorted(seen) == sorted(str(row.pk) for row in rows)


def test_the_next_page_keeps_the_filters(api: JsonClient, alice: User) -> None:
    GenerationFactory.create_batch(2, owner=alice, created_at=NOON)
    GenerationFactory.create_batch(2, owner=alice, created_at=NOON, status="processing")
    following = api.get(f"{GENERATIONS}?limit=1&status=processing").json()["next"]
    last = api.get(following).json()
    assert [row["status"] for row in last["results"]] == ["processing"]
    assert last["next"] is None


def test_a_new_row_does_not_shift_the_next_page(api: JsonClient, alice: User) -> None:
    rows = GenerationFactory.create_batch(3, owner=alice)
    following = api.get(f"{GENERATIONS}?limit=2").json()["next"]
    GenerationFactory(owner=alice)
    assert page_ids(api.get(following)) == [str(rows[0].pk)]


def test_a_tampered_cursor_is_refused(api: JsonClient, alice: User) -> None:
    GenerationFactory.create_batch(2, owner=alice)
    following = api.get(f"{GENERATIONS}?limit=1").json()["next"]
    changed = following[:-1] + ("A" if following[-1] != "A" else "B")
    errors = problem_of(api.get(changed), 400)["errors"]
    assert [error["field"] for error in errors] == ["cursor"]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("status=failed", {"failed"}),
        ("status=failed,queued", {"failed", "queued"}),
        ("status=failed&status=queued", {"failed", "queued"}),
        ("status=cancelled", set()),
        ("provider=animatic", {"queued", "failed"}),
        ("provider=other", {"processing"}),
        ("created_after=2026-02-01", {"failed"}),
        ("created_before=2026-02-01T00:00:00Z", {"queued", "processing"}),
        ("created_after=2026-01-01T00:00:00%2B01:00&created_before=2026-02-01", {"queued", "processing"}),
        ("created_after=2026-01-31T12:00:00Z", {"failed"}),
    ],
)
def test_filters(api: JsonClient, alice: User, query: str, expected: set[str]) -> None:
    GenerationFactory(owner=alice, created_at=NOON)
    GenerationFactory(owner=alice, created_at=NOON, status="processing", provider="other")
    GenerationFactory(owner=alice, status="failed", finished_at=timezone.now())
    found = {row["status"] for row in api.get(f"{GENERATIONS}?{query}").json()["results"]}
    assert found == expected


@pytest.mark.parametrize("rows", [1, 20])
def test_the_list_costs_the_same_for_one_row_and_for_twenty(
    api: JsonClient, alice: User, rows: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(rows):
        GenerationFactory(owner=alice, video=AssetFactory(owner=alice))
    with django_assert_num_queries(2):
        assert len(page_ids(api.get(GENERATIONS))) == rows


@pytest.mark.parametrize("status", GenerationStatus.values)
def test_every_status_can_be_asked_for(api: JsonClient, status: str) -> None:
    assert api.get(f"{GENERATIONS}?status={status}").status_code == 200
