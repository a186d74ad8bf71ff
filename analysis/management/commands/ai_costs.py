"""`manage.py ai_costs --since 7d`: what the text tasks cost, and what the cache has saved."""

import json
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.costs import CostRow, Totals, costs, grouped, saved_usd, sum_of
from videogen.kernel.admin.formatting import count, duration, share, usd, words

SPAN = re.compile(r"([1-9][0-9]{0,3})([hd])")
UNITS = {"h": "hours", "d": "days"}
COLUMNS = (
    *("Calls", "From cache", "Failed", "Tokens in", "cached", "Tokens out", "reasoning"),
    *("Mean time", "Cost"),
)
#: A number that is cut short is worse than a line that is too long for the terminal.
WIDE = 200
HELP = """What the text tasks cost, from the ledger of calls to language models.

  manage.py ai_costs                        the last 7 days by task and model
  manage.py ai_costs --since 24h            the last 24 hours
  manage.py ai_costs --since 2026-11-01     since that day began, in UTC
  manage.py ai_costs --since 30d --by day   one row for each day
  manage.py ai_costs --json                 the same for programs

"From cache" are answers that needed no call. What they saved is what such answers cost otherwise.
"""


class Command(BaseCommand):
    help = HELP
    requires_system_checks = ()

    def create_parser(self, *arguments: Any, **options: Any) -> Any:
        return super().create_parser(*arguments, formatter_class=RawDescriptionHelpFormatter, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", type=moment, default="7d", metavar="WHEN", help="7d, 24h or a date; default: 7d"
        )
        parser.add_argument("--by", choices=["day", "task", "model"], help="default: by task and model")
        parser.add_argument("--json", dest="for_programs", action="store_true", help="for programs")

    def handle(self, *, since: datetime, by: str | None, for_programs: bool, **options: Any) -> None:
        rows = costs(since, timezone.now() + timedelta(seconds=1))
        names = (by,) if by else ("task", "model")
        if for_programs:
            show_json(rows, names, since)
        else:
            show_table(rows, names, since)


def moment(text: str) -> datetime:
    """Where `7d`, `24h` or a date begins, in UTC."""
    if span := SPAN.fullmatch(text):
        return timezone.now() - timedelta(**{UNITS[span[2]]: int(span[1])})
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"{text}: use 7d, 24h or a date like 2026-11-01") from None


def show_table(rows: list[CostRow], names: tuple[str, ...], since: datetime) -> None:
    console = Console(highlight=False, width=WIDE)
    if not rows:
        console.print(f"No text task has asked a language model since {since:%Y-%m-%d %H:%M} UTC.")
        return
    table = Table(box=box.SIMPLE_HEAD, show_footer=True)
    together = sum_of(rows)
    for number, name in enumerate(names):
        table.add_column(name.capitalize(), footer="" if number else "Together", no_wrap=True)
    for name, footer in zip(COLUMNS, cells(together), strict=True):
        table.add_column(name, footer=footer, justify="right", no_wrap=True)
    for key, totals in grouped(rows, *names).items():
        table.add_row(*(words(str(part)) for part in key), *cells(totals))
    console.print(f"Text tasks since {since:%Y-%m-%d %H:%M} UTC", style="bold")
    console.print(table)
    hits = "1 answer" if together.hits == 1 else f"{count(together.hits)} answers"
    console.print(f"{hits} from the cache saved about {usd(saved_usd(rows))}.")


def cells(totals: Totals) -> list[str]:
    """What stands under `COLUMNS`."""
    return [
        *map(count, (totals.calls, totals.hits, totals.failures, totals.input_tokens)),
        share(totals.cached_tokens, totals.input_tokens),
        count(totals.output_tokens),
        share(totals.reasoning_tokens, totals.output_tokens),
        duration(totals.mean_latency_seconds),
        usd(totals.cost_usd),
    ]


def show_json(rows: list[CostRow], names: tuple[str, ...], since: datetime) -> None:
    body = {
        "since": since.isoformat(),
        "rows": [
            {name: str(part) for name, part in zip(names, key, strict=True)} | as_plain(totals)
            for key, totals in grouped(rows, *names).items()
        ],
        "total": as_plain(sum_of(rows)),
        "saved_usd": f"{saved_usd(rows):f}",
    }
    sys.stdout.write(json.dumps(body, indent=2) + "\n")


def as_plain(totals: Totals) -> dict[str, Any]:
    """Totals for programs. Money is text, so that nothing is rounded."""
    return asdict(totals) | {
        "cost_usd": f"{totals.cost_usd:f}",
        "mean_latency_seconds": totals.mean_latency_seconds,
    }
