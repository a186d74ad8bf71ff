"""What one model of a provider offers for a request: how it fits, what it costs, how long it takes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from analysis.contracts import BrandInput, PromptInput, Scene, Storyboard
from analysis.services import storyboard_sketch
from generations.media.frame import FrameFormat, frame_format
from generations.media.transitions import NO_EDGES, Edges
from generations.providers.base import Capabilities, ClipSpec, ReferenceFile, VideoProvider
from generations.providers.durations import Fitted, TooFewScenes, storyboard_fit
from generations.providers.fitting import DoesNotFit, Fit, fit
from generations.providers.registry import hosted_provider, provider_get
from generations.providers.video_models import VideoModel, video_models
from generations.services.call_times import model_seconds
from videogen.kernel.errors import DomainError

#: Said once for all that a hosted model makes.
NO_TITLES = "Titles are not drawn on clips of hosted models."


class RequestRefused(DomainError):
    """The request is well formed, but cannot be fulfilled as it is. `details["errors"]` name the fields."""

    code = "request.unsupported"
    status = 422


def refusal(field: str, message: str) -> RequestRefused:
    """One field of the request cannot be fulfilled."""
    return RequestRefused(message, errors=[{"field": field, "code": "unsupported", "message": message}])


@dataclass(frozen=True)
class Offer:
    """One model, as it would make this request.

    `clips_usd` is the price of all clips, `seconds` how long one takes, `kept` the share of the picture
    that is left, `used` the share of the bought seconds that plays. `storyboard` is the sketch as it was
    fitted, None where none had to be looked at; `bought` how long a clip is bought for each of its scenes.
    """

    provider: str
    model: str
    storyboard: Storyboard | None
    clips_usd: Decimal
    seconds: float
    kept: float
    used: float
    warnings: tuple[str, ...]
    bought: tuple[Decimal, ...] = ()


#: Writes the sketch of a request's storyboard, or remembers it. Submissions that need none save its time.
Sketch = Callable[[], Storyboard]


def offer_of(provider: VideoProvider, model: str, request: Mapping[str, Any], sketch: Sketch) -> Offer:
    """What this model makes of the request. Raises `RequestRefused`."""
    if hosted_provider(provider.name):
        return _hosted_offer(provider, model, request, sketch())
    able = provider.capabilities()
    model = model or able.models[0]
    _check_capabilities(request, model, able, provider.name)
    frame = frame_format(aspect_ratio=request["aspect_ratio"], resolution=request["resolution"])
    scenes = sketch().scenes if able.paid else []
    specs = (clip_spec(scene, frame, request, model) for scene in scenes)
    price = sum((provider.estimate(spec) for spec in specs), Decimal(0))
    warnings = (able.notice,) if able.notice else ()
    return Offer(provider.name, model, None, price, 0.0, 1.0, 1.0, warnings)


def _check_capabilities(request: Mapping[str, Any], model: str, able: Capabilities, name: str) -> None:
    allowed = {"model": able.models, "aspect_ratio": able.aspect_ratios, "resolution": able.resolutions}
    for field, values in allowed.items():
        value = model if field == "model" else request[field]
        if value not in values:
            raise refusal(field, f"{name} cannot do {field} {value!r}; it can do: {', '.join(values)}.")
    if request.get("audio") and not able.audio:
        raise refusal("audio", f"{name} makes silent clips only.")
    if request.get("references"):
        message = f"{name} draws its pictures itself and cannot use references; a hosted model may."
        raise refusal("references", message)


def _hosted_offer(
    provider: VideoProvider, model: str, request: Mapping[str, Any], sketch: Storyboard
) -> Offer:
    rows = video_models(provider.name)
    name = model or next(iter(rows))
    if name not in rows:
        raise refusal("model", f"{provider.name} has no model {name!r}; it has: {', '.join(rows)}.")
    try:
        fitted = request_fit(rows[name], request)
        planned = scenes_fit(rows[name], fitted, sketch)
    except DoesNotFit as error:
        raise refusal(str(error.details["field"]), str(error)) from None
    except TooFewScenes as error:
        raise refusal("duration_seconds", str(error)) from None
    bought = sum(planned.bought, Decimal(0))
    frame = frame_format(aspect_ratio=request["aspect_ratio"], resolution=request["resolution"])
    specs = (
        clip_spec(scene, frame, request, name, bought_seconds=seconds)
        for scene, seconds in zip(planned.storyboard.scenes, planned.bought, strict=True)
    )
    return Offer(
        provider=provider.name,
        model=name,
        storyboard=planned.storyboard,
        clips_usd=sum((provider.estimate(spec) for spec in specs), Decimal(0)),
        seconds=model_seconds(provider.name, name),
        kept=fitted.kept,
        used=float(planned.storyboard.duration_seconds / bought),
        warnings=(*fitted.warnings, NO_TITLES),
        bought=planned.bought,
    )


def lasting_warnings(request: Mapping[str, Any]) -> tuple[str, ...]:
    """What is to be said of every clip that this request's model makes."""
    model = video_models(request["provider"]).get(request["model"])
    if model is None:
        notice = provider_get(request["provider"]).capabilities().notice
        return (notice,) if notice else ()
    return (*request_fit(model, request).warnings, NO_TITLES)


def request_fit(model: VideoModel, request: Mapping[str, Any]) -> Fit:
    """How a request's picture and sound fit a model. Raises `DoesNotFit`."""
    return fit(
        model,
        aspect_ratio=request["aspect_ratio"],
        resolution=request["resolution"],
        audio=request.get("audio"),
        references=len(request.get("references") or ()),
    )


def scenes_fit(model: VideoModel, fitted: Fit, storyboard: Storyboard) -> Fitted:
    """The storyboard with scenes that the model can make, for the least money. Raises `TooFewScenes`."""
    price = model.price_per_second(fitted.resolution, fitted.audio)
    lengths = model.seconds_allowed(fitted.resolution, references=fitted.references)
    return storyboard_fit(storyboard, lengths, price)


def sketch_of(request: Mapping[str, Any]) -> Storyboard:
    """A storyboard of the local engine, to ask prices of before the real one is written."""
    brand = request.get("brand")
    return storyboard_sketch(
        request=prompt_input(request),
        brand=BrandInput(**brand) if brand else None,
        seed=request.get("seed") or 0,
    )


def prompt_input(request: Mapping[str, Any]) -> PromptInput:
    """What `prompt_analysis` reads of a request."""
    return PromptInput(
        prompt=request["prompt"],
        style=request.get("style", ""),
        aspect_ratio=request["aspect_ratio"],
        duration_seconds=request["duration_seconds"],
    )


def clip_spec(
    scene: Scene,
    frame: FrameFormat,
    request: Mapping[str, Any],
    model: str,
    *,
    bought_seconds: Decimal | None = None,
    references: tuple[ReferenceFile, ...] = (),
    edges: Edges = NO_EDGES,
) -> ClipSpec:
    """What a provider gets for one scene. Each position has a seed of its own."""
    seed = (int(request.get("seed") or 0) + 7919 * scene.position) % 2**31
    return ClipSpec(
        scene=scene,
        frame=frame,
        seed=seed,
        style=request.get("style", ""),
        model=model,
        aspect_ratio=request["aspect_ratio"],
        resolution=request["resolution"],
        audio=request.get("audio"),
        bought_seconds=bought_seconds,
        references=references,
        edges=edges,
    )


def provider_checked(name: str, names: list[str]) -> VideoProvider:
    """The provider with this name, if it can work here. Raises `RequestRefused`."""
    if name not in names:
        raise refusal("provider", f"Unknown provider {name!r}; choose auto or one of: {', '.join(names)}.")
    provider = provider_get(name)
    if reason := provider.unavailable_because():
        raise refusal("provider", f"{name} cannot work here: {reason}")
    return provider
