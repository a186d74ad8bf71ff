"""Where the catalogue of models and a provider's own schema differ, and the row that would agree."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from generations.media.frame import RESOLUTIONS
from generations.providers.schemas import InputField, InputSchema
from generations.providers.video_models import VideoModel

#: What providers call the inputs that we can use.
USUAL_NAMES: Mapping[str, tuple[str, ...]] = {
    "duration": ("duration",),
    "aspect_ratio": ("aspect_ratio",),
    "resolution": ("resolution",),
    "seed": ("seed",),
    "audio": ("generate_audio",),
    "negative_prompt": ("negative_prompt",),
    "first_frame": ("image", "first_frame_image", "start_image", "image_url"),
    "references": ("reference_images", "reference_image_urls"),
}

_RATIO = re.compile(r"[1-9]\d?:[1-9]\d?")


@dataclass(frozen=True)
class Difference:
    """One fact on which they differ. `correction` is what the row should state, where that is known."""

    fact: str
    ours: str
    theirs: str
    correction: Mapping[str, Any] | None = None


def differences(model: VideoModel, schema: InputSchema) -> list[Difference]:
    """Everything in which they differ. What only a person can tell apart is left alone, and so are prices."""
    return [
        *_lengths(model, schema),
        *_ratios(model, schema),
        *_resolutions(model, schema),
        *_audio(model, schema),
        *_names(model, schema),
    ]


def _lengths(model: VideoModel, schema: InputSchema) -> Iterator[Difference]:
    said, ours = _field(model, schema, "duration"), model.seconds_allowed("")
    if lengths := {value: length for value in said.values if (length := _length(value))}:
        theirs = tuple(sorted(lengths.values()))
        if theirs != ours:
            yield Difference("durations", _told(ours), _told(theirs), {"durations": theirs})
        if (spelling := _spelling(lengths)) != model.duration_as:
            yield Difference("duration_as", model.duration_as, spelling, {"duration_as": spelling})
        return
    # A minimum of -1 or 0 stands for a length that the model chooses; the shortest is not said then.
    shortest = said.minimum if said.minimum and said.minimum > 0 else ours[0]
    longest = said.maximum or ours[-1]
    if (ours[0], ours[-1]) != (shortest, longest):
        correction = {"min_seconds": shortest, "max_seconds": longest}
        yield Difference("durations", f"{ours[0]} to {ours[-1]}", f"{shortest} to {longest}", correction)


def _spelling(values: Iterable[int | str]) -> str:
    if all(isinstance(value, int) for value in values):
        return "int"
    return "suffixed" if any(str(value).endswith("s") for value in values) else "string"


def _length(value: int | str) -> Decimal | None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s?", str(value))
    return Decimal(match[1]) if match and Decimal(match[1]) >= 1 else None


def _ratios(model: VideoModel, schema: InputSchema) -> Iterator[Difference]:
    theirs = [value for value in _values(model, schema, "aspect_ratio") if _RATIO.fullmatch(value)]
    if theirs and set(theirs) != set(model.aspect_ratios):
        yield Difference(
            "aspect_ratios", _told(model.aspect_ratios), _told(theirs), {"aspect_ratios": theirs}
        )


def _resolutions(model: VideoModel, schema: InputSchema) -> Iterator[Difference]:
    theirs = _values(model, schema, "resolution")
    if not theirs:
        return
    kept = {ours: value for ours, value in model.resolutions.items() if value in theirs}
    # A value that is one of our names; what a `pro` or a `4k` would be for us, a person has to say.
    added = {value: value for value in theirs if value in RESOLUTIONS and value not in model.resolutions}
    if not added and kept == model.resolutions:
        return
    priced = {name: value for name, value in (kept | added).items() if _has_price(model, name)}
    correction = {"resolutions": priced} if priced else None
    yield Difference("resolutions", _told(list(model.resolutions.values())), _told(theirs), correction)


def _has_price(model: VideoModel, resolution: str) -> bool:
    prices = (model.usd_per_second, model.usd_per_clip)
    return any(resolution in table for table in prices) and (
        not model.usd_per_second_audio or resolution in model.usd_per_second_audio
    )


def _audio(model: VideoModel, schema: InputSchema) -> Iterator[Difference]:
    is_choice = bool(_name(model, schema, "audio"))
    if is_choice and model.audio != "optional":
        yield Difference("audio", model.audio, "optional", {"audio": "optional"})
    if not is_choice and model.audio == "optional":
        yield Difference("audio", "optional", "not a choice")


def _names(model: VideoModel, schema: InputSchema) -> Iterator[Difference]:
    """Inputs that we send and the model does not have, that we could use, and that it asks for."""
    named = {role: name for role, name in model.input.model_dump().items() if name}
    gone = {role: name for role, name in named.items() if name not in schema.fields}
    new = {
        role: name
        for role in USUAL_NAMES.keys() - named.keys()
        if (name := _name(model, schema, role)) and name not in named.values()
    }
    if gone or new:
        theirs = {role: name for role, name in named.items() if role not in gone} | new
        yield Difference("input", _pairs(gone) or "-", _pairs(new) or "-", {"input": theirs})
    if unknown := sorted(model.constants.keys() - schema.fields.keys()):
        kept = {name: value for name, value in model.constants.items() if name in schema.fields}
        yield Difference("constants", _told(unknown), "-", {"constants": kept})
    if asked := sorted(schema.required - {*named.values(), *model.constants}):
        yield Difference("required", "-", _told(asked))


def _name(model: VideoModel, schema: InputSchema, role: str) -> str:
    """What the input is called: as we know it, or else as is usual; empty where there is none."""
    names = (getattr(model.input, role), *USUAL_NAMES[role])
    return next((name for name in names if name in schema.fields), "")


def _field(model: VideoModel, schema: InputSchema, role: str) -> InputField:
    return schema.fields.get(_name(model, schema, role), InputField())


def _values(model: VideoModel, schema: InputSchema, role: str) -> list[str]:
    return [str(value) for value in _field(model, schema, role).values]


def _told(values: Any) -> str:
    return ", ".join(str(value) for value in values) or "none"


def _pairs(names: Mapping[str, str]) -> str:
    return ", ".join(f"{role} = {name}" for role, name in names.items())
