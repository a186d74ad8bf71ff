"""From a request to what will be made of it: provider, model, price, and what had to be adapted."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from analysis import services as analysis
from analysis.contracts import BrandInput, PromptInput, Scene, Storyboard, StoryboardInput
from generations.media.frame import FrameFormat, frame_format
from generations.pipeline import applicable
from generations.providers.base import Capabilities, ClipSpec, VideoProvider
from generations.providers.registry import provider_get, provider_names
from generations.services.plans import Plan, backlog_seconds
from videogen.kernel.errors import DomainError


class RequestRefused(DomainError):
    """The request is well formed, but cannot be fulfilled as it is. `details["errors"]` name the fields."""

    code = "request.unsupported"
    status = 422


class BudgetTooSmall(DomainError):
    """The estimate is above the request's own `max_cost_usd`."""

    code = "budget.too_small"
    status = 402


@dataclass(frozen=True)
class RequestPlan:
    """What is decided when a request arrives."""

    provider: str
    model: str
    estimated_usd: Decimal
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class DryRun:
    """What would be made; `seconds` is how long that should take."""

    plan: RequestPlan
    storyboard: Storyboard
    frame: FrameFormat
    seconds: float


def plan_request(request: Mapping[str, Any]) -> RequestPlan:
    """Choose and check the provider. Raises `RequestRefused` and `BudgetTooSmall`."""
    name = settings.DEFAULT_PROVIDER if request.get("provider", "auto") == "auto" else request["provider"]
    if name not in provider_names():
        _refuse(
            "provider", f"Unknown provider {name!r}; choose auto or one of: {', '.join(provider_names())}."
        )
    provider = provider_get(name)
    if reason := provider.unavailable_because():
        _refuse("provider", f"{name} cannot work here: {reason}")
    able = provider.capabilities()
    model = request.get("model") or able.models[0]
    _check_capabilities(request, model, able, name)
    estimate = _estimate(provider, request, model)
    limit = request.get("max_cost_usd")
    if limit is not None and estimate > limit:
        message = f"This costs about {estimate} USD, more than max_cost_usd {limit}."
        raise BudgetTooSmall(message, estimated_usd=str(estimate), max_cost_usd=str(limit))
    return RequestPlan(name, model, estimate, warnings=(able.notice,) if able.notice else ())


def _check_capabilities(request: Mapping[str, Any], model: str, able: Capabilities, name: str) -> None:
    allowed = {"model": able.models, "aspect_ratio": able.aspect_ratios, "resolution": able.resolutions}
    for field, values in allowed.items():
        value = model if field == "model" else request[field]
        if value not in values:
            _refuse(field, f"{name} cannot do {field} {value!r}; it can do: {', '.join(values)}.")


def _refuse(field: str, message: str) -> None:
    raise RequestRefused(message, errors=[{"field": field, "code": "unsupported", "message": message}])


def _estimate(provider: VideoProvider, request: Mapping[str, Any], model: str) -> Decimal:
    """The price of the whole, before the storyboard is known: as clips of typical length."""
    if not provider.capabilities().paid:
        return Decimal(0)
    storyboard = _storyboard(request)
    frame = frame_format(aspect_ratio=request["aspect_ratio"], resolution=request["resolution"])
    specs = (clip_spec(scene, frame, request, model) for scene in storyboard.scenes)
    return sum((provider.estimate(spec) for spec in specs), Decimal(0))


def dry_run(request: Mapping[str, Any]) -> DryRun:
    """The plan of a request. Nothing is stored."""
    plan = plan_request(request)
    storyboard = _storyboard(request)
    frame = frame_format(aspect_ratio=request["aspect_ratio"], resolution=request["resolution"])
    return DryRun(plan, storyboard, frame, seconds=_seconds(request))


def _seconds(request: Mapping[str, Any]) -> float:
    stages = applicable(_Branded(request.get("brand")))
    own = Plan(stages=stages, clip_seconds={}, positions={}).remaining_seconds(request["duration_seconds"])
    return own + backlog_seconds(before=timezone.now())


@dataclass(frozen=True)
class _Branded:
    brand: object


def _storyboard(request: Mapping[str, Any]) -> Storyboard:
    asked = prompt_input(request)
    brand = request.get("brand")
    branded = analysis.brand_analyse(brand=BrandInput(**brand), request=asked).value if brand else None
    analysed = analysis.prompt_analyse(request=asked).value
    seed = request.get("seed") or 0
    return analysis.micro_prompts_write(
        request=StoryboardInput(request=asked, analysis=analysed, brand=branded, seed=seed)
    ).value


def prompt_input(request: Mapping[str, Any]) -> PromptInput:
    """What `prompt_analysis` reads of a request."""
    return PromptInput(
        prompt=request["prompt"],
        style=request.get("style", ""),
        aspect_ratio=request["aspect_ratio"],
        duration_seconds=request["duration_seconds"],
    )


def clip_spec(scene: Scene, frame: FrameFormat, request: Mapping[str, Any], model: str) -> ClipSpec:
    """What a provider gets for one scene. Each position has a seed of its own."""
    seed = (int(request.get("seed") or 0) + 7919 * scene.position) % 2**31
    return ClipSpec(scene=scene, frame=frame, seed=seed, style=request.get("style", ""), model=model)
