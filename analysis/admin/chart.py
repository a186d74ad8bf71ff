"""Costs laid out as a stacked bar for each day. Where everything was free, the bars count calls."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from analysis.costs import CostRow, grouped
from videogen.kernel.admin.chart import Chart, chart_by_day
from videogen.kernel.admin.formatting import count, usd


def chart_of(rows: Sequence[CostRow], *, by: str, first: date, last: date) -> Chart | None:
    """The picture of these rows, divided by `model` or `task`, or None where there are none."""
    is_free = not any(row.totals.cost_usd for row in rows)
    amounts = {
        key: Decimal(totals.calls + totals.hits) if is_free else totals.cost_usd
        for key, totals in grouped(rows, "day", by).items()
    }
    return chart_by_day(
        amounts,
        first=first,
        last=last,
        said=calls_of if is_free else usd,
        title="Calls per day" if is_free else "Dollars per day",
        note="all of them were free" if is_free else "",
        whole=is_free,
    )


def calls_of(number: Decimal) -> str:
    """An amount of calls."""
    return f"{count(int(number))} call{'' if number == 1 else 's'}"
