"""`manage.py prune --older-than 90d`: forget the small steps of what ended long ago."""

import re
import signal
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from rich.console import Console

from generations.services.pruning import Pruned, history_prune, keys_prune, sessions_prune

UNITS = {"d": "days", "h": "hours", "w": "weeks"}
#: As shells have it for a program that was interrupted.
INTERRUPTED = 130


def age(text: str) -> timedelta:
    """`90d`, `12w`, `36h`."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})([dhw])", text)
    if not found:
        raise ArgumentTypeError(f"{text!r} must look like 90d, 12w or 36h")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


class Command(BaseCommand):
    """It may run while everything else does, be interrupted, and be run again."""

    help = (
        "Remove what nobody looks at any more: of generations that finished so long ago, the events between "
        "the milestones and the attempts that nothing builds on; also expired idempotency keys and sessions. "
        "Generations, clips, videos and what was paid stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--older-than", type=age, required=True, metavar="90d", help="90d, 12w or 36h")
        parser.add_argument("--dry-run", action="store_true", help="only count what would go")

    def handle(self, *, older_than: timedelta, dry_run: bool, **options: Any) -> None:
        self.is_stopped = False
        before = signal.signal(signal.SIGINT, self._stop)
        removed: Counter[str] = Counter()
        try:
            self._follow(_pruned(older_than, dry_run), removed)
        finally:
            signal.signal(signal.SIGINT, before)
        parts = [f"{number:,} {kind}" for kind, number in removed.items()]
        self.stdout.write(f"{'Would remove' if dry_run else 'Removed'} {', '.join(parts) or 'nothing'}.")
        if self.is_stopped:
            self.stdout.write("Stopped before the end; run it again to go on.")
            sys.exit(INTERRUPTED)

    def _follow(self, batches: Iterator[Pruned], removed: Counter[str]) -> None:
        console = Console(stderr=True)
        with console.status("Looking …") as status:
            for batch in batches:
                removed.update(batch)
                status.update(", ".join(f"{number:,} {kind}" for kind, number in removed.items()))
                if self.is_stopped:
                    return

    def _stop(self, *_: Any) -> None:
        """The batch at hand is ended first."""
        self.is_stopped = True


def _pruned(older_than: timedelta, dry_run: bool) -> Iterator[Pruned]:
    yield from history_prune(before=timezone.now() - older_than, dry_run=dry_run)
    yield from keys_prune(dry_run=dry_run)
    yield from sessions_prune(dry_run=dry_run)
