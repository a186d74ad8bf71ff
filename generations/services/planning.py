"""From a request to what will be made of it: provider, model, price, and what had to be adapted."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from analysis.contracts import Storyboard
from analysis.costs import typical_cost_usd
from analysis.services import engine_name
from generations.media.frame import FrameFormat, frame_format
from generations.models import SMALLEST_USD
from generations.pipeline import Stage, applicable
from generations.providers.registry import hosted_provider, provider_names
from generations.services.calls import BudgetTooSmall
from generations.services.moderation import request_moderate
from generations.services.offers import Offer, Sketch, offer_of, provider_checked, sketch_of
from generations.services.plans import Plan, backlog_seconds
from generations.services.references import references_check
from generations.services.routing import auto_means, route_of
from videogen.accounts.budgets import budget_check
from videogen.accounts.models import ApiKey

SKETCH = "This storyboard is a sketch, made without the language model that will write the real one."


@dataclass(frozen=True)
class RequestPlan:
    """What is decided when a request arrives. `routing` is None where a provider was named."""

    provider: str
    model: str
    estimated_usd: Decimal
    warnings: tuple[str, ...]
    storyboard: Storyboard | None
    routing: dict[str, Any] | None = None


@dataclass(frozen=True)
class DryRun:
    """What would be made; `seconds` is how long that should take."""

    plan: RequestPlan
    storyboard: Storyboard
    frame: FrameFormat
    seconds: float


def plan_request(request: Mapping[str, Any], *, api_key: ApiKey | None = None) -> RequestPlan:
    """Choose and check the provider. Raises `RequestRefused` and `BudgetRefused`."""
    sketch, text_usd = cache(lambda: sketch_of(request)), _text_estimate(request)
    offer, routing = _decided(request, sketch, text_usd)
    estimate = (offer.clips_usd + text_usd).quantize(SMALLEST_USD)
    limit = request.get("max_cost_usd")
    if limit is not None and estimate > limit:
        message = f"This costs about {estimate:.6f} USD, more than max_cost_usd {limit:f}."
        raise BudgetTooSmall(message, estimated_usd=str(estimate), max_cost_usd=str(limit))
    budget_check(key=api_key, amount_usd=estimate, on=timezone.now().date())
    return RequestPlan(offer.provider, offer.model, estimate, offer.warnings, offer.storyboard, routing)


def _decided(
    request: Mapping[str, Any], sketch: Sketch, text_usd: Decimal
) -> tuple[Offer, dict[str, Any] | None]:
    asked = request.get("provider", "auto")
    name = auto_means() if asked == "auto" else asked
    if name is None:
        route = route_of(request, sketch, text_usd=text_usd)
        return route.offer, route.as_json()
    provider = provider_checked(name, provider_names())
    return offer_of(provider, request.get("model") or "", request, sketch), None


def _text_estimate(request: Mapping[str, Any]) -> Decimal:
    tasks = [stage.name for stage in _stages(request) if stage.is_text]
    return typical_cost_usd(tasks=tasks, duration_seconds=request["duration_seconds"]).quantize(SMALLEST_USD)


def dry_run(request: Mapping[str, Any], *, owner: User, api_key: ApiKey | None = None) -> DryRun:
    """The plan of a request. Nothing is stored, and no engine that is paid is asked for it.

    Raises what `plan_request` does, `UnknownReference`, and `Unsafe`.
    """
    references_check(owner=owner, ids=request.get("references") or [])
    plan = plan_request(request, api_key=api_key)
    request_moderate(request)
    if engine_name() != "local":
        plan = replace(plan, warnings=(*plan.warnings, SKETCH))
    frame = frame_format(aspect_ratio=request["aspect_ratio"], resolution=request["resolution"])
    return DryRun(plan, plan.storyboard or sketch_of(request), frame, seconds=_seconds(request, plan))


def _seconds(request: Mapping[str, Any], plan: RequestPlan) -> float:
    steps = Plan(
        stages=_stages(request), clip_seconds={}, positions={}, provider=plan.provider, model=plan.model
    )
    own = steps.remaining_seconds(request["duration_seconds"])
    return own if hosted_provider(plan.provider) else own + backlog_seconds(before=timezone.now())


def _stages(request: Mapping[str, Any]) -> list[Stage]:
    return applicable(_Branded(request.get("brand")))


@dataclass(frozen=True)
class _Branded:
    brand: object
