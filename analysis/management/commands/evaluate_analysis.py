"""`manage.py evaluate_analysis`: how well an engine does the text tasks, judged by a set of prompts."""

import sys
from argparse import ArgumentParser
from collections import Counter
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.module_loading import import_string
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from analysis.evaluation.cases import Case, cases
from analysis.evaluation.running import Verdict, verdicts
from analysis.services import ENGINES, engine_name

PROMPT_CHARACTERS = 44
FILE_WIDTH = 180


class Command(BaseCommand):
    help = "Judge an engine by a set of prompts. The `openai` engine is paid for."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--engine", choices=[*ENGINES], help="default: the engine in use")
        parser.add_argument("--only", metavar="TAG", help="only the prompts with this tag, such as injection")
        parser.add_argument("--limit", type=int, metavar="N", help="only the first N of them")

    def handle(self, **options: Any) -> None:
        chosen = _chosen(options["only"], options["limit"])
        engine = import_string(ENGINES[options["engine"] or engine_name()])()
        console = _console(self.stdout, no_color=options["no_color"])
        found = []
        with _progress(console) as progress:
            bar = progress.add_task(f"{engine.name} engine", total=len(chosen))
            for verdict in verdicts(chosen, engine):
                found.append(verdict)
                progress.advance(bar)
        console.print(_table(found))
        console.print(_summary(found))
        if not all(verdict.passed for verdict in found):
            sys.exit(1)


def _chosen(tag: str | None, limit: int | None) -> list[Case]:
    tagged = [case for case in cases() if tag is None or tag in case.tags]
    if not tagged:
        tags = sorted({name for case in cases() for name in case.tags})
        raise CommandError(f"No prompt has the tag {tag!r}. There are: {', '.join(tags)}.")
    return tagged[:limit]


def _console(out: Any, *, no_color: bool) -> Console:
    """As wide as the terminal; a file has room for whole sentences."""
    width = None if out.isatty() else FILE_WIDTH
    return Console(file=out, width=width, no_color=no_color or None, highlight=False)


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _table(found: list[Verdict]) -> Table:
    table = Table()
    for name in ("prompt", "tags", "language"):
        table.add_column(name)
    for name in ("scenes", "USD", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("judgement")
    for verdict in found:
        table.add_row(*_row(verdict))
    return table


def _row(verdict: Verdict) -> list[Text]:
    prompt = " ".join(verdict.case.prompt.split())
    if len(prompt) > PROMPT_CHARACTERS:
        prompt = f"{prompt[: PROMPT_CHARACTERS - 1]}…"
    judged = Text("passed", "green") if verdict.passed else Text("\n".join(verdict.failures), "red")
    facts = (
        prompt,
        " ".join(verdict.case.tags),
        verdict.language or "-",
        str(verdict.scenes or "-"),
        f"{verdict.cost_usd:.5f}",
        f"{verdict.seconds:.2f}",
    )
    return [*map(Text, facts), judged]


def _summary(found: list[Verdict]) -> Text:
    failed = [verdict for verdict in found if not verdict.passed]
    cost = sum((verdict.cost_usd for verdict in found), Decimal(0))
    seconds = sum(verdict.seconds for verdict in found)
    line = f"{len(found) - len(failed)} of {len(found)} passed, {cost:.4f} USD, {seconds:.1f} seconds"
    reasons = Counter(failure.partition(":")[0] for verdict in failed for failure in verdict.failures)
    told = ", ".join(f"{count} {name}" for name, count in reasons.most_common())
    return Text(f"{line}. Failed: {told}." if told else f"{line}.", "red" if told else "green")
