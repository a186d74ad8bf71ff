"""What pages of costs have in common: a period that ends today, and what its bars are divided by."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, timedelta
from typing import ClassVar, Self

from django.utils import timezone

#: The periods that can be looked at, in days; today is the last.
PERIODS = (7, 30, 90)
USUAL_PERIOD = 30


class PeriodPage:
    """`days` to look at, bars divided `by` one of the `divisions`; the first unless another is asked for."""

    divisions: ClassVar[Sequence[str]]

    def __init__(self, *, days: int, by: str, today: date) -> None:
        self.days, self.by, self.today = days, by, today

    @classmethod
    def of_query(cls, query: Mapping[str, str]) -> Self:
        """What a query asks for; what it asks wrongly is what is usual."""
        days = next((days for days in PERIODS if str(days) == query.get("days")), USUAL_PERIOD)
        by = next((by for by in cls.divisions if by == query.get("by")), cls.divisions[0])
        return cls(days=days, by=by, today=timezone.now().astimezone(UTC).date())

    def first_day(self, days: int | None = None) -> date:
        """Of the chosen period, or of another."""
        return self.today - timedelta(days=(days or self.days) - 1)
