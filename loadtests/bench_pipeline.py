"""What the pipeline itself costs: generations of six clips, from a provider that answers at once.

One after another, each followed over the WebSocket from POST to `completed`, on a stack of its
own. Exits with 1 when the median is above the limit.
"""

import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table
from websockets.sync.client import ClientConnection, connect

from loadtests.own_stack import own_stack

RUNS = 20
CLIPS = 6
LIMIT_SECONDS = 2.0
FIRST_EVENT_LIMIT_SECONDS = 0.1
PATIENCE_SECONDS = 120
REQUEST = {
    "prompt": "A lighthouse on a cliff at dusk, waves below",
    "duration_seconds": 24,
    "provider": "prerendered",
    "seed": 7,
}
PROVIDER = "prerendered=generations.providers.prerendered.PrerenderedProvider"
REPORT = Path("out/bench-pipeline.json")
ENDINGS = {"generation.completed", "generation.failed", "generation.cancelled"}


@dataclass(frozen=True)
class Run:
    """Seconds from the moment that the request was sent, and the history that followed."""

    accepted: float
    first_event: float
    completed: float
    events: list[dict[str, Any]]


def main() -> int:
    console = Console()
    with own_stack(EXTRA_PROVIDERS=PROVIDER) as stack:
        headers = {"Authorization": f"Bearer {stack.api_key}"}
        with (
            httpx.Client(base_url=stack.url, headers=headers, timeout=30, trust_env=False) as http,
            connect(
                f"{stack.websocket_url}/ws/generations", additional_headers=headers, proxy=None
            ) as socket,
        ):
            check_plan(http)
            make(http, socket)  # Warms up: clips are encoded, programs loaded, connections opened.
            with console.status("Measuring …"):
                runs = [make(http, socket) for _ in range(RUNS)]
    result = report(runs)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(result, indent=2) + "\n")
    show(console, result)
    return 0 if result["completed"]["median"] <= LIMIT_SECONDS else 1


def check_plan(http: httpx.Client) -> None:
    """A storyboard of another size would measure something else."""
    plan = http.post("/api/v1/generations?dry_run=true", json=REQUEST).raise_for_status().json()
    if (scenes := len(plan["storyboard"]["scenes"])) != CLIPS:
        sys.exit(f"The request makes {scenes} clips, not {CLIPS}: change its duration_seconds.")


def make(http: httpx.Client, socket: ClientConnection) -> Run:
    sent = time.perf_counter()
    generation = http.post("/api/v1/generations", json=REQUEST).raise_for_status().json()
    accepted = time.perf_counter() - sent
    about = {"generation_id": generation["id"]}
    socket.send(json.dumps({"type": "subscribe", **about}))
    events: list[dict[str, Any]] = []
    first_event = 0.0
    while not events or events[-1]["event"] not in ENDINGS:
        message = json.loads(socket.recv(timeout=PATIENCE_SECONDS))
        if message["type"] == "event" and message["generation_id"] == generation["id"]:
            first_event = first_event or time.perf_counter() - sent
            events.append(message)
    completed = time.perf_counter() - sent
    socket.send(json.dumps({"type": "unsubscribe", **about}))
    if events[-1]["event"] != "generation.completed":
        sys.exit(f"A generation ended as {events[-1]['event']}: {events[-1]['message']}")
    return Run(accepted, first_event, completed, events)


def report(runs: list[Run]) -> dict[str, Any]:
    return {
        "runs": len(runs),
        "clips": CLIPS,
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "accepted": spread(run.accepted for run in runs),
        "first_event": spread(run.first_event for run in runs),
        "completed": spread(run.completed for run in runs),
        "stages": stages(runs),
    }


def spread(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {
        "min": ordered[0],
        "median": statistics.median(ordered),
        "p95": ordered[-(-95 * len(ordered) // 100) - 1],
        "max": ordered[-1],
    }


def stages(runs: list[Run]) -> dict[str, dict[str, float]]:
    """How often a stage runs in one generation, how long once, and from its first start to its last end."""
    attempts: dict[str, list[float]] = defaultdict(list)
    spans: dict[str, list[float]] = defaultdict(list)
    for run in runs:
        started: dict[tuple[str, int | None], float] = {}
        ended: dict[tuple[str, int | None], float] = {}
        moments = {"stage.started": started, "stage.succeeded": ended}
        for event in run.events:
            if event["event"] in moments:
                at = datetime.fromisoformat(event["created_at"]).timestamp()
                moments[event["event"]][event["stage"], event["position"]] = at
        for stage in dict.fromkeys(stage for stage, _ in started):
            steps = [step for step in started if step[0] == stage]
            attempts[stage] += [ended[step] - started[step] for step in steps]
            spans[stage].append(max(ended[step] for step in steps) - min(started[step] for step in steps))
    return {
        stage: {
            "attempts": len(attempts[stage]) / len(runs),
            "attempt_median": statistics.median(attempts[stage]),
            "span_median": statistics.median(spans[stage]),
        }
        for stage in attempts
    }


def show(console: Console, result: dict[str, Any]) -> None:
    whole = Table("milliseconds from POST", "min", "median", "p95", "max", "limit", title="Pipeline overhead")
    limits = {
        "accepted": "",
        "first_event": f"p95 {FIRST_EVENT_LIMIT_SECONDS * 1000:.0f}",
        "completed": f"median {LIMIT_SECONDS * 1000:.0f}",
    }
    for name, limit in limits.items():
        whole.add_row(name, *(f"{seconds * 1000:.0f}" for seconds in result[name].values()), limit)
    parts = Table("stage", "attempts", "one attempt, ms", "first start to last end, ms")
    for stage, its in result["stages"].items():
        seconds = its["attempt_median"], its["span_median"]
        parts.add_row(stage, f"{its['attempts']:.0f}", *(f"{value * 1000:.0f}" for value in seconds))
    console.print(whole, parts)
    console.print(
        f"{result['runs']} generations of {result['clips']} clips on {result['cores']} cores, "
        f"load average {result['load_average']:.1f}. Written to {REPORT}."
    )


if __name__ == "__main__":
    sys.exit(main())
