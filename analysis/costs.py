"""What the text tasks cost: by generation, by day, task and model, and what they will probably cost."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from django.core.cache import cache
from django.db import connection
from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce, TruncDate
from redis.exceptions import RedisError

from analysis.language_models import cost_usd, model_of, price_of, typical_usage
from analysis.models import Outcome, TextCall
from analysis.services import engine_name

#: How many of the newest answers the history looks at, and for how long it is remembered.
HISTORY_CALLS = 50
HISTORY_SECONDS = 60
#: Taken where the length of the video is not known.
USUAL_VIDEO_SECONDS = 15

_HISTORY = """
SELECT asked.task, percentile_disc(0.5) WITHIN GROUP (ORDER BY history.cost_usd)
FROM unnest(%s::text[], %s::text[]) AS asked(task, model)
CROSS JOIN LATERAL (
    SELECT cost_usd FROM analysis_textcall
    WHERE task = asked.task AND model = asked.model AND outcome = 'answered'
    ORDER BY created_at DESC LIMIT %s
) AS history
GROUP BY asked.task
"""


@dataclass(frozen=True)
class Totals:
    """Some calls together; they can be added.

    `calls` reached out for the server, `answers` and `failures` are how they ended; `hits` needed
    no call. `latency_seconds` is the sum over the `timed` ones.
    """

    calls: int = 0
    answers: int = 0
    failures: int = 0
    hits: int = 0
    timed: int = 0
    latency_seconds: float = 0.0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    def __add__(self, other: Self) -> "Totals":
        return Totals(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))

    @property
    def mean_latency_seconds(self) -> float | None:
        """None where no call has ended."""
        return self.latency_seconds / self.timed if self.timed else None

    @property
    def usd_each(self) -> Decimal | None:
        """What an answer cost, the failed calls on the way included; None where there was none."""
        return self.cost_usd / self.answers if self.answers else None


@dataclass(frozen=True)
class CostRow:
    """The calls of one task by one model on one day of UTC."""

    day: date
    task: str
    model: str
    totals: Totals


def spent_usd(generation_id: UUID) -> Decimal:
    """What the text tasks of one generation have cost so far."""
    return TextCall.objects.of_generation(generation_id).cost_usd()


def costs(since: datetime, until: datetime) -> list[CostRow]:
    """The ledger from `since` to before `until`, in the order of days, tasks and models: one query."""
    rows = TextCall.objects.filter(created_at__gte=since, created_at__lt=until).order_by()
    keys = ("day", "task", "model")
    names = [field.name for field in fields(Totals)]
    summed = rows.annotate(day=TruncDate("created_at")).values(*keys).annotate(**_aggregates())
    found = summed.order_by(*keys).values_list(*keys, *names)
    return [CostRow(day, task, model, Totals(*numbers)) for day, task, model, *numbers in found]


def _aggregates() -> dict[str, Any]:
    counted = {
        "calls": ~Q(outcome=Outcome.CACHED),
        "answers": Q(outcome=Outcome.ANSWERED),
        "failures": Q(outcome__in=[Outcome.FAILED, Outcome.ABANDONED]),
        "hits": Q(outcome=Outcome.CACHED),
        "timed": Q(latency_seconds__isnull=False),
    }
    summed = [field.name for field in fields(Totals) if field.name not in counted]
    return {name: Count("pk", filter=condition) for name, condition in counted.items()} | {
        name: Sum(name) if name != "latency_seconds" else Coalesce(Sum(name), 0.0) for name in summed
    }


def sum_of(rows: Iterable[CostRow]) -> Totals:
    """All of them together."""
    return sum((row.totals for row in rows), start=Totals())


def grouped(rows: Iterable[CostRow], *names: str) -> dict[tuple[Any, ...], Totals]:
    """Totals by what is named (`day`, `task`, `model`), in that order."""
    groups: dict[tuple[Any, ...], Totals] = defaultdict(Totals)
    for row in rows:
        groups[tuple(getattr(row, name) for name in names)] += row.totals
    return {key: groups[key] for key in sorted(groups)}


def saved_usd(rows: Iterable[CostRow]) -> Decimal:
    """What the hits would have cost: for each, what an answer of its task and model cost in these rows.

    Where there was none, what such an answer is expected to cost.
    """
    saved = Decimal(0)
    for (task, model), totals in grouped(rows, "task", "model").items():
        if totals.hits:
            each = totals.usd_each
            saved += totals.hits * (_expected_usd(task, model, USUAL_VIDEO_SECONDS) if each is None else each)
    return saved


def typical_cost_usd(*, tasks: Sequence[str], duration_seconds: int) -> Decimal:
    """What these tasks probably cost with the engine and the models that are configured; 0 if it is local.

    For each task the median of the newest answers of its model; before there are any, the typical
    number of tokens times the price.
    """
    if engine_name() != "openai":
        return Decimal(0)
    models = {task: model_of(task) for task in tasks}
    known = _history_remembered(models)
    expected = (
        known[task] if task in known else _expected_usd(task, model, duration_seconds)
        for task, model in models.items()
    )
    return sum(expected, start=Decimal(0))


def _expected_usd(task: str, model: str, duration_seconds: int) -> Decimal:
    return cost_usd(price_of(model), typical_usage(task, duration_seconds=duration_seconds))


def _history_remembered(models: Mapping[str, str]) -> dict[str, Decimal]:
    key = ":".join(["typical_cost", *(f"{task}={model}" for task, model in models.items())])
    known: dict[str, Decimal] | None = None
    try:
        known = cache.get(key)
        if known is None:
            known = _history(models)
            cache.set(key, known, HISTORY_SECONDS)
    except RedisError:
        known = known if known is not None else _history(models)
    return known


def _history(models: Mapping[str, str]) -> dict[str, Decimal]:
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [list(models), list(models.values()), HISTORY_CALLS])
        return dict(cursor.fetchall())
