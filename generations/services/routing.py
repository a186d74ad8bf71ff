"""What `provider: auto` means for a request: every model is weighed, and the reasons are kept.

A hosted model is chosen where there is one that can be paid and used. Only where no hosted provider
is set up does auto mean the built-in animatic, and the generation's warnings say so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.conf import settings

from generations.models import ProviderCall
from generations.providers.registry import hosted_names, provider_get
from generations.providers.video_models import video_models
from generations.services.calls import BudgetTooSmall, breaker_subject
from generations.services.offers import Offer, RequestRefused, Sketch, offer_of, refusal
from generations.states import CallStatus
from videogen.kernel.breaker import breaker_state

#: What each side of an offer counts for, together 1.
WEIGHTS = {"fit": 0.35, "price": 0.3, "time": 0.15, "reliability": 0.2}
#: So many of a model's newest calls tell how reliable it is.
RECENT_CALLS = 20
BUILT_IN = "animatic"


@dataclass(frozen=True)
class Candidate:
    """A model that can do it. The scores are from 0 to 1, `score` is their weighted sum."""

    offer: Offer
    scores: Mapping[str, float]

    @property
    def score(self) -> float:
        return sum(WEIGHTS[name] * value for name, value in self.scores.items())


@dataclass(frozen=True)
class Rejected:
    """A model that cannot, and why."""

    provider: str
    model: str
    reason: str
    usd: Decimal | None = None


@dataclass(frozen=True)
class Route:
    """The candidates, the best first, and those that were rejected. There is at least one candidate."""

    candidates: tuple[Candidate, ...]
    rejected: tuple[Rejected, ...]

    @property
    def offer(self) -> Offer:
        return self.candidates[0].offer

    def as_json(self) -> dict[str, Any]:
        """The decision as it is stored and shown."""
        best, *others = self.candidates
        return {
            "asked": "auto",
            "chosen": _shown(best),
            "reasons": _reasons(best, others),
            "others": [_shown(other) for other in others],
            "rejected": [
                {"provider": each.provider, "model": each.model, "reason": each.reason}
                for each in self.rejected
            ],
        }


def auto_means() -> str | None:
    """The one provider that auto stands for, or None where the hosted ones are weighed."""
    if settings.DEFAULT_PROVIDER != "auto":
        return str(settings.DEFAULT_PROVIDER)
    usable = [name for name in hosted_names() if provider_get(name).unavailable_because() is None]
    return None if usable else BUILT_IN


def route_of(
    request: Mapping[str, Any],
    sketch: Sketch,
    *,
    text_usd: Decimal = Decimal(0),
    avoid: Mapping[str, str] | None = None,
    one_scene: bool = False,
) -> Route:
    """Weigh every hosted model. `avoid` says of providers why they are out of the question.

    With `one_scene` only a model counts that makes the scene in one piece.

    Raises `BudgetTooSmall` where only money is missing, `RequestRefused` where nothing fits.
    """
    offers: list[Offer] = []
    rejected: list[Rejected] = []
    for provider, model in _models(str(request.get("model") or "")):
        reason = (avoid or {}).get(provider) or _out_of_order(provider)
        if reason is None:
            try:
                offer = offer_of(provider_get(provider), model, request, sketch)
                if not one_scene or len(offer.bought) == 1:
                    offers.append(offer)
                    continue
                reason = f"{model} makes no clip of that length."
            except RequestRefused as refused:
                reason = str(refused)
        rejected.append(Rejected(provider, model, reason))
    affordable = [offer for offer in offers if _is_affordable(offer, request, text_usd)]
    rejected += [_too_dear(offer, request) for offer in offers if offer not in affordable]
    if not affordable:
        raise _nothing(offers, rejected, request)
    candidates = sorted(_weighed(affordable), key=lambda each: -each.score)
    return Route(tuple(candidates), tuple(rejected))


def _models(wanted: str) -> list[tuple[str, str]]:
    pairs = [(name, model) for name in hosted_names() for model in video_models(name)]
    chosen = [pair for pair in pairs if wanted in ("", pair[1])]
    if not chosen:
        raise refusal("model", f"No provider has a model {wanted!r}; see GET /api/v1/providers.")
    return chosen


def _out_of_order(name: str) -> str | None:
    if reason := provider_get(name).unavailable_because():
        return reason
    state = breaker_state(breaker_subject(name))
    if state.state == "open":
        return f"{name} has failed too often lately; it is left alone for {state.seconds:.0f} s."
    return None


def _is_affordable(offer: Offer, request: Mapping[str, Any], text_usd: Decimal) -> bool:
    limit = request.get("max_cost_usd")
    return limit is None or offer.clips_usd + text_usd <= limit


def _too_dear(offer: Offer, request: Mapping[str, Any]) -> Rejected:
    reason = f"It costs {offer.clips_usd:.6f} USD, and max_cost_usd is {request['max_cost_usd']:.6f}."
    return Rejected(offer.provider, offer.model, reason, usd=offer.clips_usd)


def _nothing(
    offers: Sequence[Offer], rejected: Sequence[Rejected], request: Mapping[str, Any]
) -> RequestRefused | BudgetTooSmall:
    reasons = [{"provider": each.provider, "model": each.model, "reason": each.reason} for each in rejected]
    if offers:
        cheapest = min(offer.clips_usd for offer in offers)
        limit = f"{request['max_cost_usd']:.6f}"
        message = f"The cheapest model costs {cheapest:.6f} USD, more than max_cost_usd {limit}."
        return BudgetTooSmall(message, estimated_usd=f"{cheapest:.6f}", max_cost_usd=limit, rejected=reasons)
    said = " ".join(dict.fromkeys(each.reason for each in rejected))
    message = f"No hosted model can make this. {said}"
    errors = [{"field": "provider", "code": "unsupported", "message": message}]
    return RequestRefused(message, errors=errors, rejected=reasons)


def _weighed(offers: Sequence[Offer]) -> list[Candidate]:
    cheapest = min(offer.clips_usd for offer in offers)
    fastest = min(offer.seconds for offer in offers)
    return [
        Candidate(
            offer,
            {
                "fit": offer.kept * offer.used,
                "price": float(cheapest / offer.clips_usd) if offer.clips_usd else 1.0,
                "time": fastest / offer.seconds if offer.seconds else 1.0,
                "reliability": reliability(offer.provider, offer.model),
            },
        )
        for offer in offers
    ]


def reliability(provider: str, model: str) -> float:
    """The share of its newest calls that the provider did not fail at; 1 before there are any."""
    ended = (CallStatus.SUCCEEDED, CallStatus.FAILED)
    calls = ProviderCall.objects.filter(provider=provider, model=model, status__in=ended)
    newest = list(
        calls.exclude(error_code="safety.provider")
        .order_by("-finished_at")
        .values_list("status", flat=True)[:RECENT_CALLS]
    )
    return newest.count(CallStatus.SUCCEEDED) / len(newest) if newest else 1.0


def _shown(candidate: Candidate) -> dict[str, Any]:
    offer = candidate.offer
    return {
        "provider": offer.provider,
        "model": offer.model,
        "score": round(candidate.score, 3),
        "scores": {name: round(value, 3) for name, value in candidate.scores.items()},
        "estimated_usd": f"{offer.clips_usd:.6f}",
        "usual_seconds": round(offer.seconds, 1),
    }


def _reasons(best: Candidate, others: Sequence[Candidate]) -> list[str]:
    offer, scores = best.offer, best.scores
    said = [
        f"{offer.model} at {offer.provider}: {round(100 * offer.kept)} % of its picture is kept, "
        f"{round(100 * offer.used)} % of the seconds that are bought play.",
        f"Its clips cost {offer.clips_usd:.2f} USD" + (", the least." if scores["price"] == 1 else "."),
        f"A clip usually takes {offer.seconds:.0f} s" + (", the least." if scores["time"] == 1 else "."),
    ]
    if scores["reliability"] < 1:
        failed = round(100 * (1 - scores["reliability"]))
        said.append(f"It failed at {failed} % of its newest calls.")
    if others:
        said.append(
            f"The next best, {others[0].offer.model}, scores {others[0].score:.2f} to {best.score:.2f}."
        )
    return said
