"""Print a new API key."""

from argparse import ArgumentParser
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from videogen.accounts.models import ApiKey, Scope
from videogen.accounts.services import api_key_create


class Command(BaseCommand):
    """The key alone goes to standard output, so that a script can take it."""

    help = "Make an API key of the user NAME (who is made if missing) and print it. It is shown only once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME", help="the user that the key acts for")
        parser.add_argument(
            "--scope",
            action="append",
            choices=Scope.values,
            help="what the key may do; repeat it (default: all)",
        )

        parser.add_argument("--days", type=int, help="refuse the key after so many days (default: never)")
        parser.add_argument(
            "--monthly-limit",
            metavar="USD",
            help="refuse paid work above this much in a calendar month of UTC (default: no limit)",
        )

    def handle(
        self,
        *,
        name: str,
        scope: list[str] | None,
        days: int | None,
        monthly_limit: str | None,
        **options: Any,
    ) -> None:
        if not 1 <= len(name) <= 100 or not name.isprintable():
            raise CommandError("NAME must have 1 to 100 printable characters.")
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--days must lie between 1 and 36500.")
        expires_at = timezone.now() + timedelta(days=days) if days else None
        limit = None if monthly_limit is None else dollars(monthly_limit)
        key, secret = api_key_create(
            user_name=name, scopes=scope, expires_at=expires_at, monthly_limit_usd=limit
        )
        until = f", until {expires_at:%Y-%m-%d}" if expires_at else ""
        within = "" if limit is None else f", for up to {limit:f} USD a month"
        self.stderr.write(
            f"A key of the user {name}, with the scopes {', '.join(key.scopes)}{until}{within}:"
        )
        self.stdout.write(secret)


def dollars(text: str) -> Decimal:
    """An amount that the limit's column can hold."""
    try:
        amount: Decimal = ApiKey._meta.get_field("monthly_limit_usd").clean(text, None)
    except ValidationError as error:
        raise CommandError(f"--monthly-limit {text}: {' '.join(error.messages)}") from None
    return amount
