"""How `provider: auto` was decided, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from generations.services.routing import WEIGHTS
from videogen.kernel.admin.formatting import NONE, duration


@dataclass(frozen=True)
class CandidateRow:
    """A model that could have made it. `scores` are those of the columns, in their order."""

    provider: str
    model: str
    is_chosen: bool
    score: str
    scores: list[str]
    price: str
    usual: str


class RoutingTable:
    """What the template reads of a stored decision, whatever an older version left out."""

    def __init__(self, routing: Mapping[str, Any]) -> None:
        self._routing = routing

    @property
    def columns(self) -> list[str]:
        """The sides of an offer, with what each counts for."""
        return [f"{name.capitalize()}, {weight:.0%}" for name, weight in WEIGHTS.items()]

    @property
    def rows(self) -> list[CandidateRow]:
        """The chosen one first, then the others, the best first."""
        candidates = [self._routing.get("chosen") or {}, *self._routing.get("others", [])]
        return [_row(each, is_chosen=not number) for number, each in enumerate(candidates)]

    @property
    def reasons(self) -> list[str]:
        return list(self._routing.get("reasons", []))

    @property
    def rejected(self) -> list[Mapping[str, str]]:
        return list(self._routing.get("rejected", []))


def _row(candidate: Mapping[str, Any], *, is_chosen: bool) -> CandidateRow:
    scores = candidate.get("scores", {})
    seconds = candidate.get("usual_seconds")
    estimated = candidate.get("estimated_usd")
    return CandidateRow(
        provider=candidate.get("provider", NONE),
        model=candidate.get("model", NONE),
        is_chosen=is_chosen,
        score=_score(candidate.get("score")),
        scores=[_score(scores.get(name)) for name in WEIGHTS],
        price=NONE if estimated is None else f"${float(estimated):,.2f}",
        usual=duration(seconds),
    )


def _score(value: float | None) -> str:
    return NONE if value is None else f"{value:.2f}"
