"""What may be spent: by everybody in a day, and by a key in a month. It is held back before it is spent."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Self

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, Q
from django.db.transaction import TransactionManagementError
from django.utils import timezone

from videogen.accounts.models import SMALLEST_USD, ApiKey, Budget, BudgetScope
from videogen.kernel.errors import DomainError

#: Of PostgreSQL's advisory locks, the one of budgets: "budget" in ASCII.
LOCK = 0x627564676574


@dataclass(frozen=True)
class BudgetState:
    """How a budget stands. Without a limit nothing is refused, and `left_usd` is None."""

    scope: str
    subject: str
    period: date
    resets_at: datetime
    limit_usd: Decimal | None
    spent_usd: Decimal
    reserved_usd: Decimal

    @classmethod
    def of(cls, row: Budget, limit_usd: Decimal | None) -> Self:
        return cls(
            row.scope, row.subject, row.period, row.resets_at, limit_usd, row.spent_usd, row.reserved_usd
        )

    @property
    def taken_usd(self) -> Decimal:
        """Spent, or held back for what is at work."""
        return self.spent_usd + self.reserved_usd

    @property
    def left_usd(self) -> Decimal | None:
        """Never negative, though more may be taken than a limit that was lowered."""
        return None if self.limit_usd is None else max(self.limit_usd - self.taken_usd, Decimal(0))

    def allows(self, amount_usd: Decimal) -> bool:
        return self.limit_usd is None or self.taken_usd + amount_usd <= self.limit_usd


class BudgetRefused(DomainError):
    """It would cost more than somebody has allowed."""

    code = "budget"
    status = 402


class BudgetExceeded(BudgetRefused):
    """More was asked for than is left of a day or of a key's month. The details have the numbers, as text."""

    def __init__(self, state: BudgetState, asked_usd: Decimal) -> None:
        limit, left = state.limit_usd or Decimal(0), state.left_usd or Decimal(0)
        spent, reserved = state.spent_usd, state.reserved_usd
        is_key = state.scope == BudgetScope.KEY
        month = f"this key in {state.period:%Y-%m}"
        whose = month if is_key else f"everybody on {state.period}"
        taken = f"{spent:.6f} USD are spent and {reserved:.6f} USD reserved"
        super().__init__(
            f"This needs {asked_usd:.6f} USD, and {left:.6f} USD are left: "
            f"of the {limit:.6f} USD for {whose}, {taken}.",
            code="budget.key" if is_key else "budget.daily",
            limit_usd=f"{limit:.6f}",
            spent_usd=f"{spent:.6f}",
            reserved_usd=f"{reserved:.6f}",
            asked_usd=f"{asked_usd:.6f}",
            left_usd=f"{left:.6f}",
            period=state.period.isoformat(),
            resets_at=state.resets_at.isoformat(),
        )
        self.hint = _hint(state, fits=asked_usd <= limit)


def _hint(state: BudgetState, *, fits: bool) -> str:
    """Waiting is no advice for what is larger than the whole budget."""
    is_key = state.scope == BudgetScope.KEY
    limit = "the key's monthly limit, in the admin" if is_key else "DAILY_BUDGET_USD"
    wait = f"Wait until {state.resets_at:%Y-%m-%d %H:%M} UTC, or ask" if fits else "Ask"
    return f"{wait} for something shorter or smaller. An operator can raise {limit}."


class NotReserved(DomainError):
    """More was to be released than is held back: a call was settled twice, or on another day."""

    code = "budget.not_reserved"


def budget_reserve(*, key: ApiKey | None, amount_usd: Decimal, on: date) -> None:
    """Hold the amount back. Raises `BudgetExceeded` and changes nothing where it does not fit.

    Any number of processes may do so at once. They wait for each other until their transactions
    end, so let those be short. The key's limit is the one that stands now.
    """
    amount = _exact(amount_usd)
    with _budgets_lock():
        key = key and (ApiKey.objects.filter(pk=key.pk).first() or key)
        for budget in _budgets(key.pk if key else None, on) if amount else ():
            limit = _limit_of(budget, key)
            fits = Q() if limit is None else Q(spent_usd__lte=limit - amount - F("reserved_usd"))
            full = _change(budget, where=fits, reserved_usd=F("reserved_usd") + amount)
            if full is not None:
                raise BudgetExceeded(BudgetState.of(full, limit), amount)


def budget_check(*, key: ApiKey | None, amount_usd: Decimal, on: date) -> None:
    """Refuse what could not be reserved now. Nothing is held back, locked or written."""
    amount = _exact(amount_usd)
    for state in _states(key, on) if amount else ():
        if not state.allows(amount):
            raise BudgetExceeded(state, amount)


def budget_settle(*, key_id: int | None, reserved_usd: Decimal, actual_usd: Decimal, on: date) -> None:
    """Release what was reserved, and write down what it has cost, be that nothing, less or more.

    `on` is the day of the reservation: it settles the rows that hold it, though a day or a month
    has passed. Raises `NotReserved` and changes nothing where less than that is held back.
    """
    reserved, actual = _exact(reserved_usd), _exact(actual_usd)
    changes = {"reserved_usd": F("reserved_usd") - reserved, "spent_usd": F("spent_usd") + actual}
    with _budgets_lock():
        for budget in _budgets(key_id, on) if reserved or actual else ():
            held = _change(budget, where=Q(reserved_usd__gte=reserved), **changes)
            if held is not None:
                left = f"{held.reserved_usd:f} USD are reserved ({held})"
                message = f"{reserved:f} USD cannot be released: {left}."
                raise NotReserved(message)


def budget_spend(*, key_id: int | None, amount_usd: Decimal, on: date) -> None:
    """Write down what has been spent without a reservation. It is never refused, for it is spent already."""
    budget_settle(key_id=key_id, reserved_usd=Decimal(0), actual_usd=amount_usd, on=on)


def budgets_now(*, key: ApiKey | None = None) -> list[BudgetState]:
    """The key's month, where there is a key, and everybody's day, as they stand."""
    return list(_states(key, timezone.now().date()))


def _states(key: ApiKey | None, on: date) -> Iterator[BudgetState]:
    for budget in _budgets(key.pk if key else None, on):
        row = Budget.objects.same_as(budget).first() or budget
        yield BudgetState.of(row, _limit_of(budget, key))


def _budgets(key_id: int | None, on: date) -> list[Budget]:
    keys = [] if key_id is None else [Budget.of_key(key_id, on)]
    return [*keys, Budget.of_day(on)]


def _limit_of(budget: Budget, key: ApiKey | None) -> Decimal | None:
    limit: Decimal | None = settings.DAILY_BUDGET_USD
    if key is not None and budget.scope == BudgetScope.KEY:
        limit = key.monthly_limit_usd
    return limit


def _change(budget: Budget, *, where: Q, **changes: Any) -> Budget | None:
    """Change the budget's row, made if it is missing, by one UPDATE. Answers the row if `where` refuses."""
    rows = Budget.objects.same_as(budget)
    if rows.filter(where).update(**changes):
        return None
    Budget.objects.bulk_create([budget], ignore_conflicts=True)
    row: Budget = rows.get()
    return None if rows.filter(where).update(**changes) else row


def _exact(amount_usd: Decimal) -> Decimal:
    """As PostgreSQL rounds it, so that what is reserved, stored and released are the same."""
    if amount_usd < 0:
        raise ValueError(f"{amount_usd} USD is less than nothing")
    return amount_usd.quantize(SMALLEST_USD, ROUND_HALF_UP)


@contextmanager
def _budgets_lock() -> Iterator[None]:
    """Holds the lock of all budgets until the caller's transaction ends; a refusal undoes what is inside.

    Nearly every change is to the same row, that of the day, so they wait for each other anyway. With
    one lock for all rows no order of keys and days, in however many calls, can be a deadlock.
    """
    if not transaction.get_connection().in_atomic_block:
        raise TransactionManagementError("A budget changes in the transaction that writes what it is for.")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        yield
