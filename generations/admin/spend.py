"""What paid clips cost: by day, provider and model, from one reading of the ledger."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, Self

from django.db.models import Count, Q, Sum

from generations.admin.filters import CLIP_BOUGHT, WASTED
from generations.models import ProviderCall


@dataclass(frozen=True)
class Totals:
    """Some calls together; they can be added.

    `calls` were sent, `clips` came of them, of `clip_seconds` together. `wasted_calls` were billed
    and brought no clip that counts; `wasted_usd` is their part of `spent_usd`.
    """

    calls: int = 0
    clips: int = 0
    wasted_calls: int = 0
    clip_seconds: Decimal = Decimal(0)
    spent_usd: Decimal = Decimal(0)
    wasted_usd: Decimal = Decimal(0)

    def __add__(self, other: Self) -> "Totals":
        return Totals(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def usd_each(self) -> Decimal | None:
        """What a clip cost, all that was billed on the way included; None where there was none."""
        return self.spent_usd / self.clips if self.clips else None


@dataclass(frozen=True)
class SpendRow:
    """The calls of one model on one day of the budget."""

    day: date
    provider: str
    model: str
    totals: Totals


def spend(since: date) -> list[SpendRow]:
    """The ledger from that day on: one query."""
    keys = ("reserved_on", "provider", "model")
    calls = ProviderCall.objects.filter(created_at__gte=datetime.combine(since, time(), UTC)).order_by()
    summed = calls.values(*keys).annotate(**_aggregates()).order_by(*keys)
    names = [field.name for field in fields(Totals)]
    rows = [
        SpendRow(day, provider, model, Totals(*numbers))
        for day, provider, model, *numbers in summed.values_list(*keys, *names)
    ]
    return [row for row in rows if row.totals.calls]


def _aggregates() -> dict[str, Any]:
    nothing = Decimal(0)
    return {
        "calls": Count("pk", filter=Q(sent_at__isnull=False)),
        "clips": Count("pk", filter=CLIP_BOUGHT),
        "wasted_calls": Count("pk", filter=WASTED),
        "clip_seconds": Sum("seconds", filter=CLIP_BOUGHT, default=nothing),
        "spent_usd": Sum("actual_usd", default=nothing),
        "wasted_usd": Sum("actual_usd", filter=WASTED, default=nothing),
    }


def sum_of(rows: Iterable[SpendRow]) -> Totals:
    """All of them together."""
    return sum((row.totals for row in rows), start=Totals())


def grouped(rows: Iterable[SpendRow], *names: str) -> dict[tuple[Any, ...], Totals]:
    """Totals by what is named (`day`, `provider`, `model`), in that order."""
    groups: dict[tuple[Any, ...], Totals] = defaultdict(Totals)
    for row in rows:
        groups[tuple(getattr(row, name) for name in names)] += row.totals
    return {key: groups[key] for key in sorted(groups)}
