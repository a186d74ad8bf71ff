"""What hosted providers do alike: all that follows from the registry's rows, and the fetching of the clip."""

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import httpx

from generations.media.frame import ASPECT_RATIOS, RESOLUTIONS
from generations.providers.base import Capabilities, ClipSpec, ReferenceFile
from generations.providers.fitting import DoesNotFit, fit
from generations.providers.hosted.exchanges import look_client
from generations.providers.hosted.fetching import clip_fetch
from generations.providers.hosted.inputs import input_of, input_sent, model_of, order_of, pictures_of
from generations.providers.hosted.vendors import Vendor
from generations.providers.video_models import VideoModel, video_models
from videogen.kernel.progress import ReportProgress
from videogen.kernel.waiting import Tick, nothing


class RegisteredModels:
    """A service whose models are rows of the registry."""

    vendor: ClassVar[Vendor]
    name: str

    def capabilities(self) -> Capabilities:
        """What at least one of the models can do, by cropping or scaling down where it has to."""
        models = video_models(self.name)
        able = models.values()
        seconds = [each for model in able for at in model.resolutions for each in model.seconds_allowed(at)]
        return Capabilities(
            models=tuple(models),
            aspect_ratios=tuple(ratio for ratio in ASPECT_RATIOS if _somebody_can(able, aspect_ratio=ratio)),
            resolutions=tuple(name for name in RESOLUTIONS if _somebody_can(able, resolution=name)),
            # A clip may be cut to less than what is bought.
            min_clip_seconds=Decimal(1),
            max_clip_seconds=max(seconds, default=Decimal(1)),
            audio=any(model.audio != "never" for model in able),
            paid=True,
            description=f"Generated footage by the models at {self.vendor.title}; each clip is paid for.",
        )

    def unavailable_because(self) -> str | None:
        """Whether there is a key that can be sent. Nobody is asked whether it is right."""
        return self.vendor.unavailable_because()

    def prepare(self) -> None:
        """Nothing to load."""

    def estimate(self, spec: ClipSpec) -> Decimal:
        """The seconds that are bought, at the registry's price."""
        return order_of(self.name, spec).price_usd

    def payload(self, spec: ClipSpec) -> dict[str, Any]:
        """The input of the model, with files named by their hashes."""
        return input_of(order_of(self.name, spec), spec)

    def input_sent(self, spec: ClipSpec) -> dict[str, Any]:
        """The same with the files themselves."""
        return input_sent(order_of(self.name, spec), spec)

    def with_files(self, spec: ClipSpec, *, tick: Tick = nothing) -> ClipSpec:
        """The spec, with an address for each picture that the model gets."""
        needed = pictures_of(model_of(self.name, spec.model), spec)
        ready = {each.sha256: self._with_address(each, tick) for each in needed}
        return replace(spec, references=tuple(ready.get(each.sha256, each) for each in spec.references))

    def _with_address(self, picture: ReferenceFile, tick: Tick) -> ReferenceFile:
        if picture.path is None:
            raise LookupError("The picture has not been fetched.")
        return replace(picture, address=self.file_input(picture.path, picture.media_type, tick=tick))

    def file_input(self, path: Path, media_type: str, *, tick: Tick = nothing) -> str:
        """What stands for this file in a model's input: each service has its own way."""
        raise NotImplementedError

    def typical_seconds(self, model: str) -> float:
        """By the registry."""
        return model_of(self.name, model).typical_seconds

    def async_client(self, *, timeout_seconds: float) -> httpx.AsyncClient:
        """A client for looks. It carries our key, so only addresses of this service are asked with it."""
        return look_client(self.vendor, timeout_seconds=timeout_seconds)

    def fetch(self, spec: ClipSpec, source: str, *, into: Path, report: ReportProgress) -> tuple[str, ...]:
        """Download the clip from the address that the service named. It is conformed elsewhere."""
        clip_fetch(self.vendor, source, into=into, report=report)
        return ()


def _somebody_can(models: Iterable[VideoModel], *, aspect_ratio: str = "", resolution: str = "") -> bool:
    return any(_can(model, aspect_ratio, resolution) for model in models)


def _can(model: VideoModel, aspect_ratio: str, resolution: str) -> bool:
    """What is not given is what the model does anyhow."""
    try:
        fit(
            model,
            aspect_ratio=aspect_ratio or model.native_ratio,
            resolution=resolution or next(iter(model.resolutions)),
            audio=None,
        )
    except DoesNotFit:
        return False
    return True
