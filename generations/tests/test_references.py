"""Reference pictures on their way from the request to the model; the ledger must not hold them."""

import base64
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured

from generations.models import Clip
from generations.providers.hosted.files import REPLICATE_INLINE_BYTES, replicate_file
from generations.providers.video_models import video_models
from generations.testing.video_servers import TOKEN, Fault
from generations.tests.following import error_of
from generations.tests.pictures import inputs, ordered
from generations.tests.pictures import large as large
from generations.tests.pictures import small as small
from generations.tests.processes import start_dispatcher, start_worker
from generations.tests.studio import Studio, call_of, clip_run, statuses
from generations.tests.studio import studio as studio
from storage_app.models import Asset
from storage_app.services import asset_open
from videogen.kernel.quota import quota_state
from videogen.testing.processes import running
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

HAILUO, VEO = "minimax/hailuo-2.3", "google/veo-3.1"
WAN = "fal-ai/wan/v2.7/text-to-video"
DYING = "generations.tests.dying_after_upload.DyingWorker"
#: A row of a model at fal that begins with a picture.
FAL_ROW = f'[fal."{WAN}"]\nreferences = 1\n[fal."{WAN}".input]\nfirst_frame = "image_url"\n'


@pytest.fixture
def fal_model(settings: Any, tmp_path: Path) -> None:
    own = tmp_path / "models.toml"
    own.write_text(FAL_ROW)
    settings.VIDEO_MODELS_FILE = str(own)


def stored_bytes(asset: Asset) -> bytes:
    with asset_open(asset=asset) as file:
        return file.read()


# Into the model


def test_a_large_picture_is_uploaded_once_for_all_clips_and_arrives(studio: Studio, large: Asset) -> None:
    generation = studio.go_on(ordered(studio, large, clips=2))
    first, second = inputs(studio.replicate)
    assert first["reference_images"] == second["reference_images"]
    assert len(studio.replicate.ledger.asked("files")) == 1
    (address,) = first["reference_images"]
    arrived = httpx.get(address, headers={"Authorization": f"Bearer {TOKEN}"}).json()
    assert (arrived["checksums"]["sha256"], arrived["content_type"]) == (large.sha256, "image/jpeg")
    assert statuses(generation) == ["succeeded"] * 2


def test_a_small_picture_goes_along_in_the_request(studio: Studio, small: Asset) -> None:
    studio.go_on(ordered(studio, small))
    (sent,) = inputs(studio.replicate)[0]["reference_images"]
    head, _, data = sent.partition(",")
    assert (head, base64.b64decode(data)) == ("data:image/jpeg;base64", stored_bytes(small))
    assert studio.replicate.ledger.asked("files") == []


def test_pictures_keep_their_order(studio: Studio, large: Asset, small: Asset) -> None:
    studio.go_on(ordered(studio, large, small))
    uploaded, inline = inputs(studio.replicate)[0]["reference_images"]
    assert (uploaded[:4], inline[:4]) == ("http", "data")


def test_fal_gets_them_in_the_request(studio: Studio, large: Asset, fal_model: None) -> None:
    studio.go_on(ordered(studio, large, provider="fal", model=WAN))
    data = inputs(studio.fal)[0]["image_url"].removeprefix("data:image/jpeg;base64,")
    assert base64.b64decode(data) == stored_bytes(large)


def test_a_model_that_takes_a_first_frame_gets_it_for_the_first_clip_and_the_client_is_told(
    studio: Studio, large: Asset
) -> None:
    generation = studio.go_on(ordered(studio, large, model=HAILUO, duration_seconds=12, resolution="720p"))
    assert ["first_frame_image" in given for given in inputs(studio.replicate)] == [True, False, False]
    assert f"{HAILUO} takes a picture as the first frame only" in " ".join(generation.warnings)


def test_lengths_are_those_that_the_model_sells_with_pictures(studio: Studio, large: Asset) -> None:
    generation = studio.planned(model=VEO, references=[str(large.pk)], resolution="720p")
    assert [clip.bought_seconds for clip in Clip.objects.filter(generation=generation)] == [8]
    assert studio.planned(model=VEO, resolution="720p").clips.get().bought_seconds == 4


def test_a_row_that_takes_pictures_has_to_say_as_what(settings: Any, tmp_path: Path) -> None:
    own = tmp_path / "models.toml"
    own.write_text(f'[fal."{WAN}"]\nreferences = 1\n')
    settings.VIDEO_MODELS_FILE = str(own)
    with pytest.raises(ImproperlyConfigured, match=r"input\.first_frame"):
        video_models("fal")


# Not into the ledger


@pytest.mark.parametrize("asset", ["large", "small"])
def test_the_ledger_names_the_pictures_and_does_not_hold_them(
    studio: Studio, asset: str, request: pytest.FixtureRequest
) -> None:
    picture = request.getfixturevalue(asset)
    call = call_of(studio.go_on(ordered(studio, picture)))
    assert call.request["reference_images"] == [f"file:sha256:{picture.sha256}"]
    assert "base64" not in f"{call.request} {call.answer}"


@pytest.mark.parametrize("asset", ["large", "small"])
def test_a_call_whose_answer_was_lost_is_found_in_the_list(
    studio: Studio, asset: str, request: pytest.FixtureRequest
) -> None:
    studio.script(Fault("accept_and_drop"))
    generation = studio.go_on(ordered(studio, request.getfixturevalue(asset)))
    assert statuses(generation) == ["succeeded"]
    assert len(studio.replicate.ledger.submissions()) == 1


def test_the_list_can_be_read_though_every_call_has_as_many_pictures_as_possible(studio: Studio) -> None:
    crumb = "data:image/jpeg;base64," + base64.b64encode(bytes(REPLICATE_INLINE_BYTES)).decode()
    generation = studio.sent()
    job = studio.job(call_of(generation))
    job.input = {**job.input, "reference_images": [crumb] * 9}
    studio.replicate._order += [job] * 99  # A whole page of them.
    studio.script(Fault("accept_and_drop"))
    assert statuses(studio.go_on(studio.order(seed=8))) == ["succeeded"]


# Uploads that go wrong buy nothing


def test_a_crash_after_the_upload_buys_nothing_twice(studio: Studio, large: Asset, tmp_path: Path) -> None:
    generation, told = ordered(studio, large), surroundings(studio) | {"CRASH_MARKS": str(tmp_path)}
    workers = [start_worker("analysis", **told), start_worker("clips", DYING, **told)]
    with running(*workers, start_dispatcher(**told)):
        assert eventually(lambda: statuses(generation) == ["accepted"], seconds=90)
    assert (tmp_path / "begin").exists()
    assert generation.stage_runs.filter(stage="clip", status="lost").count() == 1
    assert len(studio.replicate.ledger.asked("files")) == len(studio.replicate.ledger.submissions()) == 1


def surroundings(studio: Studio) -> dict[str, str]:
    """Processes that buy from our own server."""
    return {"REPLICATE_BASE_URL": studio.replicate.api_url, "REPLICATE_API_TOKEN": TOKEN}


@pytest.mark.parametrize("kind", ["rate_limited_seconds", "rate_limited_text"])
def test_an_upload_that_comes_too_early_is_made_later(studio: Studio, large: Asset, kind: str) -> None:
    studio.script(Fault(kind, on="files", seconds=7))
    generation = studio.planned(references=[str(large.pk)])
    studio.work(generation)
    assert (statuses(generation), clip_run(generation).put_back_count) == (["planned"], 1)
    assert quota_state("clips:replicate").paused_seconds == pytest.approx(7, abs=2)
    assert inputs(studio.replicate) == []


@pytest.mark.parametrize("fault", [Fault("drop", on="files"), Fault("hang_before", on="files")])
def test_an_upload_without_an_answer_is_made_again(studio: Studio, large: Asset, fault: Fault) -> None:
    studio.script(fault)
    generation = studio.go_on(ordered(studio, large))
    assert (statuses(generation), clip_run(generation).attempt) == (["succeeded"], 2)
    assert len(inputs(studio.replicate)) == 1


def test_an_upload_that_is_refused_ends_it_and_costs_nothing(studio: Studio, large: Asset) -> None:
    studio.script(Fault("bad_request", on="files", message="This file is odd."))
    generation = studio.go_on(ordered(studio, large))
    assert error_of(generation)["code"] == "provider.refused"
    assert (inputs(studio.replicate), generation.actual_usd, generation.reserved_usd) == ([], 0, 0)


class Unwanted(BaseException):
    """Nobody wants it any more."""


def test_an_upload_that_nobody_wants_any_more_ends_at_once(
    studio: Studio, settings: Any, tmp_path: Path
) -> None:
    settings.PROVIDER_TIMEOUT_SECONDS = 60
    studio.script(Fault("hang_before", on="files"))
    path, ends_at = tmp_path / "large.jpg", time.monotonic() + 1
    path.write_bytes(bytes(REPLICATE_INLINE_BYTES + 1))

    def tick() -> None:
        if time.monotonic() > ends_at:
            raise Unwanted

    with pytest.raises(Unwanted):
        replicate_file(path, "image/jpeg", tick=tick)
    assert time.monotonic() < ends_at + 2
