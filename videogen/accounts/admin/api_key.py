"""API keys for operators: found by prefix, limited one by one, revoked in bulk, never shown."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_key_limit, api_key_revoke
from videogen.kernel.admin.formatting import usd

IDENTITY = ("name", "prefix", "user", "scopes")
MONEY = ("month_spent", "month_reserved")
MOMENTS = ("created_at", "last_used_at", "expires_at", "revoked_at")


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    """Keys are made with `manage.py create_api_key`, which can show the secret; here they are limited."""

    list_display = [*IDENTITY, "monthly_limit", *MONEY, *MOMENTS]
    list_filter = ["revoked_at", "last_used_at"]
    list_select_related = ["user"]
    search_fields = ["prefix", "name", "user__username"]
    actions = ["revoke"]
    fields = [*IDENTITY, "monthly_limit_usd", *MONEY, *MOMENTS]
    readonly_fields = [*IDENTITY, *MONEY, *MOMENTS]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        keys: QuerySet[ApiKey] = ApiKey.objects.with_month(timezone.now().date())
        return keys

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: Any, change: bool) -> None:
        # Not all of the row: the key may have been used, or revoked, while the form was open.
        api_key_limit(key=obj, monthly_limit_usd=obj.monthly_limit_usd)

    # Columns

    @admin.display(description="monthly limit", ordering="monthly_limit_usd")
    def monthly_limit(self, key: ApiKey) -> str:
        return usd(key.monthly_limit_usd)

    @admin.display(description="spent this month", ordering="month_spent_usd")
    def month_spent(self, key: ApiKey) -> str:
        return usd(key.month_spent_usd)

    @admin.display(description="reserved this month", ordering="month_reserved_usd")
    def month_reserved(self, key: ApiKey) -> str:
        return usd(key.month_reserved_usd)

    # The verb

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
            api_key_revoke(key=key)
        self.message_user(request, f"{len(queryset)} keys are refused from now on.", messages.SUCCESS)
