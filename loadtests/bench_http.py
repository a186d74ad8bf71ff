"""Our status poll and our submission beside what one would write instead, in one run and in turn.

All services stand on the same PostgreSQL, Redis and rows, and answer the same bodies, which is
looked at first. The order changes with each round; a ratio is that of one round. Our polls are
measured twice: as they are, most of them from memory by the row's version, and with nothing
remembered, each from PostgreSQL as the peers do. Exits with 1 where we are less than 5 times (poll)
or 3 times (submission) as fast as the better FastAPI service.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from loadtests.http_report import FORGOTTEN, SCENARIOS, Measurement, Scenario, report, show
from loadtests.load_generator import SERIAL, Load, Plan
from loadtests.peers.comparing import polls_compare, submissions_compare
from loadtests.peers.ground import Ground, cpu_seconds, ground
from loadtests.peers.rows import Caller, submissions_forget
from loadtests.peers.services import FORGETFUL, KINDS, OURS, Kind, Service, answer, services

REPORT = Path("out/bench-http.json")
CONNECTIONS = 16
WARM_UP_SECONDS = 1.0
BODY = {
    "prompt": f"A train crosses a country from the sea to the mountains, number {SERIAL.decode()}",
    "duration_seconds": 30,
    "aspect_ratio": "9:16",
    "style": "watercolour",
}
BRAND = {"name": "Kaap", "palette": ["#0f766e", "#f59e0b"], "tone": "warm", "guidelines": "No paper cups."}


@dataclass(frozen=True)
class Cores:
    """Where the services with PostgreSQL and Redis run, and where the generator. Empty: anywhere."""

    serving: list[int]
    asking: list[int]


def main() -> int:
    options = parsed()
    console = Console()
    cores = divided(options.unpinned)
    if cores.serving:
        os.sched_setaffinity(0, cores.serving)  # Whatever is started from here on inherits it.
    kinds = [KINDS[name] for name in (OURS, FORGETFUL)]
    with ground() as stands, services(kinds, stands, workers=options.workers) as ours:
        caller = stands.callers[0]
        body = answer(ours[0], "GET", caller, caller.generations[0]).body
        with services(chosen(options.only), stands, workers=options.workers, body=body) as others:
            polls_compare([*ours, *others], stands)
            submissions_compare([*ours, *others], stands, BODY | {"brand": BRAND})
            bench = Bench(stands, [*ours, *others], cores, options.seconds)
            measured = bench.run(console, options.rounds)
    result = report(
        measured,
        pinned=asdict(cores),
        connections=CONNECTIONS,
        workers=options.workers,
        seconds=options.seconds,
    )
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(result, indent=2) + "\n")
    console.print(f"Written to {REPORT}.")
    return show(console, result)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench_http", description=__doc__)
    parser.add_argument(
        "--rounds",
        type=int,
        choices=range(1, 1001),
        metavar="N",
        default=5,
        help="how often each service is measured (5)",
    )
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each time (4)")
    parser.add_argument("--workers", type=int, default=1, help="processes of each service (1)")
    parser.add_argument("--only", nargs="+", choices=[kind.name for kind in chosen([])], default=[])
    parser.add_argument("--unpinned", action="store_true", help="let services and generator share all cores")
    return parser.parse_args()


def chosen(only: list[str]) -> list[Kind]:
    """The services beside ours."""
    beside = [kind for name, kind in KINDS.items() if name not in (OURS, FORGETFUL)]
    return [kind for kind in beside if not only or kind.name in only]


def divided(unpinned: bool) -> Cores:
    """The last core is the generator's, the others serve."""
    cores = sorted(os.sched_getaffinity(0))
    return Cores([], []) if unpinned or len(cores) < 2 else Cores(cores[:-1], cores[-1:])


class Bench:
    """Services on one ground, measured in turn."""

    def __init__(self, stands: Ground, measured: list[Service], cores: Cores, seconds: float) -> None:
        self.ground, self.services, self.cores, self.seconds = stands, measured, cores, seconds
        self.serial = 0
        self.etags = {each.name: self._etags(each) for each in measured}

    def run(self, console: Console, rounds: int) -> list[Measurement]:
        """Every scenario of every service in every round, each round with another service first."""
        measured = []
        with Progress(console=console) as progress:
            total = rounds * len(SCENARIOS) * (len(self.services) - 1)
            task = progress.add_task("Measuring", total=total)
            for number in range(rounds):
                for scenario in SCENARIOS:
                    for each in turned(taking_part(self.services, scenario), number):
                        progress.update(task, description=f"{scenario.name}, {each.name}")
                        measured.append(self._measure(each, scenario, number + 1))
                        progress.advance(task)
        return measured

    def _measure(self, each: Service, scenario: Scenario, number: int) -> Measurement:
        since = datetime.now(UTC)
        self._load(each, scenario, WARM_UP_SECONDS)
        own, servers = [each.process.pid], self.ground.server_ids
        own_before, servers_before = cpu_seconds(own), cpu_seconds(servers)
        load = self._load(each, scenario, self.seconds)
        own_used, servers_used = cpu_seconds(own) - own_before, cpu_seconds(servers) - servers_before
        if scenario.method == "POST":
            self._forget(since)
        return Measurement(
            service=OURS if each.name == FORGETFUL else each.name,
            scenario=scenario.name,
            round=number,
            requests=load.requests,
            per_second=load.per_second,
            p50_ms=load.p50_ms,
            p95_ms=load.p95_ms,
            p99_ms=load.p99_ms,
            own_cpu_ms=1000 * own_used / load.requests,
            all_cpu_ms=1000 * (own_used + servers_used) / load.requests,
            generator_cpu_share=load.generator_cpu_share,
        )

    def _load(self, each: Service, scenario: Scenario, seconds: float) -> Load:
        callers = [self.ground.callers[n % len(self.ground.callers)] for n in range(CONNECTIONS)]
        has_etag = any(self.etags[each.name].values())
        plan = Plan(
            port=each.port,
            requests=[self._requests(each, scenario, caller) for caller in callers],
            status=scenario.status if has_etag else scenario.plain_status,
            seconds=seconds,
            serial=self.serial,
            cores=self.cores.asking,
        )
        self.serial += 1_000_000
        return generate(plan)

    def _requests(self, each: Service, scenario: Scenario, caller: Caller) -> list[str]:
        credentials = each.kind.credentials(caller)
        if scenario.method == "POST":
            return [submission(credentials, BODY), submission(credentials, BODY | {"brand": BRAND})]
        etags = self.etags[each.name] if scenario.name == "unchanged" else {}
        return [poll(credentials, pk, etags.get(pk, "")) for pk in caller.generations]

    def _etags(self, each: Service) -> dict[str, str]:
        owned = [(caller, pk) for caller in self.ground.callers for pk in caller.generations]
        if not answer(each, "GET", *owned[0]).etag:
            return {}
        return {pk: answer(each, "GET", caller, pk).etag for caller, pk in owned}

    def _forget(self, since: datetime) -> None:
        self.ground.queue_redis().flushdb()
        with self.ground.cursor() as cursor:
            submissions_forget(cursor, since=since)


def taking_part(services: list[Service], scenario: Scenario) -> list[Service]:
    """One of ours, and all others."""
    absent = OURS if scenario.name == FORGOTTEN else FORGETFUL
    return [each for each in services if each.name != absent]


def poll(credentials: str, generation_id: str, etag: str) -> str:
    known = f"If-None-Match: {etag}\r\n" if etag else ""
    return (
        f"GET /api/v1/generations/{generation_id} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: {credentials}\r\nAccept: application/json\r\n{known}\r\n"
    )


def submission(credentials: str, body: dict[str, Any]) -> str:
    """The serial number is as long as its place, so the length is right, whatever the number."""
    content = json.dumps(body)
    return (
        f"POST /api/v1/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {credentials}\r\n"
        f"Idempotency-Key: bench-{SERIAL.decode()}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n{content}"
    )


def generate(plan: Plan) -> Load:
    """Have it asked by a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "loadtests.load_generator"],
        input=json.dumps(asdict(plan)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr.strip())
    return Load(**json.loads(done.stdout))


def turned(in_order: list[Service], number: int) -> list[Service]:
    first = number % len(in_order)
    return in_order[first:] + in_order[:first]


if __name__ == "__main__":
    sys.exit(main())
