"""API keys. The secret is shown once and kept as a hash; the prefix can be searched for."""

from datetime import date
from decimal import Decimal
from typing import ClassVar

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.functions import Cast, Coalesce, Now

from videogen.accounts.models.budget import Budget, BudgetScope


class Scope(models.TextChoices):
    """What a key may do."""

    READ = "read", "look at generations, clips and events"
    WRITE = "write", "create, cancel, retry and delete"


def all_scopes() -> list[str]:
    """Every scope, the default of a new key."""
    return list(Scope.values)


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Keys by what they are good for."""

    def usable(self) -> "ApiKeyQuerySet":
        """Neither revoked, nor expired by the database's clock, nor of a user who was shut out."""
        unexpired = Q(expires_at=None) | Q(expires_at__gt=Now())
        return self.filter(unexpired, revoked_at=None, user__is_active=True)

    def with_month(self, on: date) -> "ApiKeyQuerySet":
        """With `month_spent_usd` and `month_reserved_usd`, of the month of this day."""
        subject = Cast(OuterRef("pk"), models.CharField())
        rows = Budget.objects.filter(scope=BudgetScope.KEY, subject=subject, period=on.replace(day=1))
        return self.annotate(
            month_spent_usd=Coalesce(Subquery(rows.values("spent_usd")), Decimal(0)),
            month_reserved_usd=Coalesce(Subquery(rows.values("reserved_usd")), Decimal(0)),
        )


class ApiKey(models.Model):
    """A key of one user.

    `secret_hash` is SHA-256: the secret is 256 random bits, so a slow hash would add nothing.
    `monthly_limit_usd` is what it may spend in a month of UTC; null is no limit.
    """

    month_spent_usd: Decimal  # Of `with_month`, as is the next.
    month_reserved_usd: Decimal

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=16, db_index=True)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=all_scopes)
    monthly_limit_usd = models.DecimalField(
        "monthly limit in USD",
        max_digits=14,
        decimal_places=8,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="What the key may spend in a calendar month (UTC). Empty: no limit.",
    )
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(monthly_limit_usd=None) | Q(monthly_limit_usd__gte=0),
                name="api_key_limit_not_negative",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
