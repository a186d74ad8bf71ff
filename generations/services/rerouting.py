"""A clip moves on to another model when its provider is out of order, if the choice was left to us."""

import logging
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from analysis.contracts import Scene, Storyboard
from generations.models import Clip, Generation, ProviderCall, StageRun
from generations.services.calls import call_release, calls_plan
from generations.services.events import event_record
from generations.services.flow import generation_lock, run_is_held
from generations.services.offers import Offer, RequestRefused
from generations.services.requests import request_of
from generations.services.routing import route_of
from generations.services.storyboards import clip_spec_of, fingerprint
from generations.states import AT_PROVIDER, WORKABLE, CallStatus
from videogen.accounts.budgets import BudgetRefused

logger = logging.getLogger(__name__)

#: What says that a provider is of no use for now, and another one may be.
OUT_OF_ORDER = (
    *("breaker.open", "provider.no_credit", "provider.unauthorized"),
    *("provider.unavailable", "provider.unreachable"),
)


def clip_reroute(*, run: StageRun, reason: str) -> bool:
    """Give the clip to the next best model of another provider. Whether there is one, and money for it.

    Nothing moves whose call may have been taken already.
    """
    with transaction.atomic():
        generation = generation_lock(run.generation_id)
        clip = run.clip
        if generation.routing is None or clip is None or generation.status not in WORKABLE:
            return False
        if not run_is_held(run) or not _may_move(clip):
            return False
        try:
            with transaction.atomic():
                offer = _offer(generation, clip, reason)
                _move(generation, clip, offer, reason)
        except (BudgetRefused, RequestRefused) as refused:
            logger.warning(
                "Clip %s of %s stays at %s: %s", clip.position, generation.pk, clip.provider, refused
            )
            return False
    return True


def _may_move(clip: Clip) -> bool:
    asked = (*AT_PROVIDER, CallStatus.SUCCEEDED)
    return not ProviderCall.objects.filter(clip=clip, status__in=asked, error_code="").exists()


def _out_of_order(generation: Generation, clip: Clip, reason: str) -> dict[str, str]:
    """The providers that were of no use for this clip, and why, since it was last retried by hand."""
    refused = ProviderCall.objects.filter(clip=clip, status=CallStatus.REFUSED, error_code__in=OUT_OF_ORDER)
    if generation.retried_at:
        refused = refused.filter(created_at__gte=generation.retried_at)
    return {**dict(refused.values_list("provider", "error_message")), clip.provider: reason}


def _offer(generation: Generation, clip: Clip, reason: str) -> Offer:
    scene = Scene.model_validate(clip.scene).model_copy(update={"position": 1})
    sketch = Storyboard(title="clip", scenes=[scene])
    request: Mapping[str, Any] = {**request_of(generation), "model": ""}
    avoid = _out_of_order(generation, clip, reason)
    route = route_of(request, lambda: sketch, avoid=avoid, one_scene=True)
    return route.offer


def _move(generation: Generation, clip: Clip, offer: Offer, reason: str) -> None:
    came_from = clip.provider
    for call in ProviderCall.objects.filter(clip=clip, status=CallStatus.PLANNED):
        call_release(call=call, generation=generation)
    clip.provider, clip.model, clip.bought_seconds = offer.provider, offer.model, offer.bought[0]
    clip.fingerprint = fingerprint(clip_spec_of(generation=generation, clip=clip), provider=clip.provider)
    clip.save(update_fields=["provider", "model", "bought_seconds", "fingerprint"])
    calls_plan(generation=generation, clips=[clip])
    warning = f"Clip {clip.position} is made by {offer.model} at {offer.provider}: {reason}"
    generation.warnings = list(dict.fromkeys([*generation.warnings, warning, *offer.warnings]))
    generation.save(update_fields=["warnings"])
    event_record(
        generation=generation,
        type="clip.rerouted",
        stage="clip",
        position=clip.position,
        message=warning,
        provider=offer.provider,
        model=offer.model,
        came_from=came_from,
    )
