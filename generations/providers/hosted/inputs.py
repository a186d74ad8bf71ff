"""A model's input: what a scene asks for, in the words and the shapes that the model takes."""

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from generations.providers.base import FILE_PREFIX, ClipSpec, ProviderError, ReferenceFile
from generations.providers.fitting import DoesNotFit, Fit, fit
from generations.providers.video_models import VideoModel, video_model

#: Seeds are 64 bits here; models take 31 or 32.
SEEDS = 2**31
_FILE = re.compile(f"{FILE_PREFIX}[0-9a-f]{{64}}")


@dataclass(frozen=True)
class Order:
    """One clip as it is bought: from which model, how it was fitted, and for how many seconds."""

    model: VideoModel
    fitted: Fit
    seconds: Decimal

    @property
    def price_usd(self) -> Decimal:
        fitted = self.fitted
        price = self.model.price_per_second(fitted.resolution, fitted.audio, seconds=self.seconds)
        return self.seconds * price


def order_of(provider: str, spec: ClipSpec) -> Order:
    """What is bought for this clip. Raises `ProviderError` for what is not sold."""
    model = model_of(provider, spec.model)
    try:
        fitted = fit(
            model,
            aspect_ratio=spec.aspect_ratio,
            resolution=spec.resolution,
            audio=spec.audio,
            references=len(spec.references),
        )
    except DoesNotFit as error:
        raise _refused(str(error)) from error
    seconds = model.seconds_bought(spec.provider_seconds, fitted.resolution, references=fitted.references)
    if seconds is None:
        raise _refused(f"{model.name} makes no clip of {spec.provider_seconds} s in {fitted.resolution}.")
    return Order(model, fitted, seconds)


def model_of(provider: str, name: str) -> VideoModel:
    """The registry's row. Raises `ProviderError` with code `provider.model_unknown`."""
    try:
        return video_model(provider, name)
    except KeyError:
        raise ProviderError(
            f"There is no model {name!r} of {provider} in the registry.",
            code="provider.model_unknown",
            retryable=False,
        ) from None


def input_of(order: Order, spec: ClipSpec) -> dict[str, Any]:
    """What is sent: the row's constants, and each of our values that the model has a name for.

    Files are named by their hashes.
    """
    model, fitted = order.model, order.fitted
    ours: dict[str, Any] = {
        "prompt": _prompt(spec),
        "duration": _duration(order.seconds, model.duration_as),
        "aspect_ratio": fitted.aspect_ratio,
        "resolution": model.resolutions[fitted.resolution],  # type: ignore[index]
        "seed": spec.seed % SEEDS,
        "audio": fitted.audio,
    }
    names = model.input.model_dump()
    named = {names[name]: value for name, value in ours.items() if names[name]}
    return {**model.constants, **named, **_files(model, [each.name for each in pictures_of(model, spec)])}


def input_sent(order: Order, spec: ClipSpec) -> dict[str, Any]:
    """The same with the files themselves. Raises `ProviderError` for one that was not made ready."""
    pictures = pictures_of(order.model, spec)
    if not all(each.address for each in pictures):
        raise _refused("A reference picture has not been handed over.")
    return input_of(order, spec) | _files(order.model, [each.address for each in pictures])


def pictures_of(model: VideoModel, spec: ClipSpec) -> tuple[ReferenceFile, ...]:
    """Those of the pictures that the model gets for this clip."""
    if model.input.references:
        return spec.references
    is_opening = bool(model.input.first_frame) and spec.scene.position == 1
    return spec.references[:1] if is_opening else ()


def stands_for_files(value: Any) -> bool:
    """Whether this is what the ledger has in place of files."""
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(each, str) and _FILE.fullmatch(each) for each in values)


def _files(model: VideoModel, files: list[str]) -> dict[str, Any]:
    names = model.input
    if not files:
        return {}
    return {names.references: files} if names.references else {names.first_frame: files[0]}


def _prompt(spec: ClipSpec) -> str:
    prompt = spec.scene.micro_prompt
    return f"{prompt} Style: {spec.style}" if spec.style else prompt


def _refused(message: str) -> ProviderError:
    return ProviderError(message, code="provider.refused", retryable=False)


def _duration(seconds: Decimal, shape: str) -> int | float | str:
    number = int(seconds) if seconds == int(seconds) else float(seconds)
    match shape:
        case "suffixed":
            return f"{number}s"
        case "string":
            return str(number)
        case _:
            return number
