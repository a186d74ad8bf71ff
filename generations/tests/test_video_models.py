"""What models can do is data with a source, and a broken file says where it is broken."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from pytest_django import Settings

from generations.checks import video_models_check
from generations.providers.video_models import Catalogue, VideoModel, video_model, video_models

BY_PROVIDER = [(provider, model) for provider in Catalogue.model_fields for model in video_models(provider)]
VEO = '[replicate."google/veo-3.1"]'
NEW = """
[fal."our/model"]
title = "Ours"
durations = [5]
resolutions = { 720p = "hd" }
usd_per_second = { 720p = 0.01 }
audio = "never"
typical_seconds = 30
input = { prompt = "text" }
source = "our own rack"
as_of = 2026-11-01
"""


@pytest.fixture(autouse=True)
def usual(settings: Settings) -> None:
    settings.VIDEO_MODELS_FILE = ""
    settings.REPLICATE_API_TOKEN = settings.FAL_KEY = "test"


def own_file(settings: Settings, tmp_path: Path, text: str) -> None:
    path = tmp_path / "video_models.toml"
    path.write_text(text)
    settings.VIDEO_MODELS_FILE = str(path)


def found() -> set[str]:
    return {str(message.id) for message in video_models_check()}


def veo() -> VideoModel:
    return video_model("replicate", "google/veo-3.1")


def test_the_models_that_are_promised_are_there_the_default_first() -> None:
    assert [*video_models("replicate")] == [
        *("google/veo-3.1", "google/veo-3.1-fast", "bytedance/seedance-2.0", "minimax/hailuo-2.3"),
        *("kwaivgi/kling-v3-video", "wan-video/wan-2.7-t2v"),
    ]
    assert next(iter(video_models("fal"))) == "fal-ai/veo3.1"
    assert video_models("animatic") == {}
    assert found() == set()


@pytest.mark.parametrize(("provider", "name"), BY_PROVIDER)
def test_every_doubt_is_about_a_fact_that_is_stated(provider: str, name: str) -> None:
    model = video_model(provider, name)
    assert set(model.unverified) - model.model_fields_set == set()
    assert model.name == name


@pytest.mark.parametrize(("provider", "name"), BY_PROVIDER)
def test_every_length_at_every_resolution_has_a_price(provider: str, name: str) -> None:
    model = video_model(provider, name)
    for resolution in model.resolutions:
        for seconds in model.seconds_allowed(resolution):
            silent = model.price_per_second(resolution, False, seconds=seconds)
            assert 0 < silent <= model.price_per_second(resolution, True, seconds=seconds) < 1


def test_a_model_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        video_model("replicate", "google/veo-9")


@pytest.mark.parametrize(
    ("model", "resolution", "lengths"),
    [
        ("google/veo-3.1", "720p", [4, 6, 8]),
        ("minimax/hailuo-2.3", "720p", [6, 10]),
        ("minimax/hailuo-2.3", "1080p", [6]),
        ("kwaivgi/kling-v3-video", "720p", [*range(3, 16)]),
    ],
)
def test_the_lengths_are_those_of_the_resolution(model: str, resolution: str, lengths: list[int]) -> None:
    assert [*video_model("replicate", model).seconds_allowed(resolution)] == lengths


def test_with_references_only_some_lengths_are_sold() -> None:
    assert veo().seconds_allowed("720p", references=2) == (8,)


@pytest.mark.parametrize(
    ("seconds", "bought"), [("1", 4), ("4", 4), ("4.5", 6), ("8", 8), ("8.5", None), ("15", None)]
)
def test_the_shortest_clip_that_is_long_enough_is_bought(seconds: str, bought: int | None) -> None:
    assert veo().seconds_bought(Decimal(seconds), "720p") == bought


@pytest.mark.parametrize(
    ("model", "audio", "seconds", "usd"),
    [
        ("google/veo-3.1", False, None, "0.20"),
        ("google/veo-3.1", True, None, "0.40"),
        ("bytedance/seedance-2.0", True, None, "0.18"),
        ("minimax/hailuo-2.3", False, Decimal(6), "0.046667"),
        ("minimax/hailuo-2.3", False, Decimal(10), "0.056"),
        ("minimax/hailuo-2.3", False, None, "0.056"),
    ],
)
def test_prices_are_exact(model: str, audio: bool, seconds: Decimal | None, usd: str) -> None:
    assert video_model("replicate", model).price_per_second("720p", audio, seconds=seconds) == Decimal(usd)


# An own file


def test_an_own_file_replaces_what_it_states_and_nothing_else(settings: Settings, tmp_path: Path) -> None:
    bundled = veo()
    own_file(settings, tmp_path, f"{VEO}\nusd_per_second = {{ 720p = 0.01, 1080p = 0.02 }}")
    assert veo().price_per_second("720p", False) == Decimal("0.01")
    assert veo() == bundled.model_copy(update={"usd_per_second": veo().usd_per_second})


def test_an_own_file_adds_models(settings: Settings, tmp_path: Path) -> None:
    own_file(settings, tmp_path, NEW)
    assert video_model("fal", "our/model").resolutions == {"720p": "hd"}
    assert "fal-ai/veo3.1" in video_models("fal")
    assert found() == set()


@pytest.mark.parametrize(
    ("model", "lengths", "sold"),
    [
        ("google/veo-3.1", "min_seconds = 2\nmax_seconds = 4", (2, 3, 4)),
        ("kwaivgi/kling-v3-video", "durations = [5]", (5,)),
        ("kwaivgi/kling-v3-video", "max_seconds = 4", (3, 4)),
        ("kwaivgi/kling-v3-video", "max_seconds = 4\nstep_seconds = 0.5", (3, Decimal("3.5"), 4)),
    ],
)
def test_lengths_said_in_another_way_replace_those_before(
    settings: Settings, tmp_path: Path, model: str, lengths: str, sold: tuple[Decimal, ...]
) -> None:
    own_file(settings, tmp_path, f'[replicate."{model}"]\n{lengths}')
    assert video_model("replicate", model).seconds_allowed("720p") == sold


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[fal.a]\ntitle =\ndurations = [1]", "line 2"),
        ("[runway.a]\ntitle = 1", "line 1: runway: Extra inputs"),
        ("replicate = 3", "line 1: replicate"),
        (f"{VEO}\n\nprice = 3", "line 3: replicate.google/veo-3.1.price: Extra inputs"),
        (f'{VEO}\nusd_per_second = {{ 720p = "free" }}', "line 2: replicate.google/veo-3.1.usd_per"),
        (f"{VEO}\nresolutions = {{ 4k = '4k' }}", "line 2: replicate.google/veo-3.1.resolutions.4k"),
        (
            f"{VEO}\nresolutions = {{ 480p = '480p' }}",
            "line 1: replicate.google/veo-3.1: Value error, usd_per",
        ),
        (f"{VEO}\naspect_ratios = ['wide']", "line 2: replicate.google/veo-3.1.aspect_ratios.0"),
        (f"[fal.a]\ntitle = 'A'\n{NEW}", "line 1: fal.a.resolutions: Field required"),
        (NEW.replace("durations = [5]", ""), "it needs either durations, or min_seconds and max_seconds"),
    ],
)
def test_a_broken_file_is_refused_with_the_line_and_the_reason(
    settings: Settings, tmp_path: Path, text: str, reason: str
) -> None:
    own_file(settings, tmp_path, text)
    with pytest.raises(ImproperlyConfigured, match=r"video_models\.toml") as refused:
        video_models("fal")
    assert reason in str(refused.value)
    assert found() == {"generations.E001"}


def test_a_missing_file_is_refused_by_the_name_of_its_setting(settings: Settings, tmp_path: Path) -> None:
    settings.VIDEO_MODELS_FILE = str(tmp_path / "nowhere.toml")
    with pytest.raises(ImproperlyConfigured, match=r"VIDEO_MODELS_FILE cannot be read.*nowhere\.toml"):
        video_models("fal")


@pytest.mark.parametrize(
    ("days", "key", "ids"),
    [
        (31, "test", set()),
        (30, "test", {"generations.W002"}),
        (1, "test", {"generations.W002"}),
        (0, "test", {"generations.W001"}),
        (-9, "test", {"generations.W001"}),
        (-9, "", set()),
    ],
)
def test_a_model_that_dies_is_warned_of_where_its_provider_is_in_use(
    settings: Settings, tmp_path: Path, days: int, key: str, ids: set[str]
) -> None:
    settings.REPLICATE_API_TOKEN = key
    day: date = timezone.now().date() + timedelta(days=days)
    own_file(settings, tmp_path, f"{VEO}\nshutdown_on = {day}")
    assert found() == ids
