"""What a run's plots show, in at most so many points a line."""

import statistics
from collections.abc import Callable, Iterator, Mapping

from loadtests.judging.run import Run, users_at
from loadtests.reporting.plots import Plot, Points
from loadtests.samples import DELIVERY, ENDPOINTS, Samples
from loadtests.watching.servers import ServerLook
from loadtests.watching.watcher import Moment

MOST_POINTS = 120
MEBIBYTE = 2**20


def plots(run: Run) -> Iterator[Plot]:
    """Those that there is something to show in."""
    for plot in [*_load(run), *_latencies(run), *(_resources(run) if run.moments else [])]:
        lines = {name: points for name, points in plot.lines.items() if len(points[0])}
        if lines:
            yield Plot(plot.title, plot.unit, lines, plot.limit, plot.note)


def _load(run: Run) -> Iterator[Plot]:
    at = [(line["at"] - run.started_at) / 60 for line in run.generator]
    subscribers = [line["users"].get("SubscribingUser", 0) for line in run.generator]
    users = {
        "users": (at, [users_at(line) for line in run.generator]),
        "subscribers": (at, subscribers),
    }
    yield Plot("Users", "users", {name: thinned(points) for name, points in users.items()})
    rates = {"all": run.samples.requests(), **{name: run.samples.of(name) for name in ENDPOINTS}}
    yield Plot(
        "Requests",
        "per second",
        {name: binned(run, its, lambda part, s: len(part) / s) for name, its in rates.items()},
    )
    errors = binned(run, run.samples.requests(), lambda part, s: part.errors / s)
    yield Plot("Errors", "per second", {"errors": errors})
    cpu = [line["cpu_percent"] for line in run.generator]
    lag = [line["lag_p95_ms"] for line in run.generator]
    yield Plot(
        "Load generator: CPU", "% of a core", {"CPU": thinned((at, cpu))}, run.budgets.generator.cpu_percent
    )
    yield Plot(
        "Load generator: lag", "ms", {"late by, p95": thinned((at, lag))}, run.budgets.generator.lag_p95_ms
    )


def _latencies(run: Run) -> Iterator[Plot]:
    for name in (*ENDPOINTS, DELIVERY):
        chosen = run.samples.of(name)
        lines = {f"p{p}": binned(run, chosen, _percentile(p)) for p in (50, 95, 99)}
        limits = [each.below for each in run.budgets.objectives if (each.of, each.metric) == (name, "p95")]
        title = "WebSocket delivery" if name == DELIVERY else name
        yield Plot(title, "ms", lines, limits[0], f"Limit of p95: {limits[0]:.0f} ms")


def _percentile(percent: int) -> Callable[[Samples, float], float | None]:
    return lambda part, seconds: part.percentile(percent)


def _resources(run: Run) -> Iterator[Plot]:
    cpu = by_name(run, lambda moment: moment.cpu_by_role())
    yield Plot("CPU by role", "% of a core", cpu)
    machine = by_name(
        run,
        lambda moment: {
            "all programs": moment.machine_cpu,
            "this load test": sum(moment.cpu_by_role().values()),
        },
    )
    yield Plot("CPU of the machine", "% of a core", machine, 100.0 * run.cores)
    memory = by_name(run, lambda moment: in_mebibytes(moment.memory_by_role()))
    note = "Shared pages are divided among those who share them (PSS)."
    yield Plot("Memory by role", "MiB", memory, note=note)
    yield Plot(
        "Database connections", "connections", by_name(run, lambda moment: servers(moment).connections)
    )
    yield Plot("Redis memory", "MiB", by_name(run, lambda moment: in_mebibytes(servers(moment).redis_bytes)))
    unfinished = by_name(run, lambda moment: {"unfinished": servers(moment).unfinished})
    yield Plot("Unfinished generations", "generations", unfinished)


def servers(moment: Moment) -> ServerLook:
    return moment.servers or ServerLook({}, 0.0, 0)


def in_mebibytes(counts: Mapping[str, int]) -> dict[str, float]:
    return {name: count / MEBIBYTE for name, count in counts.items()}


def by_name(run: Run, values: Callable[[Moment], Mapping[str, float]]) -> dict[str, Points]:
    """A line for each name that ever was; nothing counts as 0."""
    at = [(moment.at - run.started_at) / 60 for moment in run.moments]
    each = [values(moment) for moment in run.moments]
    names = sorted({name for found in each for name in found})
    return {name: thinned((at, [found.get(name, 0.0) for found in each])) for name in names}


def thinned(points: Points) -> Points:
    """Means of neighbours, where there are more points than can be seen."""
    x, y = points
    size = -(-len(x) // MOST_POINTS) or 1
    starts = range(0, len(x), size)
    return (
        [statistics.fmean(x[start : start + size]) for start in starts],
        [statistics.fmean(y[start : start + size]) for start in starts],
    )


def binned(run: Run, samples: Samples, value: Callable[[Samples, float], float | None]) -> Points:
    """One value for each span of time; none where a span has nothing to say."""
    seconds = max(1.0, (run.ended_at - run.started_at) / MOST_POINTS)
    x: list[float] = []
    y: list[float] = []
    start = run.started_at
    while start + seconds <= run.ended_at + 0.001:
        found = value(samples.between(start, start + seconds), seconds)
        if found is not None:
            x.append((start + seconds / 2 - run.started_at) / 60)
            y.append(found)
        start += seconds
    return x, y
