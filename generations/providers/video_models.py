"""What each provider's models can do, and what they cost. The facts are data: `video_models.toml`."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field, model_validator

from videogen.kernel.toml_catalogue import TomlFile, toml_checked, toml_read

BUNDLED = Path(__file__).with_name("video_models.toml")

Resolution = Literal["480p", "720p", "1080p"]
Ratio = Annotated[str, Field(pattern=r"^[1-9]\d?:[1-9]\d?$")]
Dollars = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=6)]
Seconds = Annotated[Decimal, Field(ge=1, le=60)]
#: The other way to say which lengths there are than `durations`. A row that uses one replaces the other.
_RANGE = {"min_seconds", "max_seconds", "step_seconds"}


class _Facts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputNames(_Facts):
    """What a model calls the fields of its input; an empty name is not sent."""

    prompt: str = "prompt"
    duration: str = ""
    aspect_ratio: str = ""
    resolution: str = ""
    seed: str = ""
    audio: str = ""
    negative_prompt: str = ""
    first_frame: str = ""
    references: str = ""


class VideoModel(_Facts):
    """What is known of one model. `unverified` names the facts to be careful with.

    `resolutions` says what we call a picture and what the provider calls it. Prices are for a second
    of silent video, by our name; `usd_per_clip` has those of a provider that sells by the piece.
    """

    name: str
    title: str
    durations: tuple[Seconds, ...] = ()
    min_seconds: Seconds | None = None
    max_seconds: Seconds | None = None
    step_seconds: Annotated[Decimal, Field(ge=Decimal("0.5"))] = Decimal(1)
    durations_at: Mapping[Resolution, Annotated[tuple[Seconds, ...], Field(min_length=1)]] = {}
    duration_as: Literal["int", "string", "suffixed"] = "int"
    aspect_ratios: tuple[Ratio, ...] = ()
    native_ratio: Ratio = "16:9"
    resolutions: Annotated[Mapping[Resolution, str], Field(min_length=1)]
    usd_per_second: Mapping[Resolution, Dollars] = {}
    usd_per_second_audio: Mapping[Resolution, Dollars] = {}
    usd_per_clip: Mapping[Resolution, Mapping[int, Dollars]] = {}
    audio: Literal["never", "always", "optional"]
    references: Annotated[int, Field(ge=0)] = 0
    reference_durations: tuple[Seconds, ...] = ()
    reference_ratios: tuple[Ratio, ...] = ()
    typical_seconds: Annotated[float, Field(gt=0)]
    input: InputNames
    constants: Mapping[str, bool | int | str] = {}
    source: Annotated[str, Field(min_length=1)]
    as_of: date
    unverified: tuple[str, ...] = ()
    shutdown_on: date | None = None

    @model_validator(mode="after")
    def _lengths_are_known(self) -> "VideoModel":
        is_range = self.min_seconds is not None and self.max_seconds is not None
        if bool(self.durations) == is_range:
            raise ValueError("it needs either durations, or min_seconds and max_seconds")
        return self

    @model_validator(mode="after")
    def _references_have_a_name(self) -> "VideoModel":
        if self.references and not (self.input.references or self.input.first_frame):
            raise ValueError("references need input.references or input.first_frame")
        return self

    @model_validator(mode="after")
    def _prices_are_whole(self) -> "VideoModel":
        for resolution in self.resolutions:
            if not (resolution in self.usd_per_second or resolution in self.usd_per_clip):
                raise ValueError(f"usd_per_second has no price for {resolution}")
            if self.usd_per_second_audio and resolution not in self.usd_per_second_audio:
                raise ValueError(f"usd_per_second_audio has no price for {resolution}")
        for resolution, prices in self.usd_per_clip.items():
            if set(prices) != set(self.seconds_allowed(resolution)):
                raise ValueError(f"usd_per_clip needs one price for each length at {resolution}")
        return self

    def seconds_allowed(self, resolution: str, *, references: int = 0) -> tuple[Decimal, ...]:
        """The lengths that it sells, the shortest first."""
        at_all = self.durations or self._range()
        here = self.durations_at.get(cast(Resolution, resolution), at_all)
        if references and self.reference_durations:
            here = tuple(seconds for seconds in here if seconds in self.reference_durations)
        return tuple(sorted(here))

    def price_per_second(self, resolution: str, audio: bool, *, seconds: Decimal | None = None) -> Decimal:
        """US dollars. Where clips are sold by the piece, that of a clip of `seconds`, or the highest."""
        if clips := self.usd_per_clip.get(cast(Resolution, resolution)):
            by_length = {Decimal(length): usd / length for length, usd in clips.items()}
            return _millionths(by_length[seconds] if seconds in by_length else max(by_length.values()))
        prices = self.usd_per_second_audio if audio and self.usd_per_second_audio else self.usd_per_second
        return prices[cast(Resolution, resolution)]

    def seconds_bought(self, seconds: Decimal, resolution: str, *, references: int = 0) -> Decimal | None:
        """The shortest clip that is as long as that; None where there is none."""
        lengths = self.seconds_allowed(resolution, references=references)
        return next((allowed for allowed in lengths if allowed >= seconds), None)

    def _range(self) -> tuple[Decimal, ...]:
        shortest, longest = self.min_seconds or Decimal(0), self.max_seconds or Decimal(0)
        steps = int((longest - shortest) / self.step_seconds)
        return tuple(shortest + step * self.step_seconds for step in range(steps + 1))


class Catalogue(_Facts):
    """A file of models, by provider and by the provider's own id."""

    replicate: Mapping[str, VideoModel] = {}
    fal: Mapping[str, VideoModel] = {}


def video_models(provider: str) -> Mapping[str, VideoModel]:
    """The provider's models, the default first; none for a provider without a catalogue."""
    catalogue = _catalogue(settings.VIDEO_MODELS_FILE)
    return getattr(catalogue, provider) if provider in Catalogue.model_fields else {}


def video_model(provider: str, model: str) -> VideoModel:
    """One model. Raises `KeyError`."""
    return video_models(provider)[model]


@cache
def _catalogue(own_file: str) -> Catalogue:
    bundled = toml_read(BUNDLED, setting="VIDEO_MODELS_FILE")
    if not own_file:
        return toml_checked(Catalogue, _named(bundled.content), file=bundled)
    own = toml_read(Path(own_file), setting="VIDEO_MODELS_FILE")
    return toml_checked(Catalogue, _named(_merged(bundled, own)), file=own)


def _merged(bundled: TomlFile, own: TomlFile) -> dict[str, Any]:
    """An own row replaces only what it states, so that a price can be corrected in two lines."""
    merged = dict(bundled.content)
    for provider, rows in own.content.items():
        known = merged.get(provider, {})
        if isinstance(rows, dict):
            merged[provider] = known | {
                model: row_replaced(known.get(model, {}), row) for model, row in rows.items()
            }
        else:
            merged[provider] = rows
    return merged


def row_replaced(known: dict[str, Any], own: Any) -> Any:
    """A row in which another one has replaced what it states."""
    if not isinstance(own, dict):
        return own
    other = _RANGE if "durations" in own else {"durations"} if _RANGE & own.keys() else set()
    return {name: value for name, value in known.items() if name not in other} | own


def _named(content: dict[str, Any]) -> dict[str, Any]:
    return {
        provider: _named_rows(rows) if isinstance(rows, dict) else rows for provider, rows in content.items()
    }


def _named_rows(rows: dict[str, Any]) -> dict[str, Any]:
    return {model: row | {"name": model} if isinstance(row, dict) else row for model, row in rows.items()}


def _millionths(usd: Decimal) -> Decimal:
    return usd.quantize(Decimal("0.000001"))
