"""The verdicts at the terminal."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from loadtests.judging.run import Run
from loadtests.judging.verdicts import Judgement
from loadtests.reporting.page import circumstances
from loadtests.reporting.words import amount, level_word, limit, title

ERRORS_SHOWN = 10
COLOURS = {"pass": "green", "warning": "yellow", "fail": "red", "not judged": "dim"}


def verdicts_print(console: Console, run: Run, judgement: Judgement) -> None:
    table = Table("objective", "source")
    for heading in ("value", "limit"):
        table.add_column(heading, justify="right")
    table.add_column("verdict")
    for verdict in judgement.verdicts:
        objective, colour = verdict.objective, COLOURS[verdict.level]
        word = f"[{colour}]{level_word(verdict)}[/{colour}]"
        value = amount(verdict.value, objective.unit)
        table.add_row(title(objective), objective.source, value, limit(objective), word)
    console.print(table)
    console.print(circumstances(run, judgement))
    counts = Counter((each["name"], each["error"]) for each in run.errors)
    for why, count in (run.outcomes.failures if run.outcomes else {}).items():
        console.print(f"{count} times a generation failed, {why}", style="red", markup=False, highlight=False)
    for (name, error), count in counts.most_common(ERRORS_SHOWN):
        console.print(f"{count} times {name}: {error}", style="red", markup=False, highlight=False)
    for verdict in judgement.failed:
        console.print(f"[red]Missed[/red] {title(verdict.objective)} {verdict.reason}".rstrip())
    if not judgement.failed:
        console.print("[green]Every objective is met.[/green]")
