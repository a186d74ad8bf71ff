"""What bounds the bill, and how much of it is used."""

from collections.abc import Iterator
from decimal import Decimal

from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from videogen.accounts.budgets import BudgetState, budgets_now
from videogen.accounts.models import ApiKey
from videogen.doctor.finding import Finding, ok, warning
from videogen.kernel.admin.formatting import usd

#: From this part of a limit on, somebody should know.
NEARLY = Decimal("0.8")


def daily_budget() -> Iterator[Finding]:
    """The global limit; without one, and with a provider that takes money, nothing bounds a day."""
    try:
        (day,) = budgets_now()
    except DatabaseError:
        return  # Said where it is about reachability.
    if day.limit_usd is not None:
        yield _limited(day, day.limit_usd)
    elif settings.REPLICATE_API_TOKEN or settings.FAL_KEY:
        advice = "Set DAILY_BUDGET_USD to the most that a day may cost."
        yield warning("Daily budget", f"no limit, and {_taken(day)} today", advice)
    else:
        yield ok("Daily budget", f"no limit, no paid provider of clips; {_taken(day)} today")


def _limited(day: BudgetState, limit_usd: Decimal) -> Finding:
    detail = f"{_taken(day)} of {usd(limit_usd)} today"
    if not is_nearly_used(day.taken_usd, limit_usd):
        return ok("Daily budget", detail)
    advice = (
        f"Paid clips are refused at the limit, until {day.resets_at:%H:%M} UTC. Or raise DAILY_BUDGET_USD."
    )
    return warning("Daily budget", detail, advice)


def _taken(day: BudgetState) -> str:
    return f"{usd(day.spent_usd)} spent and {usd(day.reserved_usd)} reserved"


def is_nearly_used(taken_usd: Decimal, limit_usd: Decimal) -> bool:
    return taken_usd >= NEARLY * limit_usd


def key_budgets() -> Iterator[Finding]:
    """Keys that are about to be refused for the rest of the month."""
    limited = ApiKey.objects.usable().filter(monthly_limit_usd__isnull=False)
    try:
        keys = list(limited.with_month(timezone.now().date()))
    except DatabaseError:
        return
    near = [finding for key in keys for finding in _near(key)]
    yield from near or [ok("Key budgets", f"{len(keys)} keys have a monthly limit, and none is near it")]


def _near(key: ApiKey) -> Iterator[Finding]:
    limit = key.monthly_limit_usd or Decimal(0)
    if is_nearly_used(key.month_spent_usd + key.month_reserved_usd, limit):
        taken = f"{usd(key.month_spent_usd)} spent and {usd(key.month_reserved_usd)} reserved"
        advice = "Raise its monthly limit in the admin, or let it be refused."
        yield warning("Key budgets", f"{key}: {taken} of {usd(limit)} this month", advice)


CHECKS = (daily_budget, key_budgets)
