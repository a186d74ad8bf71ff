"""What comes of a job: it fails, it is refused, or its clip is another one than was asked for."""

from pathlib import Path

import pytest

from generations.media.probe import MediaInfo, probe
from generations.models import Generation
from generations.services.generations import generation_retry
from generations.testing.video_servers import Fault
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.following import assert_whole, error_of
from generations.tests.studio import ALL, PRICES, Studio, calls_of, clip_run, statuses, told
from generations.tests.studio import studio as studio
from storage_app.services import asset_fetch

pytestmark = pytest.mark.django_db(transaction=True)

PROVIDERS = ["replicate", "fal"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_job_that_fails_is_made_again_as_a_new_job(studio: Studio, provider: str) -> None:
    studio.script(Fault("fail", message="CUDA out of memory"))
    generation = studio.go_on(studio.order(provider))
    assert (statuses(generation), clip_run(generation).attempt) == (["failed", "succeeded"], 2)
    assert len({each.job_id for each in studio.servers[provider].ledger.jobs()}) == 2
    assert generation.actual_usd == PRICES[provider]
    assert "CUDA" in told(generation, "clip.provider_failed")[0]["message"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_job_that_fails_again_and_again_is_given_up_and_a_retry_begins_anew(
    studio: Studio, provider: str
) -> None:
    studio.script(Fault("fail", times=3))
    generation = studio.go_on(studio.order(provider))
    assert error_of(generation)["code"] == "provider.failed"
    assert (statuses(generation), generation.actual_usd) == (["failed"] * 3, 0)
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert (statuses(generation)[3:], generation.actual_usd) == (["succeeded"], PRICES[provider])


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_clip_that_is_found_unsafe_is_not_tried_again_and_its_writer_is_advised(
    studio: Studio, api: JsonClient, provider: str
) -> None:
    studio.script(Fault("moderated"))
    generation = studio.go_on(studio.order(provider))
    error = api.get(f"{GENERATIONS}/{generation.pk}").json()["error"]
    assert (error["code"], error["position"], error["retryable"]) == ("safety.provider", 1, False)
    assert error["hint"].startswith("Rewrite the scene")
    assert (statuses(generation), clip_run(generation).attempt) == (["failed"], 1)


def test_rejected_input_counts_as_billed_where_that_cannot_be_told(studio: Studio) -> None:
    studio.script(Fault("moderated"))
    at_fal, at_replicate = (studio.go_on(studio.order(name)) for name in ("fal", "replicate"))
    assert (at_fal.actual_usd, at_replicate.actual_usd) == (PRICES["fal"], 0)


ODD = {
    "size, rate and sound": [
        Fault("other_size", message="640x480"),
        Fault("other_fps", message="12"),
        Fault("with_audio"),
    ],
    "length, shape and rate": [
        Fault("short_clip"),
        Fault("other_size", message="360x640"),
        Fault("other_fps", message="60"),
    ],
}


@pytest.mark.parametrize("faults", ODD.values(), ids=ODD)
def test_whatever_comes_the_video_is_as_it_was_planned(
    studio: Studio, faults: list[Fault], tmp_path: Path
) -> None:
    studio.script(*faults)
    generation = studio.made(clips=3)
    assert_whole(generation)
    assert_as_planned(video_of(generation, tmp_path), seconds=12)
    assert len(studio.replicate.ledger.jobs()) == 3


def test_clips_of_two_providers_join(studio: Studio, tmp_path: Path) -> None:
    generation = studio.planned("auto", clips=2)
    # The first clip takes the last credit.
    first = studio.servers[generation.provider]
    first.script(Fault("with_audio"), Fault("late"), Fault("no_credit", times=9))
    assert_whole(studio.go_on(generation, ALL))
    assert {len(server.ledger.jobs()) for server in studio.servers.values()} == {1}
    assert_as_planned(video_of(generation, tmp_path), seconds=8)


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("audio", [True, False])
def test_sound_comes_as_it_was_ordered(studio: Studio, provider: str, audio: bool, tmp_path: Path) -> None:
    generation = studio.go_on(studio.order(provider, audio=audio))
    asked = studio.servers[provider].ledger.submissions()[0].input
    assert asked["generate_audio"] is audio
    source = generation.clips.select_related("source").get().source
    assert source
    asset_fetch(asset=source, into=tmp_path / "source.mp4")
    assert (probe(tmp_path / "source.mp4").audio_codec is not None) == audio


def test_less_than_half_of_a_clip_is_refused(studio: Studio) -> None:
    studio.script(Fault("short_clip", seconds=1.5))
    generation = studio.made()
    assert error_of(generation)["code"] == "media.too_short"
    assert "1.50 of 4" in error_of(generation)["message"]
    assert len(calls_of(generation)) == 1


def video_of(generation: Generation, directory: Path) -> MediaInfo:
    assert generation.video
    asset_fetch(asset=generation.video, into=directory / "video.mp4")
    return probe(directory / "video.mp4")


def assert_as_planned(info: MediaInfo, *, seconds: int) -> None:
    picture = (info.width, info.height, info.fps, info.frames, info.constant_rate)
    assert picture == (854, 480, 24, 24 * seconds, True)
    assert info.audio_codec == "aac"
    assert info.audio_seconds == pytest.approx(seconds, abs=0.05)
