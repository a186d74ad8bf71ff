"""Print a new API key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from videogen.accounts.models import Scope
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

    def handle(self, *, name: str, scope: list[str] | None, **options: Any) -> None:
        if not 1 <= len(name) <= 100 or not name.isprintable():
            raise CommandError("NAME must have 1 to 100 printable characters.")
        key, secret = api_key_create(user_name=name, scopes=scope)
        self.stderr.write(f"A key of the user {name}, with the scopes {', '.join(key.scopes)}:")
        self.stdout.write(secret)
