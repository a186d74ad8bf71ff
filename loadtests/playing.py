"""Locust in a process of its own, with a line at the terminal that says how it goes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from loadtests.judging.steps import steps_judge
from loadtests.own_stack import ROOT
from loadtests.samples import Samples, SamplesFile, lines_read
from loadtests.scenarios import Budgets, Scenario
from loadtests.watching.watcher import CORES, Watcher

START_SECONDS = 60
STOP_SECONDS = 60
#: Where nobody watches a terminal, one line in so many seconds.
LINE_SECONDS = 15
RECENT_SECONDS = 5
PRIORITY = -10
SUBSCRIBERS = "SubscribingUser"


@dataclass(frozen=True)
class Place:
    """What is loaded. `keys` may be empty: then Locust's process finds the key."""

    url: str
    keys: list[str]
    is_own: bool


class Player:
    """Plays a scenario, and ends it where `until_broken` says so."""

    def __init__(self, scenario: Scenario, budgets: Budgets, records: Path, console: Console) -> None:
        self.samples = SamplesFile(records)
        self.started_at = self.ended_at = 0.0
        self.is_first = False
        self._scenario = scenario
        self._budgets = budgets
        self._records = records
        self._console = console
        self._recent: list[Samples] = []
        self._steps_over = 0
        self._error_count = 0

    def play(self, place: Place, watcher: Watcher | None) -> None:
        with locust(self._scenario, place, self._records) as process:
            self.is_first = put_first(process.pid)
            self._await_start(process)
            self._await_end(process, watcher)
        if process.returncode not in (0, -15):
            sys.exit(f"Locust failed: {self._log()}")

    def _await_start(self, process: "subprocess.Popen[bytes]") -> None:
        started = self._records / "started.json"
        deadline = time.monotonic() + START_SECONDS
        while not started.exists() or not started.stat().st_size:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"Locust does not start: {self._log()}")
            time.sleep(0.05)
        self.started_at = json.loads(started.read_text())

    def _log(self) -> str:
        return (self._records / "locust.log").read_text().strip()[-2000:]

    def _await_end(self, process: "subprocess.Popen[bytes]", watcher: Watcher | None) -> None:
        end_at = self.started_at + self._scenario.seconds
        with progress_line(self._console, self._scenario.seconds) as tell:
            while process.poll() is None and time.time() < end_at:
                time.sleep(min(1.0, max(0.0, end_at - time.time())))
                self._recent = [*self._recent[1 - RECENT_SECONDS :], self.samples.fresh()]
                tell(time.time() - self.started_at, self._line(watcher))
                if self._scenario.until_broken and self._is_broken():
                    break
        self.ended_at = min(time.time(), end_at)

    def _is_broken(self) -> bool:
        """Judged once, when a step is over and its last answers are in."""
        over = self._scenario.steps[: self._steps_over + 1]
        if time.time() < self.started_at + sum(step.whole_seconds for step in over) + 1:
            return False
        # First what is open: what is answered between the two is known by its sample.
        generator = lines_read(self._records / "generator.jsonl")
        steps = steps_judge(
            self._scenario,
            self._budgets,
            self.samples.all(),
            generator,
            started_at=self.started_at,
            now=time.time(),
        )
        self._steps_over = len(steps)
        last = steps[-1]
        self._console.print(f"{last.users} users: {last.verdict}")
        return not last.holds or len(steps) == len(self._scenario.steps)

    def _line(self, watcher: Watcher | None) -> str:
        count = sum(len(part) for part in self._recent)
        times = [p95 for part in self._recent if (p95 := part.requests().percentile(95)) is not None]
        self._error_count += self._recent[-1].errors
        generator = lines_read(self._records / "generator.jsonl")[-1:]
        users = generator[0]["users"] if generator else {}
        facts = [
            f"{sum(users.values()) - users.get(SUBSCRIBERS, 0)} users",
            f"{count / len(self._recent):.0f} requests/s",
            f"p95 {max(times, default=0):.0f} ms",
            f"{self._error_count} errors",
        ]
        if watcher and watcher.moments:
            facts.append(f"CPU {watcher.moments[-1].machine_cpu / CORES:.0f} %")
        return " · ".join(facts)


@contextmanager
def locust(scenario: Scenario, place: Place, records: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Gone when the block is left."""
    environment = os.environ | {
        "LOADTEST_SCENARIO": scenario.model_dump_json(),
        "LOADTEST_RECORDS": str(records),
        "LOADTEST_TIDY": "0" if place.is_own else "1",
    }
    if place.keys:
        keys = records / "keys.json"
        keys.touch(0o600)
        keys.write_text(json.dumps(place.keys))
        environment["LOADTEST_KEYS"] = str(keys)
    options = ["--headless", "--only-summary", "--loglevel", "WARNING", "--exit-code-on-error", "0"]
    command = [sys.executable, "-m", "locust", *options, "--locustfile", "loadtests/locustfile.py"]
    with (records / "locust.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--host", place.url],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def put_first(pid: int) -> bool:
    """Let the load generator measure as if it had a machine of its own. Only root may; False otherwise."""
    session = Path(
        f"/proc/{pid}/autogroup"
    )  # Where there is one, nice alone means nothing to other sessions.
    try:
        os.setpriority(os.PRIO_PROCESS, pid, PRIORITY)
        if session.exists():
            session.write_text(str(PRIORITY))
    except OSError:
        return False
    return True


@contextmanager
def progress_line(console: Console, seconds: float) -> Iterator[Callable[[float, str], None]]:
    """What it yields is told the seconds gone and a line."""
    if console.is_terminal:
        columns = (
            BarColumn(bar_width=24),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("…", total=seconds)
            yield lambda gone, line: progress.update(task, completed=gone, description=line)
        return
    told = 0.0

    def tell(gone: float, line: str) -> None:
        nonlocal told
        if gone - told >= LINE_SECONDS:
            told = gone
            console.print(f"{gone:.0f} of {seconds:.0f} s · {line}", highlight=False)

    yield tell
