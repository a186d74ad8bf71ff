"""One run: the plan is carried out, then all comes to rest, then it is looked at what is true."""

import json
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from django.conf import settings
from rich.console import Console
from rich.live import Live

from generations.patience import patiently
from generations.testing.chaos.deeds import Deeds, customer
from generations.testing.chaos.display import happened, panel, plan_show, verdict_show
from generations.testing.chaos.invariants import Violation, violations
from generations.testing.chaos.plan import Plan
from generations.testing.chaos.points import traps_sprung
from generations.testing.chaos.stack import own_fleet, own_servers
from generations.testing.chaos.world import unsettled
from generations.testing.video_servers import FalServer, ReplicateServer
from videogen.embedded.places import log_dir

#: After the last fault: how long nothing may change while something has not ended, and how long it may take
#: in all. A slow machine has a backlog to work off, which is no fault.
STILL_SECONDS = 120.0
REST_SECONDS = 1200.0
LOOK_SECONDS = 0.5
#: How often it is said what is awaited.
TELL_SECONDS = 20.0


def chaos(plan: Plan, *, replicate: ReplicateServer, fal: FalServer, directory: Path, out: Path) -> int:
    """Answers what to exit with."""
    console = Console()
    plan_show(console, plan)
    servers = {"replicate": replicate, "fal": fal}
    with ExitStack() as stack:
        supervisor = stack.enter_context(own_servers())
        owner, key = customer(plan.monthly_limit_usd)
        fleet_stack = stack.enter_context(ExitStack())
        fleet = fleet_stack.enter_context(own_fleet(plan))
        deeds = Deeds(console, fleet, servers, supervisor, directory / "traps", owner, key)
        found = _carried_out(plan, deeds)
        fleet_stack.close()
        found = list(dict.fromkeys([*found, *violations(servers)]))
        numbers = happened(servers, deeds.counts, traps_sprung(deeds.traps))
        verdict_show(console, plan, numbers, found)
    out.mkdir(exist_ok=True)
    report = {"plan": plan.as_json(), "happened": numbers, "violations": [str(each) for each in found]}
    if found:
        report["ledgers"] = {name: server.ledger.as_json() for name, server in servers.items()}
        logs = shutil.copytree(
            log_dir(settings.DATA_DIR), out / f"chaos-{plan.seed}-logs", dirs_exist_ok=True
        )
        console.print(f"The logs are in {logs}.")
    (out / f"chaos-{plan.seed}.json").write_text(json.dumps(report, indent=2, default=str))
    return 1 if found else 0


def _carried_out(plan: Plan, deeds: Deeds) -> list[Violation]:
    """What is wrong when all has come to rest, and again when people have tidied up and tried again."""
    with Live(console=deeds.console, refresh_per_second=4, transient=True) as live:

        def show(phase: str, until: float) -> None:
            live.update(panel(phase, until - time.monotonic(), deeds.counts, deeds.fleet))

        _act(plan, deeds, show)
        deeds.calm()
        _rest(deeds, show)
        found = patiently(lambda: violations(deeds.servers))
        deeds.decide(plan.seed)
        _rest(deeds, show)
        found += violations(deeds.servers)
        deeds.try_again()
        _rest(deeds, show)
    return found


def _act(plan: Plan, deeds: Deeds, show: Callable[[str, float], None]) -> None:
    started = time.monotonic()
    for action in plan.actions:
        while (early := started + action.at - time.monotonic()) > 0:
            show("chaos", started + plan.seconds)
            time.sleep(min(early, LOOK_SECONDS))
        came = deeds.do(action)
        late = time.monotonic() - started
        deeds.console.print(f"{late:6.1f} {action}: {came}", soft_wrap=True, markup=False, highlight=False)
    while time.monotonic() < started + plan.seconds:
        show("chaos", started + plan.seconds)
        time.sleep(LOOK_SECONDS)


def _rest(deeds: Deeds, show: Callable[[str, float], None]) -> None:
    started = changed_at = time.monotonic()
    tell_at, before = started + TELL_SECONDS, list[str]()
    while left := patiently(lambda: list(unsettled())):
        if left != before:
            before, changed_at = left, time.monotonic()
        deadline = min(started + REST_SECONDS, changed_at + STILL_SECONDS)
        if time.monotonic() > deadline:
            break
        show("coming to rest", deadline)
        if time.monotonic() > tell_at:
            tell_at += TELL_SECONDS
            deeds.console.print(f"{time.monotonic() - started:6.1f} s  not at rest: {'; '.join(left)}")
        time.sleep(LOOK_SECONDS)
    deeds.counts["seconds until all was at rest"] += round(time.monotonic() - started)
