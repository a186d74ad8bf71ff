"""How much the memory of each process grew between the warmed-up beginning and the end."""

import statistics
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

from loadtests.judging.run import Run
from loadtests.watching.processes import SERVICE, TRANSIENT, Look
from loadtests.watching.watcher import LOOK_SECONDS

JUDGED = (*SERVICE, "supervisor", "postgres", "redis-queue", "redis-cache")
#: Of a process that started late or ended early, nothing can be said; backends of PostgreSQL are such.
LEAST_SHARE = 0.8
LEAST_WATCHED_PERCENT = 90
BACKEND = "postgres backend"

#: Role and name.
Key = tuple[str, str]


@dataclass(frozen=True)
class Growth:
    """In bytes; `is_judged` is false for the load generator and the watcher themselves.

    It is a share of `first`, or of `least` where that is more.
    """

    name: str
    first: float
    last: float
    least: float
    is_judged: bool

    @property
    def percent(self) -> float:
        return 100 * (self.last - self.first) / max(self.first, self.least)


def is_too_short(run: Run) -> bool:
    """Whether there is no room for two windows."""
    memory = run.budgets.memory
    return run.ended_at - run.started_at < 60 * (memory.from_minute + 2 * memory.window_minutes)


def growths(run: Run) -> list[Growth]:
    """None where the run is too short for two windows."""
    if is_too_short(run):
        return []
    first, last = (_medians(run, *window) for window in _windows(run))
    least = run.budgets.memory.least_mb * 2**20
    return [
        Growth(name, first[role, name], last[role, name], least, role in JUDGED)
        for role, name in sorted(first)
        if (role, name) in last and first[role, name]
    ]


def growth_doubts(run: Run) -> list[str]:
    """Why the growths of this run, which is long enough, say nothing about leaks."""
    doubts = []
    watched = _watched_percent(run)
    if watched < LEAST_WATCHED_PERCENT:
        doubts.append(f"only {watched:.0f} % of the run was watched")
    first, last = (_pids(run, *window) for window in _windows(run))
    doubts += [f"{name} was gone at the end" for role, name in sorted(first.keys() - last.keys())]
    changed = [name for (role, name), pids in sorted(first.items()) if last.get((role, name), pids) != pids]
    return doubts + [f"{name} was started again" for name in changed]


def _windows(run: Run) -> tuple[tuple[float, float], tuple[float, float]]:
    first_at = run.started_at + 60 * run.budgets.memory.from_minute
    seconds = 60 * run.budgets.memory.window_minutes
    return (first_at, first_at + seconds), (run.ended_at - seconds, run.ended_at)


def _watched_percent(run: Run) -> float:
    """A look that comes late is one look, also where the watcher looks several times at once after it."""
    times = [run.started_at, *(moment.at for moment in run.moments), run.ended_at]
    watched = sum(min(later - earlier, 2 * LOOK_SECONDS) for earlier, later in pairwise(times))
    return 100 * watched / (run.ended_at - run.started_at)


def _pids(run: Run, start: float, end: float) -> dict[Key, set[int]]:
    """Of the judged processes that were there nearly all the time."""
    moments = [moment for moment in run.moments if start <= moment.at < end]
    seen: dict[Key, list[int]] = defaultdict(list)
    for moment in moments:
        for look in moment.processes:
            if look.role in JUDGED and look.role not in TRANSIENT and not look.name.startswith(BACKEND):
                seen[look.role, look.name].append(look.pid)
    return {key: set(pids) for key, pids in seen.items() if len(pids) >= LEAST_SHARE * len(moments)}


def _medians(run: Run, start: float, end: float) -> dict[Key, float]:
    moments = [moment for moment in run.moments if start <= moment.at < end]
    seen: dict[Key, list[int]] = defaultdict(list)
    for moment in moments:
        backends = 0
        for look in moment.processes:
            if look.role in TRANSIENT:
                continue
            if look.name.startswith(BACKEND):
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
