"""What it costs to wait: clips that a provider is making, held by rows and by nobody else.

On a stack of its own, whose provider is a test server on this machine that takes its time: many
clips are submitted, and while all of them wait it is measured who works. Then all end at once.
Exits with 1 when a worker was busy, looks came too often, or the dispatcher grew.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from generations.testing.video_servers import ReplicateServer
from generations.testing.video_servers.desk import TOKEN
from loadtests.own_stack import OwnStack, own_stack

REPORT = Path("out/bench-waiting.json")
LOOKS_PER_SECOND = 20
#: Resident memory of a process settles in the beginning, and is read once a second.
GROWTH_LIMIT = 0.03
SUBMIT_SECONDS, LET_GO_SECONDS, SETTLE_SECONDS = 1800, 60, 900
REQUEST = {
    "prompt": "A train crosses a country from the sea to the mountains",
    "duration_seconds": 180,
    "resolution": "480p",
    "provider": "replicate",
    "model": "google/veo-3.1-fast",
}
#: Of the command line of each kind of process.
MARKS = {"dispatcher": "dispatch", "clip workers": "rqworker clips"}


@dataclass(frozen=True)
class Sample:
    """One second. `busy` are the work-horses of the clip workers, `rss_mb` the dispatcher's memory."""

    busy: int
    rss_mb: float
    cpu_seconds: float
    looks: int


def main() -> int:
    options = parsed()
    console = Console()
    with ReplicateServer(queue_seconds=10, run_seconds=86_400) as server, stack_of(server) as stack:
        api = httpx.Client(
            base_url=f"{stack.url}/api/v1",
            headers={"Authorization": f"Bearer {stack.api_key}"},
            timeout=60,
            trust_env=False,
        )
        with api, progress(console) as shown:
            clips = submit(api, options.clips)
            seconds = until(shown, "Submitting", clips, lambda: accepted(server), limit=SUBMIT_SECONDS)
            workers = process_of(stack, MARKS["clip workers"])
            until(shown, "Let go", 1, lambda: int(busy(workers) == 0), limit=LET_GO_SECONDS)
            samples = measure(shown, stack, server, workers, options.seconds)
            finish(server)
            settled = until(shown, "Settling", clips, lambda: settled_clips(api), limit=SETTLE_SECONDS)
        result = report(clips, seconds, samples, settled, server)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(result, indent=2) + "\n")
    return show(console, result)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-waiting", description=__doc__)
    parser.add_argument("--clips", type=int, default=1000, help="how many wait at least (1000)")
    parser.add_argument("--seconds", type=int, default=60, help="how long is measured (60)")
    return parser.parse_args()


def stack_of(server: ReplicateServer) -> Any:
    return own_stack(
        REPLICATE_BASE_URL=f"{server.url}/v1",
        REPLICATE_API_TOKEN=TOKEN,
        FETCH_ALLOWED_ORIGINS=server.url,
        PROVIDER_CONCURRENT_JOBS="100000",
        PROVIDER_REQUESTS_PER_MINUTE="0",
        PROVIDER_LOOKS_PER_SECOND=str(LOOKS_PER_SECOND),
        PROVIDER_JOB_SECONDS="86400",
        RATE_LIMIT_READ="100000/second",
    )


def progress(console: Console) -> Progress:
    columns = TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console)


def submit(api: httpx.Client, least: int) -> int:
    """Ask for videos until they have so many clips together. Answers how many clips that are."""
    clips = 0
    for seed in range(1_000_000):
        planned = (
            api.post("/generations?dry_run=true", json=REQUEST | {"seed": seed}).raise_for_status().json()
        )
        api.post("/generations", json=REQUEST | {"seed": seed}).raise_for_status()
        clips += len(planned["storyboard"]["scenes"])
        if clips >= least:
            return clips
    return clips


def until(shown: Progress, what: str, total: int, count: Callable[[], int], *, limit: float) -> float:
    """Wait until it has counted to the total. Answers how many seconds that took."""
    task, started = shown.add_task(what, total=total), time.monotonic()
    while (done := count()) < total:
        shown.update(task, completed=done)
        if time.monotonic() - started > limit:
            sys.exit(f"{what}: {done} of {total} after {limit:.0f} s.")
        time.sleep(1)
    shown.update(task, completed=total)
    return time.monotonic() - started


def accepted(server: ReplicateServer) -> int:
    return sum(1 for submission in server.ledger.submissions() if submission.accepted)


def settled_clips(api: httpx.Client) -> int:
    """By the money: what is reserved is a clip's that has not been seen to have ended."""
    rows: list[dict[str, Any]] = []
    path: str | None = "/generations?limit=100"
    while path:
        page = api.get(path).raise_for_status().json()
        rows, path = rows + page["results"], page["next"]
    prices = [float(row["cost"]["estimated_usd"]) / row["clip_count"] for row in rows]
    return sum(
        round(row["clip_count"] - float(row["cost"]["reserved_usd"]) / price)
        for row, price in zip(rows, prices, strict=True)
    )


def busy(workers: list[psutil.Process]) -> int:
    """How many of them have a work-horse."""
    return sum(len(worker.children()) for worker in workers)


def measure(
    shown: Progress,
    stack: OwnStack,
    server: ReplicateServer,
    workers: list[psutil.Process],
    seconds: int,
) -> list[Sample]:
    dispatcher = process_of(stack, MARKS["dispatcher"])[0]
    task = shown.add_task("Measuring", total=seconds)
    samples = []
    for second in range(seconds):
        time.sleep(1)
        samples.append(
            Sample(
                busy=busy(workers),
                rss_mb=dispatcher.memory_info().rss / 2**20,
                cpu_seconds=sum(dispatcher.cpu_times()[:2]),
                looks=len(server.ledger.asked("poll")),
            )
        )
        shown.update(task, completed=second + 1)
    return samples


def process_of(stack: OwnStack, words: str) -> list[psutil.Process]:
    """Processes of this stack by their command line, without their work-horses, which have the same."""
    found = []
    for process in psutil.process_iter(["cmdline", "environ"]):
        environment = process.info["environ"] or {}
        line = " ".join(process.info["cmdline"] or [])
        if words in line and environment.get("DATA_DIR") == str(stack.data_dir):
            found.append(process)
    ids = {process.pid for process in found}
    return [process for process in found if process.ppid() not in ids]


def finish(server: ReplicateServer) -> None:
    """Let all jobs have ended now."""
    now = time.time()
    for job in server.newest(None, 10**9)[0]:
        job.run_seconds = now - job.at - job.queue_seconds


def report(
    clips: int, submitted: float, samples: list[Sample], settled: float, server: ReplicateServer
) -> dict[str, Any]:
    first, last = samples[0], samples[-1]
    seconds = len(samples) - 1
    return {
        "clips": clips,
        "cores": os.cpu_count(),
        "submitted_seconds": submitted,
        "submissions_per_clip": len(server.ledger.submissions()) / clips,
        "worker_slots_used": max(sample.busy for sample in samples),
        "looks_per_second": (last.looks - first.looks) / seconds,
        "most_looks_in_a_second": server.ledger.max_in_window(1.0, kind="poll"),
        "dispatcher_mb": spread(sample.rss_mb for sample in samples),
        "dispatcher_growth": last.rss_mb / first.rss_mb - 1,
        "dispatcher_cpu_share": (last.cpu_seconds - first.cpu_seconds) / seconds,
        "settled_seconds": settled,
        "samples": [asdict(sample) for sample in samples],
    }


def spread(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"min": ordered[0], "median": ordered[len(ordered) // 2], "max": ordered[-1]}


def show(console: Console, result: dict[str, Any]) -> int:
    rows = [
        ("clips that wait", f"{result['clips']}", "", True),
        (
            "submissions for each",
            f"{result['submissions_per_clip']:.3f}",
            "1",
            result["submissions_per_clip"] == 1,
        ),
        ("worker slots used", f"{result['worker_slots_used']}", "0", result["worker_slots_used"] == 0),
        (
            "looks per second",
            f"{result['looks_per_second']:.1f}",
            f"{LOOKS_PER_SECOND}",
            result["looks_per_second"] <= 1.05 * LOOKS_PER_SECOND,
        ),
        (
            "dispatcher's memory",
            f"{result['dispatcher_mb']['median']:.0f} MB, {100 * result['dispatcher_growth']:+.1f} %",
            f"{100 * GROWTH_LIMIT:+.0f} %",
            result["dispatcher_growth"] <= GROWTH_LIMIT,
        ),
        ("dispatcher's share of a core", f"{100 * result['dispatcher_cpu_share']:.0f} %", "", True),
        ("seconds until all were sent", f"{result['submitted_seconds']:.0f}", "", True),
        ("seconds until all ends were seen", f"{result['settled_seconds']:.0f}", "", True),
    ]
    table = Table("", "measured", "limit", "", title="Waiting")
    for name, value, limit, is_kept in rows:
        table.add_row(name, value, limit, "[green]✓[/]" if is_kept else "[red]✗[/]")
    console.print(table, f"Written to {REPORT}.")
    return 0 if all(is_kept for *_, is_kept in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
