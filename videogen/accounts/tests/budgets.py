"""What the tests of budgets share: two days, and short ways to write and read money."""

from datetime import date
from decimal import Decimal

from videogen.accounts.budgets import budget_check, budget_reserve
from videogen.accounts.models import ApiKey, Budget
from videogen.accounts.services import api_key_limit

DAY, NEXT_DAY = date(2026, 11, 30), date(2026, 12, 1)
REFUSERS = [budget_reserve, budget_check]


def usd(amount: object) -> Decimal:
    return Decimal(str(amount))


def rows() -> dict[str, tuple[Decimal, Decimal]]:
    """Reserved and spent, by what the rows are of."""
    return {str(row): (row.reserved_usd, row.spent_usd) for row in Budget.objects.all()}


def limited(key: ApiKey, amount: object) -> ApiKey:
    api_key_limit(key=key, monthly_limit_usd=usd(amount))
    return key
