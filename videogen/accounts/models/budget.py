"""What is spent and what is held back, by day and by key and month. The rows are there without limits too."""

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

#: What a column of dollars can hold.
SMALLEST_USD = Decimal("1e-8")


class BudgetScope(models.TextChoices):
    """Whose money it is, and for how long it has to last."""

    ALL = "all", "everybody, a day"
    KEY = "key", "one key, a month"


class BudgetQuerySet(models.QuerySet["Budget"]):
    """Budgets by what they are of."""

    def same_as(self, budget: "Budget") -> Self:
        """The row of this budget, whether or not `budget` was read from it."""
        return self.filter(scope=budget.scope, subject=budget.subject, period=budget.period)


class Budget(models.Model):
    """One scope in one period of UTC. Only `videogen.accounts.budgets` changes the numbers.

    `subject` is the id of the key as text, and empty for everybody. It is no foreign key: what was
    spent outlives the key. `period` is the first day of it. The limit is not here but where it is
    set, so that a change counts at once.
    """

    key_name: str | None  # Of the admin's query, as is the next.
    key_limit_usd: Decimal | None

    scope = models.CharField(max_length=10, choices=BudgetScope)
    subject = models.CharField(max_length=40, blank=True)
    period = models.DateField()
    spent_usd = models.DecimalField("spent", max_digits=18, decimal_places=8, default=Decimal(0))
    reserved_usd = models.DecimalField("reserved", max_digits=18, decimal_places=8, default=Decimal(0))

    objects: ClassVar = BudgetQuerySet.as_manager()

    class Meta:
        ordering = ["-period", "scope", "subject"]
        constraints = [
            models.UniqueConstraint(fields=["scope", "subject", "period"], name="budget_once"),
            models.CheckConstraint(
                condition=Q(spent_usd__gte=0, reserved_usd__gte=0), name="budget_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"key {self.subject}, {self.period:%Y-%m}" if self.subject else f"{self.period}"

    @classmethod
    def of_day(cls, on: date) -> Self:
        """Everybody's, on this day; not saved."""
        return cls(scope=BudgetScope.ALL, subject="", period=on)

    @classmethod
    def of_key(cls, key_id: int, on: date) -> Self:
        """This key's, in the month of this day; not saved."""
        return cls(scope=BudgetScope.KEY, subject=str(key_id), period=on.replace(day=1))

    @property
    def resets_at(self) -> datetime:
        """When the next period begins."""
        is_day = self.scope == BudgetScope.ALL
        days = 1 if is_day else monthrange(self.period.year, self.period.month)[1]
        return datetime.combine(self.period + timedelta(days=days), time(), UTC)
