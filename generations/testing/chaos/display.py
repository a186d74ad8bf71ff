"""What is seen while it runs, and what is told afterwards."""

from collections import Counter
from collections.abc import Mapping, Sequence

from django.db.models import Count
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from generations.models import Generation, ProgressEvent, ProviderCall, StageRun
from generations.patience import patiently
from generations.testing.chaos.fleet import Fleet
from generations.testing.chaos.invariants import Violation
from generations.testing.chaos.plan import Plan
from generations.testing.chaos.world import Servers


def plan_show(console: Console, plan: Plan) -> None:
    """The seed, and all that follows from it."""
    console.rule(f"[bold]Chaos, seed {plan.seed}, {plan.seconds:g} s", align="left")
    about = {
        "webhooks": "yes" if plan.webhooks else "no",
        "dispatchers": plan.dispatchers,
        "jobs at once": plan.concurrent_jobs,
        "monthly limit": plan.monthly_limit_usd or "none",
    }
    console.print(", ".join(f"{name}: {value}" for name, value in about.items()))
    for action in plan.actions:
        console.print(str(action), style="dim", soft_wrap=True, markup=False, highlight=False)


def statuses(model: type[Generation] | type[ProviderCall]) -> Counter[str]:
    """How many there are in each status."""
    rows = model.objects.order_by().values_list("status").annotate(number=Count("*"))
    return Counter(dict(patiently(lambda: list(rows))))


def panel(phase: str, left_seconds: float, counts: Mapping[str, int], fleet: Fleet) -> RenderableType:
    """A few lines that change."""
    lines = {
        phase: f"{max(left_seconds, 0):.0f} s left",
        "generations": _told(statuses(Generation)),
        "provider calls": _told(statuses(ProviderCall)),
        "deaths": f"{fleet.deaths} processes started again, {fleet.thaws} woken",
        "done": _told(counts),
    }
    table = Table.grid(padding=(0, 2))
    for name, value in lines.items():
        table.add_row(Text(name, "bold cyan"), value)
    return table


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items())) or "none"


def happened(
    servers: Servers, counts: Mapping[str, int], sprung: Mapping[str, int]
) -> dict[str, dict[str, int]]:
    """Numbers of what there was, by group."""
    failed = Generation.objects.filter(status="failed").values_list("error__code", flat=True)
    runs = StageRun.objects.order_by().values_list("status").annotate(number=Count("*"))
    lost = StageRun.objects.filter(status="lost").order_by().values_list("stage")
    return {
        "generations": dict(statuses(Generation)),
        "failed with": dict(Counter(map(str, failed))),
        "provider calls": dict(statuses(ProviderCall)),
        "jobs accepted": {name: len(server.ledger.jobs()) for name, server in servers.items()},
        "sent again": {"clips": ProgressEvent.objects.filter(type="clip.sent_again").count()},
        "outcome unknown": {"calls": ProgressEvent.objects.filter(type="clip.outcome_unknown").count()},
        "attempts": dict(runs),
        "attempts lost": dict(lost.annotate(number=Count("*"))),
        "traps sprung": dict(sprung),
        "done": dict(counts),
    }


def verdict_show(
    console: Console, plan: Plan, numbers: Mapping[str, Mapping[str, int]], found: Sequence[Violation]
) -> None:
    """What happened, and what is wrong."""
    table = Table("what", "how often", title=f"Seed {plan.seed}, {plan.seconds:g} s", title_justify="left")
    for group, each in numbers.items():
        table.add_row(group, _told(each))
    console.print(table)
    for violation in found:
        console.print(Text(f"✗ {violation}", "red"), soft_wrap=True)
    if found:
        console.print(Text(f"{len(found)} violations. Again with: {plan.command}", "bold red"))
    else:
        console.print(Text("✓ Everything that must be true is true.", "bold green"))
