"""What was spent and is reserved, newest first: by everybody in a day, by each key in a month."""

from decimal import Decimal

from django.conf import settings
from django.contrib import admin
from django.db.models import BigIntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, NullIf
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from videogen.accounts.budgets import BudgetState
from videogen.accounts.models import ApiKey, Budget, BudgetScope
from videogen.kernel.admin.formatting import NONE, usd
from videogen.kernel.admin.pagination import BoundedPaginator
from videogen.kernel.admin.read_only import ReadOnlyAdmin

COLUMNS = ("when", "whose", "spent", "reserved", "limit", "left")


@admin.register(Budget)
class BudgetAdmin(ReadOnlyAdmin):
    """Nobody changes the numbers. Limits are set elsewhere: DAILY_BUDGET_USD, and the page of each key."""

    list_display = COLUMNS
    list_filter = ["scope", "period"]
    list_per_page = 50
    sortable_by = ["when", "spent", "reserved"]
    paginator = BoundedPaginator
    fields = COLUMNS
    readonly_fields = COLUMNS

    def get_queryset(self, request: HttpRequest) -> QuerySet[Budget]:
        key = ApiKey.objects.filter(pk=Cast(NullIf(OuterRef("subject"), Value("")), BigIntegerField()))
        return (
            super()
            .get_queryset(request)
            .annotate(
                key_name=Subquery(key.values("name")), key_limit_usd=Subquery(key.values("monthly_limit_usd"))
            )
        )

    @admin.display(description="period", ordering="period")
    def when(self, budget: Budget) -> str:
        return f"{budget.period:%Y-%m-%d}" if budget.scope == BudgetScope.ALL else f"{budget.period:%Y-%m}"

    @admin.display(description="whose")
    def whose(self, budget: Budget) -> SafeString | str:
        if budget.scope == BudgetScope.ALL:
            return "everybody"
        if budget.key_name is None:
            return f"key {budget.subject}, deleted"
        url = reverse("admin:accounts_apikey_change", args=[budget.subject])
        return format_html('<a href="{}">{}</a>', url, budget.key_name)

    @admin.display(description="spent", ordering="spent_usd")
    def spent(self, budget: Budget) -> str:
        return usd(budget.spent_usd)

    @admin.display(description="reserved", ordering="reserved_usd")
    def reserved(self, budget: Budget) -> str:
        return usd(budget.reserved_usd)

    @admin.display(description="limit, as it is now")
    def limit(self, budget: Budget) -> str:
        return usd(limit_of(budget))

    @admin.display(description="left")
    def left(self, budget: Budget) -> str:
        """Nothing is left of a period that is over."""
        is_over = budget.resets_at <= timezone.now()
        return NONE if is_over else usd(BudgetState.of(budget, limit_of(budget)).left_usd)


def limit_of(budget: Budget) -> Decimal | None:
    daily: Decimal | None = settings.DAILY_BUDGET_USD
    return daily if budget.scope == BudgetScope.ALL else budget.key_limit_usd
