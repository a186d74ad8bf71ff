"""The parts of a generation: clips, events, storyboard."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from generations.api import examples
from generations.models import Generation
from generations.services.events import event_record
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.factories import AssetFactory, ClipFactory

pytestmark = pytest.mark.django_db

STORED_SCENE = examples.SCENE | {"duration_seconds": "4.0"}


def test_clips_come_in_order_and_show_their_bytes_once_ready(
    api: JsonClient, alice: User, generation: Generation
) -> None:
    video, thumbnail = AssetFactory(owner=alice), AssetFactory(owner=alice)
    ClipFactory(generation=generation, position=2, scene=STORED_SCENE, status="rendering", video=video)
    ClipFactory(
        generation=generation,
        position=1,
        scene=STORED_SCENE,
        status="ready",
        video=video,
        thumbnail=thumbnail,
    )
    ready, waiting = api.get(f"{GENERATIONS}/{generation.pk}/clips").json()["results"]
    assert (ready["position"], waiting["position"]) == (1, 2)
    assert ready["video"]["url"].endswith("/clips/1/video")
    assert (ready["scene"], ready["duration_seconds"]) == (examples.SCENE, 4.0)
    assert (waiting["video"], waiting["thumbnail_url"]) == (None, None)


@pytest.mark.parametrize("clips", [1, 20])
def test_clips_cost_three_queries_however_many(
    api: JsonClient, generation: Generation, clips: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    for _ in range(clips):
        ClipFactory(generation=generation, scene=STORED_SCENE, status="ready", video=AssetFactory())
    with django_assert_num_queries(3):
        assert len(api.get(f"{GENERATIONS}/{generation.pk}/clips").json()["results"]) == clips


@pytest.mark.parametrize(
    "query, sequences, more",
    [("", [1, 2, 3], False), ("?after=2", [3], False), ("?limit=2", [1, 2], True), ("?after=9", [], False)],
)
def test_events_after_a_number(
    api: JsonClient, generation: Generation, query: str, sequences: list[int], more: bool
) -> None:
    for _ in range(3):
        event_record(generation=generation, type="stage.started")
    body = api.get(f"{GENERATIONS}/{generation.pk}/events{query}").json()
    assert [event["sequence"] for event in body["results"]] == sequences
    assert (body["last_sequence"], body["next"] is not None) == (3, more)


def test_next_goes_on_where_the_events_end(api: JsonClient, generation: Generation) -> None:
    for _ in range(3):
        event_record(generation=generation, type="stage.started")
    following = api.get(f"{GENERATIONS}/{generation.pk}/events?limit=2").json()["next"]
    assert [event["sequence"] for event in api.get(following).json()["results"]] == [3]


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=99999999999", "limit=0", "limit=501"])
def test_a_bad_query_for_events_is_refused(api: JsonClient, generation: Generation, query: str) -> None:
    errors = problem_of(api.get(f"{GENERATIONS}/{generation.pk}/events?{query}"), 400)["errors"]
    assert [error["field"] for error in errors] == [query.split("=")[0]]
    assert "whole number from" in errors[0]["message"]


def test_a_storyboard_that_is_not_written_yet_says_so(api: JsonClient, generation: Generation) -> None:
    problem = problem_of(api.get(f"{GENERATIONS}/{generation.pk}/storyboard"), 404)
    assert (problem["code"], problem["current_status"]) == ("storyboard.not_ready", "queued")


def test_a_storyboard_is_shown(api: JsonClient, generation: Generation) -> None:
    Generation.objects.update(storyboard={"title": "Coffee", "scenes": [STORED_SCENE]})
    body = api.get(f"{GENERATIONS}/{generation.pk}/storyboard").json()
    assert body == {"title": "Coffee", "scenes": [examples.SCENE]}
