"""What the text tasks cost beside the language model: limits used in full, answers shared, time added.

Against a language model server of our own that is strict, on a stack of its own:

* limits: 50 callers in 5 processes want all they can get from a server that allows 60 requests in any
  minute and punishes excess.
* identical: 200 equal submissions at once, over REST.
* repeats: 100 submissions of which 20 repeat an earlier one: what the cache saves.
* latency: from the request to the storyboard, less the longest chain of calls.

Exits with 1 when a limit is broken. `python -m loadtests.bench_analysis --help` has the options.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import track
from rich.table import Table

from analysis.testing.answers import ANSWERS
from analysis.testing.openai_server.server import OpenAIServer
from loadtests.own_stack import ROOT, OwnStack, own_stack
from loadtests.prompts import PROMPTS

REPORT = Path("out/bench-analysis.json")
CALLER_PROCESSES, CALLER_THREADS = 5, 10
REQUESTS_PER_MINUTE = 60
#: Of the allowance, after the first minute.
LEAST_USED = 0.9
IDENTICAL = 200
SUBMISSIONS, REPEATS = 100, 20
LATENCY_RUNS = 20
LATENCIES = {"prompt_analysis": 0.5, "brand_analysis": 0.7, "micro_prompts": 1.0}
OVERHEAD_LIMIT_SECONDS = 0.3
PATIENCE_SECONDS = 180
BRAND = {"name": "Kaap", "palette": ["#0f766e", "#f59e0b"], "tone": "warm"}

Result = dict[str, Any]


def main() -> int:
    options = _parser().parse_args()
    console = Console()
    parts: dict[str, Callable[[Console, argparse.Namespace], Result]] = {
        "limits": limits,
        "identical": identical,
        "repeats": repeats,
        "latency": latency,
    }
    chosen = [options.only] if options.only else list(parts)
    results = {name: parts[name](console, options) for name in chosen}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps({"cores": os.cpu_count(), **results}, indent=2) + "\n")
    show(console, results)
    return 0 if all(result["held"] for result in results.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench_analysis", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--only", choices=["limits", "identical", "repeats", "latency"])
    parser.add_argument("--minutes", type=int, default=4, help="how long the limits are tried; 4")
    parser.add_argument("--silent", action="store_true", help="the server says nothing of its limits")
    return parser


def limits(console: Console, options: argparse.Namespace) -> Result:
    """Full use of a strict server's allowance, and no refusal once it is known."""
    with (
        OpenAIServer(
            requests_per_minute=REQUESTS_PER_MINUTE,
            punish=True,
            latency_seconds=0.5,
            answers=ANSWERS,
            announce=not options.silent,
        ) as server,
        stack_with(server) as stack,
        callers(server, stack, seconds=60 * options.minutes),
    ):
        began = time.time()
        for _ in track(range(60 * options.minutes), description="Limits", console=console):
            time.sleep(1)
    minutes = [minute(server, began + 60 * number) for number in range(options.minutes)]
    later = minutes[1:]
    used = statistics.mean(each["answered"] for each in later) / REQUESTS_PER_MINUTE
    refused = sum(each["refused"] for each in later)
    return {
        "minutes": minutes,
        "used": used,
        "refused_later": refused,
        "most_in_60_seconds": server.ledger.max_in_window(60, status=200),
        "held": used >= LEAST_USED and refused == 0,
    }


def minute(server: OpenAIServer, start: float) -> Result:
    statuses = [asked.status for asked in server.ledger.asked() if start <= asked.at < start + 60]
    return {"answered": statuses.count(200), "refused": statuses.count(429)}


@contextmanager
def callers(server: OpenAIServer, stack: OwnStack, *, seconds: int) -> Iterator[None]:
    command = [sys.executable, "-m", "loadtests.analysis_caller", str(CALLER_THREADS), str(seconds)]
    environment = os.environ | {
        "DATA_DIR": str(stack.data_dir),
        "DJANGO_SETTINGS_MODULE": "videogen.settings",
        "OPENAI_BASE_URL": server.url,
        "ANALYSIS_WORKERS": str(CALLER_PROCESSES * CALLER_THREADS),
        "LOG_LEVEL": "ERROR",
    }
    processes = [subprocess.Popen(command, cwd=ROOT, env=environment) for _ in range(CALLER_PROCESSES)]
    try:
        yield
        for process in processes:
            process.wait(timeout=60)
    finally:
        for process in processes:
            process.kill()


def identical(console: Console, options: argparse.Namespace) -> Result:
    """Equal requests at the same moment make one call for each task."""
    body = {"prompt": PROMPTS[0], "brand": BRAND, "approval": "storyboard"}
    with OpenAIServer(latency_seconds=1.0, answers=ANSWERS) as server, stack_with(server) as stack:
        with console.status(f"{IDENTICAL} identical submissions …"):
            began = time.perf_counter()
            submit(stack, [body] * IDENTICAL)
            seconds = time.perf_counter() - began
        calls = {task: len(server.ledger.asked(task)) for task in ANSWERS if server.ledger.asked(task)}
    return {
        "submissions": IDENTICAL,
        "calls": calls,
        "seconds": seconds,
        "held": set(calls.values()) == {1},
    }


def repeats(console: Console, options: argparse.Namespace) -> Result:
    """What the cache saves where some prompts come again, in the ledger's dollars."""
    chance = random.Random(7)
    prompts = [f"{PROMPTS[number % len(PROMPTS)]}, take {number}" for number in range(SUBMISSIONS - REPEATS)]
    prompts += chance.choices(prompts, k=REPEATS)
    bodies = [{"prompt": prompt, "brand": BRAND, "approval": "storyboard"} for prompt in prompts]
    with OpenAIServer(latency_seconds=0.05, answers=ANSWERS) as server, stack_with(server) as stack:
        with console.status(f"{SUBMISSIONS} submissions, {REPEATS} of them repeats …"):
            submit(stack, bodies)
        costs = ledger(stack)
    spent, saved = float(costs["total"]["cost_usd"]), float(costs["saved_usd"])
    return {
        "submissions": SUBMISSIONS,
        "repeats": REPEATS,
        "spent_usd": spent,
        "saved_usd": saved,
        "saved_part": saved / (spent + saved),
        "held": saved > 0,
    }


def latency(console: Console, options: argparse.Namespace) -> Result:
    """What the pipeline adds to the longest chain of calls, from POST to the storyboard."""
    chain = max(LATENCIES["prompt_analysis"], LATENCIES["brand_analysis"]) + LATENCIES["micro_prompts"]
    with OpenAIServer(latency_of=LATENCIES, answers=ANSWERS) as server, stack_with(server) as stack:
        bodies = [
            {"prompt": f"{PROMPTS[1]}, take {number}", "brand": BRAND | {"name": f"Kaap {number}"}}
            | {"approval": "storyboard"}
            for number in range(LATENCY_RUNS + 1)
        ]
        submit(stack, bodies[:1])  # Warms up.
        times = [
            storyboard_seconds(stack, body) - chain
            for body in track(bodies[1:], description="Latency", console=console)
        ]
    times.sort()
    p95 = times[-(-95 * len(times) // 100) - 1]
    return {
        "chain_seconds": chain,
        "overhead_median": statistics.median(times),
        "overhead_p95": p95,
        "overhead_max": times[-1],
        "held": statistics.median(times) <= OVERHEAD_LIMIT_SECONDS,
    }


@contextmanager
def stack_with(server: OpenAIServer) -> Iterator[OwnStack]:
    with own_stack(
        OPENAI_BASE_URL=server.url, ANALYSIS_WORKERS="4", RATE_LIMIT_WRITE="100000/minute"
    ) as stack:
        yield stack


def submit(stack: OwnStack, bodies: list[dict[str, Any]]) -> None:
    """Post all of them at once, and wait until each has its storyboard."""
    with client(stack) as http, ThreadPoolExecutor(20) as pool:
        deadline = time.monotonic() + PATIENCE_SECONDS
        for generation in list(pool.map(lambda body: created(http, body), bodies)):
            await_storyboard(http, generation, deadline)


def created(http: httpx.Client, body: dict[str, Any]) -> str:
    return str(http.post("/api/v1/generations", json=body).raise_for_status().json()["id"])


def await_storyboard(http: httpx.Client, generation: str, deadline: float) -> None:
    """Until it waits for approval. Exits where it fails, or at the deadline."""
    while True:
        found = http.get(f"/api/v1/generations/{generation}").json()
        if found["status"] == "awaiting_approval":
            return
        if found["status"] == "failed" or time.monotonic() > deadline:
            sys.exit(f"A generation is {found['status']}: {found['error']}")
        time.sleep(0.1)


def storyboard_seconds(stack: OwnStack, body: dict[str, Any]) -> float:
    """From sending the request to the row of the event, by one machine's clock."""
    with client(stack) as http:
        sent = time.time()
        generation = created(http, body)
        await_storyboard(http, generation, time.monotonic() + PATIENCE_SECONDS)
        events = http.get(f"/api/v1/generations/{generation}/events").json()["results"]
    ready = next(event["created_at"] for event in events if event["event"] == "storyboard.ready")
    return datetime.fromisoformat(ready).timestamp() - sent


def client(stack: OwnStack) -> httpx.Client:
    headers = {"Authorization": f"Bearer {stack.api_key}"}
    return httpx.Client(base_url=stack.url, headers=headers, timeout=60, trust_env=False)


def ledger(stack: OwnStack) -> dict[str, Any]:
    command = [sys.executable, "manage.py", "ai_costs", "--since", "24h", "--json"]
    environment = os.environ | {"DATA_DIR": str(stack.data_dir)}
    output = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    costs: dict[str, Any] = json.loads(output.stdout)
    return costs


def show(console: Console, results: dict[str, Result]) -> None:
    for name, result in results.items():
        table = Table(name, "", title_justify="left")
        for row in ROWS[name](result):
            table.add_row(*row)
        console.print(table)
    broken = [name for name, result in results.items() if not result["held"]]
    console.print(
        f"Written to {REPORT}. " + (f"Broken: {', '.join(broken)}." if broken else "All limits held.")
    )


def _limits_rows(result: Result) -> Iterator[tuple[str, str]]:
    for number, each in enumerate(result["minutes"], start=1):
        yield f"minute {number}", f"{each['answered']} answered, {each['refused']} refused with 429"
    yield "used after the first minute", f"{result['used']:.1%} of {REQUESTS_PER_MINUTE} per minute"
    yield "most in any 60 s", str(result["most_in_60_seconds"])


def _identical_rows(result: Result) -> Iterator[tuple[str, str]]:
    yield "submissions at once", str(result["submissions"])
    for task, calls in result["calls"].items():
        yield f"calls for {task}", str(calls)
    yield "until all storyboards were there", f"{result['seconds']:.1f} s"


def _repeats_rows(result: Result) -> Iterator[tuple[str, str]]:
    yield "submissions", f"{result['submissions']}, of them {result['repeats']} repeats"
    yield "spent", f"{result['spent_usd']:.5f} USD"
    yield (
        "saved by the cache",
        f"{result['saved_usd']:.5f} USD, {result['saved_part']:.1%} of what it would be",
    )


def _latency_rows(result: Result) -> Iterator[tuple[str, str]]:
    yield "longest chain of calls", f"{result['chain_seconds'] * 1000:.0f} ms"
    for name in ("median", "p95", "max"):
        yield f"added, {name}", f"{result[f'overhead_{name}'] * 1000:.0f} ms"


ROWS: dict[str, Callable[[Result], Iterator[tuple[str, str]]]] = {
    "limits": _limits_rows,
    "identical": _identical_rows,
    "repeats": _repeats_rows,
    "latency": _latency_rows,
}

if __name__ == "__main__":
    sys.exit(main())
