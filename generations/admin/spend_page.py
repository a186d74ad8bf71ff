"""All that the page of what clips cost shows: what was spent, and how money and providers stand now."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.functional import cached_property

from generations.admin.provider_states import ProviderState, provider_states
from generations.admin.spend import SpendRow, Totals, grouped, spend, sum_of
from videogen.accounts.budgets import BudgetState, budgets_now
from videogen.kernel.admin.chart import Chart, chart_by_day
from videogen.kernel.admin.formatting import usd
from videogen.kernel.admin.periods import PERIODS, PeriodPage

#: Of both tables, after what their rows are of.
COLUMNS = ("Calls", "Clips", "Seconds", "Billed without a clip", "", "Per clip", "Spent")


@dataclass(frozen=True)
class Period:
    """One of the tiles at the top."""

    days: int
    totals: Totals


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    provider: str
    model: str
    totals: Totals


class SpendPage(PeriodPage):
    """What the template reads."""

    divisions = ("model", "provider")
    columns = COLUMNS

    @cached_property
    def _ledger(self) -> list[SpendRow]:
        return spend(self.first_day(max(PERIODS)))

    def _rows(self, days: int) -> list[SpendRow]:
        return [row for row in self._ledger if row.day >= self.first_day(days)]

    @property
    def periods(self) -> list[Period]:
        """The totals of each period that can be chosen."""
        return [Period(days, sum_of(self._rows(days))) for days in PERIODS]

    @cached_property
    def totals(self) -> Totals:
        """Everything in the chosen period."""
        return sum_of(self._rows(self.days))

    @cached_property
    def chart(self) -> Chart | None:
        """The bars; None where nothing was spent."""
        amounts = {
            key: totals.spent_usd
            for key, totals in grouped(self._rows(self.days), "day", self.by).items()
            if totals.spent_usd
        }
        return chart_by_day(
            amounts, first=self.first_day(), last=self.today, said=usd, title="Dollars per day"
        )

    @property
    def lines(self) -> list[Line]:
        """A row for each model, the dearest first."""
        totals = grouped(self._rows(self.days), "provider", "model")
        lines = [Line(provider, model, total) for (provider, model), total in totals.items()]
        return sorted(lines, key=lambda line: (-line.totals.spent_usd, -line.totals.calls))

    @property
    def days_with_calls(self) -> list[tuple[date, Totals]]:
        """The chart as a table, the newest day first."""
        return [(day, totals) for (day,), totals in reversed(grouped(self._rows(self.days), "day").items())]

    @cached_property
    def providers(self) -> list[ProviderState]:
        """How each of them stands now."""
        return provider_states()

    @property
    def reserved_usd(self) -> Decimal:
        """Held back for what is at work now."""
        return sum((provider.reserved_usd for provider in self.providers), Decimal(0))

    @property
    def open_calls(self) -> int:
        return sum(provider.planned + provider.at_provider for provider in self.providers)

    @property
    def undecided(self) -> int:
        return sum(provider.undecided for provider in self.providers)

    @cached_property
    def budget(self) -> BudgetState:
        """Everybody's, of today."""
        (day,) = budgets_now()
        return day

    @property
    def budget_percentages(self) -> tuple[float, float] | None:
        """Of the day's limit, what is spent and what is reserved; None where there is none."""
        limit = self.budget.limit_usd
        if not limit:
            return None
        spent = min(float(100 * self.budget.spent_usd / limit), 100.0)
        return spent, min(float(100 * self.budget.reserved_usd / limit), 100.0 - spent)
