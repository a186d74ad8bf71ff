"""What a model cannot do is adapted and said, or refused with what it can do."""

import pytest

from generations.providers.fitting import DoesNotFit, Fit, fit
from generations.providers.video_models import VideoModel, video_model

VEO = video_model("replicate", "google/veo-3.1")
SEEDANCE = video_model("replicate", "bytedance/seedance-2.0")
HAILUO = video_model("replicate", "minimax/hailuo-2.3")
HAILUO_PRO = video_model("fal", "fal-ai/minimax/hailuo-2.3/pro/text-to-video")
KLING = video_model("replicate", "kwaivgi/kling-v3-video")
WAN = video_model("replicate", "wan-video/wan-2.7-t2v")


def fitted(
    model: VideoModel,
    *,
    aspect_ratio: str = "16:9",
    resolution: str = "720p",
    audio: bool | None = None,
    references: int = 0,
) -> Fit:
    return fit(model, aspect_ratio=aspect_ratio, resolution=resolution, audio=audio, references=references)


@pytest.mark.parametrize("model", [VEO, SEEDANCE, HAILUO, KLING], ids=lambda model: model.name)
def test_what_a_model_can_do_is_bought_as_it_is(model: VideoModel) -> None:
    assert fitted(model) == Fit("16:9", "720p", audio=False, kept=1.0, warnings=())


@pytest.mark.parametrize(
    ("model", "wanted", "native", "kept", "share"),
    [
        (VEO, "4:5", "9:16", 0.703, "70 % of it is kept."),
        (SEEDANCE, "4:5", "3:4", 0.938, "94 % of it is kept."),
        (HAILUO, "21:9", "16:9", 0.762, "76 % of it is kept, and that is enlarged by 31 %."),
        (KLING, "4:5", "1:1", 0.8, "80 % of it is kept, and that is enlarged by 25 %."),
    ],
)
def test_a_ratio_that_a_model_lacks_is_cropped_from_the_one_that_keeps_most(
    model: VideoModel, wanted: str, native: str, kept: float, share: str
) -> None:
    found = fitted(model, aspect_ratio=wanted)
    assert (found.aspect_ratio, found.kept) == (native, pytest.approx(kept, abs=0.001))
    assert found.warnings == (f"{model.name} cannot do {wanted}; its {native} picture is cropped, {share}",)


@pytest.mark.parametrize(
    ("model", "wanted", "sentence"),
    [
        (VEO, "1:1", "google/veo-3.1 cannot do 1:1; it can do 16:9 and 9:16."),
        (HAILUO, "9:16", "minimax/hailuo-2.3 cannot do 9:16; it can do 16:9."),
    ],
)
def test_a_ratio_of_which_too_little_would_be_left_is_refused(
    model: VideoModel, wanted: str, sentence: str
) -> None:
    with pytest.raises(DoesNotFit) as refused:
        fitted(model, aspect_ratio=wanted)
    assert (str(refused.value), refused.value.details) == (sentence, {"field": "aspect_ratio"})


def test_seven_tenths_of_a_picture_are_enough_and_less_is_not() -> None:
    ten_by_seven = VEO.model_copy(update={"aspect_ratios": ("10:7",)})
    assert fitted(ten_by_seven, aspect_ratio="1:1").kept == 0.7
    with pytest.raises(DoesNotFit):
        fitted(VEO.model_copy(update={"aspect_ratios": ("13:9",)}), aspect_ratio="1:1")


def test_a_resolution_that_a_model_lacks_buys_the_next_larger_one() -> None:
    found = fitted(VEO, resolution="480p")
    assert found.resolution == "720p"
    assert found.warnings == ("google/veo-3.1 cannot do 480p; 720p is bought and scaled down.",)
    assert fitted(HAILUO_PRO, resolution="480p").resolution == "1080p"


def test_a_cropped_picture_of_a_larger_resolution_is_not_enlarged() -> None:
    told = fitted(HAILUO_PRO, aspect_ratio="21:9").warnings
    assert len(told) == 2
    assert told[1].endswith("its 16:9 picture is cropped, 76 % of it is kept.")


def test_nothing_is_scaled_up() -> None:
    with pytest.raises(DoesNotFit, match=r"cannot do 1080p; it can do 480p and 720p\.") as refused:
        fitted(
            SEEDANCE.model_copy(update={"resolutions": {"720p": "720p", "480p": "480p"}}), resolution="1080p"
        )
    assert refused.value.details["field"] == "resolution"


@pytest.mark.parametrize(
    ("model", "wanted", "made", "warnings"),
    [
        (VEO, None, False, ()),
        (VEO, True, True, ()),
        (VEO, False, False, ()),
        (HAILUO, None, False, ()),
        (HAILUO, False, False, ()),
        (WAN, None, True, ()),
        (WAN, True, True, ()),
        (WAN, False, False, ("wan-video/wan-2.7-t2v always makes sound; it is left out.",)),
    ],
)
def test_sound_is_made_where_it_is_wanted_or_costs_nothing(
    model: VideoModel, wanted: bool | None, made: bool, warnings: tuple[str, ...]
) -> None:
    found = fitted(model, audio=wanted)
    assert (found.audio, found.warnings) == (made, warnings)


def test_sound_from_a_silent_model_is_refused() -> None:
    with pytest.raises(DoesNotFit, match="makes silent clips only") as refused:
        fitted(HAILUO, audio=True)
    assert refused.value.details["field"] == "audio"


@pytest.mark.parametrize(("model", "count", "can"), [(VEO, 4, "at most 3"), (WAN, 1, "none")])
def test_more_references_than_a_model_takes_are_refused(model: VideoModel, count: int, can: str) -> None:
    with pytest.raises(DoesNotFit, match=f"it takes {can}") as refused:
        fitted(model, references=count)
    assert refused.value.details["field"] == "references"


def test_references_may_limit_the_ratio() -> None:
    assert fitted(VEO, references=3).aspect_ratio == "16:9"
    assert fitted(SEEDANCE, references=3, aspect_ratio="9:16").kept == 1
    with pytest.raises(DoesNotFit, match=r"cannot do 9:16 with references; it can do 16:9\."):
        fitted(VEO, references=1, aspect_ratio="9:16")
