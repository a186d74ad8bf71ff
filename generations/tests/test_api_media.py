"""The bytes over HTTP."""

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from generations.models import Generation
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.factories import ClipFactory, GenerationFactory
from storage_app.models import Asset, AssetKind
from storage_app.services import asset_create

pytestmark = pytest.mark.django_db

BYTES = b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 4


@pytest.fixture
def asset(alice: User, tmp_path: Path) -> Asset:
    path = tmp_path / "bytes.mp4"
    path.write_bytes(BYTES)
    return asset_create(owner=alice, kind=AssetKind.VIDEO, path=path, name=path.name)


@pytest.fixture
def completed(alice: User, asset: Asset) -> Generation:
    generation = GenerationFactory(
        owner=alice, status="completed", finished_at=timezone.now(), clip_count=1, video=asset, poster=asset
    )
    ClipFactory(generation=generation, position=1, status="ready", video=asset, thumbnail=asset)
    return generation


MEDIA = ["video", "poster", "clips/1/video", "clips/1/thumbnail"]


@pytest.mark.parametrize("part", MEDIA)
def test_the_bytes_are_served(api: JsonClient, completed: Generation, part: str) -> None:
    response = api.get(f"{GENERATIONS}/{completed.pk}/{part}", headers={"Accept": "video/mp4"})
    assert (response.status_code, b"".join(response)) == (200, BYTES)
    assert response["Content-Length"] == str(len(BYTES))


@pytest.mark.parametrize("part", MEDIA)
def test_a_part_of_the_bytes_is_served(api: JsonClient, completed: Generation, part: str) -> None:
    response = api.get(f"{GENERATIONS}/{completed.pk}/{part}", headers={"Range": "bytes=4-7"})
    assert (response.status_code, b"".join(response)) == (206, b"ftyp")


def test_a_range_outside_of_the_file_is_a_problem_that_says_how_large_it_is(
    api: JsonClient, completed: Generation
) -> None:
    response = api.get(f"{GENERATIONS}/{completed.pk}/video", headers={"Range": "bytes=9999-"})
    assert problem_of(response, 416)["code"] == "range_not_satisfiable"
    assert response["Content-Range"] == f"bytes */{len(BYTES)}"


@pytest.mark.parametrize(
    "part, code",
    [
        ("video", "video.not_ready"),
        ("poster", "poster.not_ready"),
        ("clips/1/video", "clip.not_ready"),
        ("clips/1/thumbnail", "clip.not_ready"),
    ],
)
def test_what_is_not_made_yet_says_so(api: JsonClient, completed: Generation, part: str, code: str) -> None:
    Generation.objects.update(status="processing", finished_at=None, percentage=40)
    completed.clips.update(status="rendering")
    problem = problem_of(api.get(f"{GENERATIONS}/{completed.pk}/{part}"), 404)
    assert (problem["code"], problem["percentage"]) == (code, 40)


@pytest.mark.parametrize("position", ["0", "2", "99999999999999999999", "9" * 5000])
def test_a_clip_that_does_not_exist_is_not_found(
    api: JsonClient, completed: Generation, position: str
) -> None:
    assert (
        problem_of(api.get(f"{GENERATIONS}/{completed.pk}/clips/{position}/video"), 404)["code"]
        == "not_found"
    )


def test_before_the_storyboard_no_clip_is_ready(api: JsonClient, generation: Generation) -> None:
    response = api.get(f"{GENERATIONS}/{generation.pk}/clips/1/video")
    assert problem_of(response, 404)["code"] == "clip.not_ready"
