"""What it costs to tell many: WebSocket subscribers on one process, from commit to delivery.

On a stack of its own. Each of 2,000 sockets follows a generation of its own, then as many follow one and the
same; then one generation has a burst of 10,000 events, and its neighbours, whom another process tells of
events all the while, must feel nothing of it. Every event must reach everybody who follows, once and in
order. Exits with 1 where one is missing, or where p95 is above the limit.
"""

import argparse
import json
import math
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from loadtests.fanout.process import Order, process_of
from loadtests.own_stack import OwnStack, own_stack

REPORT = Path("out/bench-websocket.json")
SOCKETS, AUDIENCES = 2000, 2
EVENTS_PER_SECOND, BURST, TOLD_TOGETHER = 200, 10_000, 20
#: With fewer events of neighbours, a p95 would say nothing.
LEAST_TIMED = 200
LIMIT_SECONDS = 0.25
PATIENCE_SECONDS = 120

#: Generation, number of the event, when it was committed.
Written = tuple[str, int, float]
#: Audience, socket, generation, number of the event, when it came.
Delivery = tuple[int, int, str, int, float]


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-websocket", description=__doc__)
    parser.add_argument("--sockets", type=int, default=SOCKETS, help=f"how many follow ({SOCKETS})")
    sockets = parser.parse_args().sockets
    console = Console()
    with own_stack(RATE_LIMIT_READ="1000000/minute") as stack, console.status("Opening sockets …") as status:
        server = websocket_process(stack)
        with author_of(stack) as write, author_of(stack) as other, audiences_of(stack) as rooms:
            result = measured(sockets, server, (write, other), rooms, status.update)
    result |= {"cores": os.cpu_count(), "date": datetime.now().astimezone().isoformat(timespec="seconds")}
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(result, indent=2) + "\n")
    return show(console, result)


def measured(
    sockets: int,
    server: psutil.Process,
    authors: tuple[Order, Order],
    rooms: Sequence[Order],
    say: Callable[[str], None],
) -> dict[str, Any]:
    write, other = authors
    before = server.memory_full_info().uss
    own = write("make", sockets)
    open_all(rooms, own)
    say("Each its own generation …")
    results = {"each its own": deliveries(rooms, write("write", own, EVENTS_PER_SECOND), per_event=1)}
    after = server.memory_full_info().uss
    say("A burst beside them …")
    with ThreadPoolExecutor(1) as beside:
        bursting = beside.submit(write, "burst", own[0], BURST)
        told = []
        while not bursting.done():
            told += other("write", own[1::20], EVENTS_PER_SECOND)
    results |= split(rooms, told, bursting.result())
    [shared] = write("make", 1)
    say("All one generation …")
    open_all(rooms, [shared] * sockets)
    told = write("write", [shared] * TOLD_TOGETHER, 1)
    results["all one"] = deliveries(rooms, told, per_event=sockets)
    return {
        "sockets": sockets,
        "memory_kb_per_socket": (after - before) / 1024 / sockets,
        "deliveries": results,
    }


def open_all(rooms: Sequence[Order], ids: Sequence[str]) -> None:
    for number, room in enumerate(rooms):
        room("open", ids[number :: len(rooms)])


def deliveries(rooms: Sequence[Order], written: Sequence[Written], *, per_event: int) -> dict[str, Any]:
    """How long each delivery took, and what was missing, twice or out of order."""
    return judged(heard(rooms, len(written) * per_event), written, per_event)


def split(rooms: Sequence[Order], told: list[Any], burst: list[Any]) -> dict[str, dict[str, Any]]:
    """The deliveries of a burst, and of its neighbours: how long those took that were committed during it."""
    everything = heard(rooms, len(told) + len(burst))
    loud = [each for each in everything if each[2] == burst[0][0]]
    quiet = [each for each in everything if each[2] != burst[0][0]]
    during = burst[0][2], max((each[4] for each in loud), default=0.0)
    neighbours = judged(quiet, told, 1, during=during)
    if neighbours["timed"] < LEAST_TIMED:
        sys.exit(f"Only {neighbours['timed']} events of its neighbours fell into the burst.")
    return {"neighbours during a burst": neighbours, "the burst": judged(loud, burst, 1)}


def heard(rooms: Sequence[Order], number: int) -> list[Delivery]:
    """Everything that came. Waits until it is so much, and a little longer: one too many is wrong, too."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(room("count") for room in rooms) < number and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(0.5)
    everything = []
    for place, room in enumerate(rooms):
        came, ended = room("hear")
        if ended:
            sys.exit(f"Sockets were closed: {'; '.join(ended[:3])}")
        everything += [(place, *each) for each in came]
    return everything


def judged(
    came: Sequence[Delivery],
    written: Sequence[Written],
    per_event: int,
    *,
    during: tuple[float, float] = (0.0, math.inf),
) -> dict[str, Any]:
    """All must have come; times are those of the events that were committed `during` a span of time."""
    committed = {(generation, number): moment for generation, number, moment in written}
    times = [(committed[generation, number], moment) for *_, generation, number, moment in came]
    seconds = sorted(moment - at for at, moment in times if during[0] <= at <= during[1])
    by_socket: dict[Any, list[int]] = defaultdict(list)
    for place, socket, generation, number, _ in came:
        by_socket[place, socket, generation].append(number)
    out_of_order = sum(numbers != sorted(set(numbers)) for numbers in by_socket.values())
    return {
        "events": len(written),
        "deliveries": len(came),
        "missing": len(written) * per_event - len(came),
        "repeated_or_out_of_order": out_of_order,
        "timed": len(seconds),
        "p50_seconds": statistics.median(seconds) if seconds else math.inf,
        "p95_seconds": seconds[int(0.95 * len(seconds))] if seconds else math.inf,
        "max_seconds": seconds[-1] if seconds else math.inf,
    }


@contextmanager
def author_of(stack: OwnStack) -> Iterator[Order]:
    os.environ.update(DATA_DIR=str(stack.data_dir), LOG_FORMAT="text")
    with process_of("loadtests.fanout.author") as order:
        yield order


@contextmanager
def audiences_of(stack: OwnStack) -> Iterator[list[Order]]:
    address = stack.websocket_url, stack.api_key
    with (
        process_of("loadtests.fanout.audience", *address) as first,
        process_of("loadtests.fanout.audience", *address) as second,
    ):
        yield [first, second]


def websocket_process(stack: OwnStack) -> psutil.Process:
    """The one process that holds all sockets."""
    port = stack.websocket_url.rpartition(":")[2]
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "uvicorn" in line and port in line:
            return process
    sys.exit("The stack has no WebSocket process.")


def show(console: Console, result: dict[str, Any]) -> int:
    title = f"{result['sockets']} WebSocket subscribers on one process"
    table = Table(
        "", "events", "deliveries", "missing", "timed", "p50 ms", "p95 ms", "max ms", "", title=title
    )
    kept = []
    for name, each in result["deliveries"].items():
        is_whole = not each["missing"] and not each["repeated_or_out_of_order"]
        # A burst takes as long as it takes; its neighbours must not notice.
        is_quick = each["p95_seconds"] < LIMIT_SECONDS or name == "the burst"
        kept.append(is_whole and is_quick)
        table.add_row(
            name,
            *(f"{each[number]:,}" for number in ("events", "deliveries", "missing", "timed")),
            *(f"{1000 * each[part]:.0f}" for part in ("p50_seconds", "p95_seconds", "max_seconds")),
            "[green]✓[/]" if kept[-1] else "[red]✗[/]",
        )
    console.print(table)
    memory = result["memory_kb_per_socket"]
    console.print(
        f"Memory of the process: {memory:.0f} KB for each. Limit of p95: {1000 * LIMIT_SECONDS:.0f} ms."
    )
    console.print(f"Written to {REPORT}.")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
