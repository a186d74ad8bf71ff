"""What has to be adapted so that a model can do what was asked for, and the sentences that say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from generations.media.frame import RESOLUTIONS
from generations.providers.video_models import VideoModel
from videogen.kernel.errors import DomainError

#: Cropping away more than that makes another picture of it.
LEAST_KEPT = 0.70
#: A picture that is enlarged by less looks the same.
VISIBLY_LARGER = 1.02


class DoesNotFit(DomainError):
    """The model cannot do it, not even adapted. `details["field"]` names what was asked for."""

    code = "model.does_not_fit"
    status = 422


@dataclass(frozen=True)
class Fit:
    """What is bought for a request. `aspect_ratio` is one of the provider's, `resolution` one of our names.

    `audio` says whether the clip is to have sound. `kept` is the share of the picture that is left
    after cropping. `references` is how many pictures it is made from.
    """

    aspect_ratio: str
    resolution: str
    audio: bool
    kept: float
    warnings: tuple[str, ...]
    references: int = 0


def fit(
    model: VideoModel, *, aspect_ratio: str, resolution: str, audio: bool | None, references: int = 0
) -> Fit:
    """What this model makes of a request. Raises `DoesNotFit`."""
    _check_references(model, references)
    bought = _resolution(model, resolution)
    native, kept = _ratio(model, aspect_ratio, references)
    return Fit(
        aspect_ratio=native,
        resolution=bought,
        audio=_audio(model, audio),
        kept=kept,
        warnings=(
            *_resolution_warning(model, resolution, bought),
            *_ratio_warning(
                model,
                aspect_ratio,
                native,
                kept,
                enlarged=_enlarged(aspect_ratio, native, resolution, bought),
            ),
            *_audio_warning(model, audio),
            *_references_warning(model, references),
        ),
        references=references,
    )


def _check_references(model: VideoModel, references: int) -> None:
    if references > model.references:
        can = f"at most {model.references}" if model.references else "none"
        raise DoesNotFit(
            f"{model.name} cannot use {references} references; it takes {can}.", field="references"
        )


def _resolution(model: VideoModel, wanted: str) -> str:
    """The one that was asked for, or the next larger one."""
    offered = sorted(model.resolutions, key=RESOLUTIONS.__getitem__)
    for resolution in offered:
        if RESOLUTIONS[resolution] >= RESOLUTIONS[wanted]:
            return resolution
    raise DoesNotFit(f"{model.name} cannot do {wanted}; it can do {listed(offered)}.", field="resolution")


def _ratio(model: VideoModel, wanted: str, references: int) -> tuple[str, float]:
    """The ratio that is bought, and how much of the picture is left when it is cropped to the wanted one."""
    offered = model.aspect_ratios or (model.native_ratio,)
    if references and model.reference_ratios:
        offered = model.reference_ratios
    native = max(offered, key=lambda ratio: _kept(ratio, wanted))
    kept = _kept(native, wanted)
    if kept < LEAST_KEPT:
        limit = " with references" if references and model.reference_ratios else ""
        sentence = f"{model.name} cannot do {wanted}{limit}; it can do {listed(offered)}."
        raise DoesNotFit(sentence, field="aspect_ratio")
    return native, kept


def _kept(native: str, wanted: str) -> float:
    ours, theirs = _quotient(wanted), _quotient(native)
    return min(ours / theirs, theirs / ours)


def _quotient(ratio: str) -> float:
    across, down = ratio.split(":")
    return int(across) / int(down)


def _enlarged(wanted: str, native: str, resolution: str, bought: str) -> float:
    """How much the cropped picture has to grow, where a resolution names the shorter side of each."""
    ours, theirs = _sides(wanted, resolution), _sides(native, bought)
    return max(ours[0] / theirs[0], ours[1] / theirs[1])


def _sides(ratio: str, resolution: str) -> tuple[float, float]:
    quotient, short = _quotient(ratio), RESOLUTIONS[resolution]
    return (short * max(quotient, 1), short * max(1 / quotient, 1))


def _audio(model: VideoModel, wanted: bool | None) -> bool:
    if wanted and model.audio == "never":
        raise DoesNotFit(f"{model.name} makes silent clips only.", field="audio")
    # Where nothing was said, what costs least; a model that always makes sound takes nothing for it.
    return model.audio == "always" if wanted is None else wanted


def _resolution_warning(model: VideoModel, wanted: str, bought: str) -> Sequence[str]:
    if wanted == bought:
        return ()
    return (f"{model.name} cannot do {wanted}; {bought} is bought and scaled down.",)


def _ratio_warning(
    model: VideoModel, wanted: str, native: str, kept: float, *, enlarged: float
) -> Sequence[str]:
    if kept == 1:
        return ()
    told = f"its {native} picture is cropped, {round(kept * 100)} % of it is kept"
    if enlarged > VISIBLY_LARGER:
        told += f", and that is enlarged by {round((enlarged - 1) * 100)} %"
    return (f"{model.name} cannot do {wanted}; {told}.",)


def _audio_warning(model: VideoModel, wanted: bool | None) -> Sequence[str]:
    if wanted is False and model.audio == "always":
        return (f"{model.name} always makes sound; it is left out.",)
    return ()


def _references_warning(model: VideoModel, references: int) -> Sequence[str]:
    if not references or model.input.references:
        return ()
    return (f"{model.name} takes a picture as the first frame only: of the first clip, and of no other.",)


def listed(names: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
