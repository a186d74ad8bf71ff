"""All that the page of costs shows, from one reading of the ledger."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.utils.functional import cached_property

from analysis.admin.chart import Chart, chart_of
from analysis.costs import CostRow, Totals, costs, grouped, saved_usd, sum_of
from videogen.kernel.admin.periods import PERIODS, PeriodPage

#: What the bars are divided by.
DIVISIONS = ("model", "task")
#: Of both tables, after what their rows are of.
COLUMNS = (
    *("Calls", "From cache", "Failed", "Tokens in", "cached", "Tokens out", "reasoning"),
    *("Mean time", "Per answer", "Cost"),
)


@dataclass(frozen=True)
class Period:
    """One of the tiles at the top."""

    days: int
    totals: Totals
    saved_usd: Decimal


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    task: str
    model: str
    totals: Totals


class CostsPage(PeriodPage):
    """What the template reads."""

    divisions = DIVISIONS
    columns = COLUMNS

    @cached_property
    def _ledger(self) -> list[CostRow]:
        first = datetime.combine(self.first_day(max(PERIODS)), time(), UTC)
        return costs(first, first + timedelta(days=max(PERIODS)))

    def _rows(self, days: int) -> list[CostRow]:
        return [row for row in self._ledger if row.day >= self.first_day(days)]

    @property
    def periods(self) -> list[Period]:
        """The totals of each period that can be chosen."""
        return [Period(days, sum_of(self._rows(days)), saved_usd(self._rows(days))) for days in PERIODS]

    @cached_property
    def totals(self) -> Totals:
        """Everything in the chosen period."""
        return sum_of(self._rows(self.days))

    @cached_property
    def chart(self) -> Chart | None:
        """The bars; None where nothing happened."""
        return chart_of(self._rows(self.days), by=self.by, first=self.first_day(self.days), last=self.today)

    @property
    def lines(self) -> list[Line]:
        """A row for each task and model, the dearest first."""
        totals = grouped(self._rows(self.days), "task", "model")
        lines = [Line(task, model, total) for (task, model), total in totals.items()]
        return sorted(lines, key=lambda line: (-line.totals.cost_usd, -line.totals.calls))

    @property
    def days_with_calls(self) -> list[tuple[date, Totals]]:
        """The chart as a table, the newest day first."""
        return [(day, totals) for (day,), totals in reversed(grouped(self._rows(self.days), "day").items())]
