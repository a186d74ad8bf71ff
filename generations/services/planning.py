"""From a request to what will be made of it: provider, model, price, and what had to be adapted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils import timezone

from analysis.contracts import BrandInput, PromptInput, Scene, Storyboard
from analysis.costs import typical_cost_usd
from analysis.services import engine_name, storyboard_sketch
from generations.media.frame import FrameFormat, frame_format
from generations.models import SMALLEST_USD
from generations.pipeline import Stage, applicable
from generations.providers.base import Capabilities, ClipSpec, VideoProvider
from generations.providers.registry import provider_get, provider_names
from generations.services.moderation import request_moderate
from generations.services.plans import Plan, backlog_seconds
from videogen.kernel.errors import DomainError

SKETCH = "This storyboard is a sketch, made without the language model that will write the real one."


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
        message = f"This costs about {estimate:.6f} USD, more than max_cost_usd {limit:f}."
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
    """The price of the whole, before the storyboard is known: its text tasks, and clips of typical length."""
    text = _text_estimate(request)
    if not provider.capabilities().paid:
        return text
    storyboard = _storyboard(request)
    frame = frame_format(aspect_ratio=request["aspect_ratio"], resolution=request["resolution"])
    specs = (clip_spec(scene, frame, request, model) for scene in storyboard.scenes)
    return sum((provider.estimate(spec) for spec in specs), text)


def _text_estimate(request: Mapping[str, Any]) -> Decimal:
    tasks = [stage.name for stage in _stages(request) if stage.is_text]
    return typical_cost_usd(tasks=tasks, duration_seconds=request["duration_seconds"]).quantize(SMALLEST_USD)


def dry_run(request: Mapping[str, Any]) -> DryRun:
    """The plan of a request. Nothing is stored, and no engine that is paid is asked for it.

    Raises what `plan_request` does, and `Unsafe`.
    """
    plan = plan_request(request)
    request_moderate(request)
    if engine_name() != "local":
        plan = replace(plan, warnings=(*plan.warnings, SKETCH))
    storyboard = _storyboard(request)
    frame = frame_format(aspect_ratio=request["aspect_ratio"], resolution=request["resolution"])
    return DryRun(plan, storyboard, frame, seconds=_seconds(request))


def _seconds(request: Mapping[str, Any]) -> float:
    plan = Plan(stages=_stages(request), clip_seconds={}, positions={})
    own = plan.remaining_seconds(request["duration_seconds"])
    return own + backlog_seconds(before=timezone.now())


def _stages(request: Mapping[str, Any]) -> list[Stage]:
    return applicable(_Branded(request.get("brand")))


@dataclass(frozen=True)
class _Branded:
    brand: object


def _storyboard(request: Mapping[str, Any]) -> Storyboard:
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


def clip_spec(scene: Scene, frame: FrameFormat, request: Mapping[str, Any], model: str) -> ClipSpec:
    """What a provider gets for one scene. Each position has a seed of its own."""
    seed = (int(request.get("seed") or 0) + 7919 * scene.position) % 2**31
    return ClipSpec(scene=scene, frame=frame, seed=seed, style=request.get("style", ""), model=model)
