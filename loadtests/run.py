"""Plays a scenario against a stack of its own, or against HOST_URL, and writes what came of it.

`python -m loadtests.run baseline` writes report.html, summary.json and CSV files below out/.
Exits with 1 when an objective is missed.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from loadtests.judging.run import Run
from loadtests.judging.verdicts import run_judge
from loadtests.own_stack import ROOT, OwnStack, own_stack, sigterm_leaves
from loadtests.playing import Place, Player
from loadtests.reporting.about import machine_describe
from loadtests.reporting.terminal import verdicts_print
from loadtests.reporting.write import report_write
from loadtests.samples import lines_read
from loadtests.scenarios import Budgets, Scenario, budgets_read
from loadtests.warming import warm_up
from loadtests.watching.servers import servers_of
from loadtests.watching.watcher import Watcher, watching

OUT = ROOT / "out"
MOST_MINUTES = 24 * 60
FIRST = "goes before all other processes, as if it had a machine of its own"
NOT_FIRST = "shares the cores as all processes do, because only root may put it first"


def main() -> int:
    sigterm_leaves()
    budgets = budgets_read()
    options = _parser(list(budgets.scenarios)).parse_args()
    scenario = budgets.scenarios[options.scenario].changed(minutes=options.minutes, users=options.users)
    console = Console()
    console.print(f"[bold]{options.scenario}[/bold]: {scenario.about}")
    with TemporaryDirectory(prefix="loadtest-") as records:
        if options.host_url:
            place = Place(options.host_url.rstrip("/"), keys=[], is_own=False)
            run = played(options.scenario, scenario, budgets, place, Path(records), console)
        else:
            run = played_on_own_stack(options.scenario, scenario, budgets, Path(records), console)
    judgement = run_judge(run)
    directory = OUT / f"loadtest-{run.name}-{datetime.now():%Y-%m-%d-%H%M%S}"
    report_write(run, judgement, directory)
    verdicts_print(console, run, judgement)
    console.print(f"Written to {directory.relative_to(ROOT)}/report.html")
    return 1 if judgement.failed else 0


def _parser(scenarios: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtests.run", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("scenario", choices=scenarios)
    parser.add_argument("--minutes", type=minutes, help="hold each step for so long instead")
    parser.add_argument("--users", type=users, help="so many users instead, or in several steps no more")
    parser.add_argument("--host-url", help="load a stack that runs already; VIDEOGEN_API_KEY is its key")
    return parser


def minutes(text: str) -> float:
    """A length that a person could mean."""
    if not 0 < (given := float(text)) <= MOST_MINUTES:  # Which nan is not, either.
        raise argparse.ArgumentTypeError(f"it must be more than 0 and at most {MOST_MINUTES}")
    return given


def users(text: str) -> int:
    """At least one."""
    if (given := int(text)) < 1:
        raise argparse.ArgumentTypeError("it must be at least 1")
    return given


def played_on_own_stack(
    name: str, scenario: Scenario, budgets: Budgets, records: Path, console: Console
) -> Run:
    """The stack is there for this run only, and watched."""
    with ExitStack() as opened:
        with console.status("Starting a stack …"):
            stack = opened.enter_context(own_stack(**budgets.stack.environment))
            servers = opened.enter_context(servers_of(stack.data_dir))
        with console.status("Making keys, clips and a first video …"):
            keys = stack_prepare(stack, keys=-(-scenario.most_users // budgets.stack.users_per_key))
            warm_up(stack.url, stack.api_key, threads=budgets.stack.web_threads)
        place = Place(stack.url, keys, is_own=True)
        with watching(servers, pids=[os.getpid()]) as watcher:
            run = played(name, scenario, budgets, place, records, console, watcher)
        return replace(
            run,
            moments=[moment for moment in watcher.moments if run.started_at <= moment.at <= run.ended_at],
            outcomes=servers.outcomes(since=run.started_at),
            about=run.about | servers.versions() | {"stack": settings_text(budgets)},
        )


def played(
    name: str,
    scenario: Scenario,
    budgets: Budgets,
    place: Place,
    records: Path,
    console: Console,
    watcher: Watcher | None = None,
) -> Run:
    player = Player(scenario, budgets, records, console)
    player.play(place, watcher)
    lines = [
        line
        for line in lines_read(records / "generator.jsonl")
        if player.started_at <= line["at"] <= player.ended_at
    ]
    still_open = lines[-1]["open"] if lines else []
    samples = player.samples.all().between(player.started_at, player.ended_at)
    return Run(
        name=name,
        scenario=scenario,
        budgets=budgets,
        started_at=player.started_at,
        ended_at=player.ended_at,
        samples=samples.with_open(still_open, at=player.ended_at),
        generator=lines,
        errors=[each for each in lines_read(records / "errors.jsonl") if each["at"] < player.ended_at],
        about=machine_describe()
        | {"load generator": FIRST if player.is_first else NOT_FIRST}
        | {"command": shlex.join(["python", "-m", "loadtests.run", *sys.argv[1:]])},
    )


def stack_prepare(stack: OwnStack, *, keys: int) -> list[str]:
    """Limits are per key: with enough of them, no user is refused for what others do."""
    environment = os.environ | {
        "DATA_DIR": str(stack.data_dir),
        "DJANGO_SETTINGS_MODULE": "videogen.settings",
    }
    command = [sys.executable, "-m", "loadtests.preparing", str(keys)]
    made = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    return list(json.loads(made.stdout))


def settings_text(budgets: Budgets) -> str:
    return " ".join(f"{name}={value}" for name, value in budgets.stack.environment.items())


if __name__ == "__main__":
    sys.exit(main())
