"""A clip moves on to another model when its provider is out of order, if the choice was left to us."""

import logging
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction

from analysis.contracts import Scene, Storyboard
from generations.models import Clip, Generation, ProviderCall, StageRun
from generations.services.calls import call_close, calls_plan
from generations.services.events import event_record
from generations.services.flow import generation_lock
from generations.services.offers import Offer, RequestRefused
from generations.services.requests import request_of
from generations.services.routing import route_of
from generations.services.storyboards import clip_spec_of, fingerprint
from generations.states import AT_PROVIDER, WORKABLE, CallStatus
from videogen.accounts.budgets import BudgetRefused

logger = logging.getLogger(__name__)

#: What says that a provider is of no use for now, and another one may be.
OUT_OF_ORDER = ("breaker.open", "provider.no_credit", "provider.unauthorized")


def clip_reroute(*, run: StageRun, reason: str) -> bool:
    """Give the clip to the next best model of another provider. Whether there is one, and money for it.

    Nothing moves whose call may have been taken already.
    """
    with transaction.atomic():
        generation = generation_lock(run.generation_id)
        clip = run.clip
        if generation.routing is None or clip is None or generation.status not in WORKABLE:
            return False
        if ProviderCall.objects.filter(clip=clip, status__in=AT_PROVIDER).exists():
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


def _offer(generation: Generation, clip: Clip, reason: str) -> Offer:
    scene = Scene.model_validate(clip.scene).model_copy(update={"position": 1})
    sketch = Storyboard(title="clip", scenes=[scene])
    request: Mapping[str, Any] = {**request_of(generation), "model": ""}
    route = route_of(request, lambda: sketch, avoid={clip.provider: reason}, one_scene=True)
    return route.offer


def _move(generation: Generation, clip: Clip, offer: Offer, reason: str) -> None:
    came_from = clip.provider
    for call in ProviderCall.objects.filter(clip=clip, status=CallStatus.PLANNED):
        call_close(call=call, generation=generation, status=CallStatus.CANCELLED, actual_usd=Decimal(0))
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
