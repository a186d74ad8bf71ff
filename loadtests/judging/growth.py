"""How much the memory of each process grew between the warmed-up beginning and the end."""

import statistics
from collections import defaultdict
from dataclasses import dataclass

from loadtests.judging.run import Run
from loadtests.watching.processes import SERVICE, TRANSIENT, Look

JUDGED = (*SERVICE, "supervisor", "postgres", "redis-queue", "redis-cache")
#: Of a process that started late or ended early, nothing can be said; backends of PostgreSQL are such.
LEAST_SHARE = 0.8


@dataclass(frozen=True)
class Growth:
    """In bytes; `is_judged` is false for the load generator and the watcher themselves."""

    name: str
    first: float
    last: float
    is_judged: bool

    @property
    def percent(self) -> float:
        return 100 * (self.last / self.first - 1)


def growths(run: Run) -> list[Growth]:
    """None where the run is too short for two windows."""
    first_at = run.started_at + 60 * run.budgets.memory.from_minute
    window = 60 * run.budgets.memory.window_minutes
    last_at = run.ended_at - window
    if last_at < first_at + window:
        return []
    first = _medians(run, first_at, first_at + window)
    last = _medians(run, last_at, run.ended_at)
    return [
        Growth(name, first[role, name], last[role, name], role in JUDGED)
        for role, name in sorted(first)
        if (role, name) in last and first[role, name]
    ]


def _medians(run: Run, start: float, end: float) -> dict[tuple[str, str], float]:
    moments = [moment for moment in run.moments if start <= moment.at < end]
    seen: dict[tuple[str, str], list[int]] = defaultdict(list)
    for moment in moments:
        backends = 0
        for look in moment.processes:
            if look.role in TRANSIENT:
                continue
            if look.name.startswith("postgres backend"):
                backends += look.uss
            else:
                seen[look.role, look.name].append(_bytes(look))
        if backends:
            seen["postgres", "postgres backends together"].append(backends)
    return {
        key: statistics.median(values)
        for key, values in seen.items()
        if len(values) >= LEAST_SHARE * len(moments)
    }


def _bytes(look: Look) -> int:
    """Resident memory; of PostgreSQL the private part, as its processes share buffers that fill up."""
    return look.uss if look.role == "postgres" else look.rss
