"""`manage.py doctor`: looks at everything, and says what to do."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from videogen.doctor import analysis, budgets, configured, providers, reachable, unsafe
from videogen.doctor.finding import Check, Finding, State

GROUPS: dict[str, tuple[Check, ...]] = {
    "configured": (*configured.CHECKS, *analysis.CONFIGURED, *providers.CONFIGURED),
    "reachable": (*reachable.CHECKS, *analysis.REACHABLE, *providers.REACHABLE),
    "unsafe": (*unsafe.CHECKS, *budgets.CHECKS),
}
TITLES = {"configured": "What is configured", "reachable": "What is reachable", "unsafe": "What is unsafe"}
SIGNS = {
    State.OK: ("✓", "green"),
    State.OFF: ("·", "dim"),
    State.WARNING: ("⚠", "yellow"),
    State.BROKEN: ("✗", "bold red"),
}


class Command(BaseCommand):
    help = "Say what is configured, reachable and unsafe, and what to do; exit 1 if anything is broken."
    requires_system_checks = ()  # They are among what it looks at.

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", dest="for_programs", action="store_true", help="for programs")

    def handle(self, *, for_programs: bool, **options: Any) -> None:
        found = {
            group: [finding for check in checks for finding in check()] for group, checks in GROUPS.items()
        }
        if for_programs:
            show_json(found)
        else:
            show_table(found)
        if any(finding.state == State.BROKEN for findings in found.values() for finding in findings):
            sys.exit(1)


def show_json(groups: dict[str, list[Finding]]) -> None:
    body = {name: [asdict(finding) for finding in findings] for name, findings in groups.items()}
    sys.stdout.write(json.dumps(body, indent=2, ensure_ascii=False) + "\n")


def show_table(groups: dict[str, list[Finding]]) -> None:
    console = Console(highlight=False)
    for name, findings in groups.items():
        console.print(Text(TITLES[name], "bold"))
        table = Table(box=box.SIMPLE, show_header=False)
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for finding in findings:
            sign, style = SIGNS[finding.state]
            table.add_row(Text(sign, style), finding.name, said(finding))
        console.print(table)
    console.print(summary([finding for findings in groups.values() for finding in findings]))


def said(finding: Finding) -> Text:
    """What was found and, below it, what to do."""
    text = Text(finding.detail, "dim" if finding.state == State.OFF else "")
    if finding.advice:
        text.append(f"\n→ {finding.advice}", "dim" if finding.state == State.OFF else "cyan")
    return text


def summary(findings: list[Finding]) -> Text:
    count = {state: sum(finding.state == state for finding in findings) for state in State}
    if count[State.BROKEN]:
        return Text(f"{count[State.BROKEN]} broken, {count[State.WARNING]} to think about.", "bold red")
    if count[State.WARNING]:
        return Text(f"Nothing is broken, {count[State.WARNING]} to think about.", "yellow")
    return Text("All is well." if not count[State.OFF] else "All is well with what is there.", "green")
