"""Values that come from watching the stack: processor, memory, connections, outcomes."""

import statistics
from collections.abc import Callable
from typing import Final

from loadtests.judging.growth import growths
from loadtests.judging.run import Run, users_at
from loadtests.scenarios import Objective
from loadtests.watching.processes import SERVICE

MINUTE = 60
SPAN_SECONDS = 10
SUPPORTED_USERS = 5
SUPPORTED_ERROR_PERCENT = 2.0
#: What one vCPU of the seed's tasks has.
BYTES_PER_CORE = 2 * 2**30


def cpu(run: Run, of: str) -> float | None:
    """The highest minute, in per cent of all cores."""
    roles = SERVICE if of == "service" else (of,)
    each = [moment.cpu(*roles) / run.cores for moment in run.moments]
    spans = [each[start : start + MINUTE] for start in range(max(1, len(each) - MINUTE + 1))]
    return max((statistics.fmean(span) for span in spans if span), default=None)


def memory(run: Run, of: str) -> float | None:
    each = [moment.memory_by_role() for moment in run.moments]
    sums = [sum(by_role.get(role, 0) for role in SERVICE) for by_role in each]
    return 100 * max(sums) / (run.cores * BYTES_PER_CORE) if sums else None


def connections(run: Run, of: str) -> float | None:
    return max(
        (sum(moment.servers.connections.values()) for moment in run.moments if moment.servers), default=None
    )


def idle_in_transaction(run: Run, of: str) -> float | None:
    return max((moment.servers.idle_in_transaction for moment in run.moments if moment.servers), default=None)


def redis_memory(run: Run, of: str) -> float | None:
    shares = [
        100 * moment.servers.redis_bytes[of] / moment.servers.redis_limits[of]
        for moment in run.moments
        if moment.servers and moment.servers.redis_limits.get(of)
    ]
    return max(shares, default=None)


def success_rate(run: Run, of: str) -> float | None:
    if run.outcomes is None or not (ended := run.outcomes.completed + run.outcomes.failed):
        return None
    return 100 * run.outcomes.completed / ended


def completion_p95(run: Run, of: str) -> float | None:
    return run.outcomes.completion_p95 if run.outcomes else None


def supported(run: Run, of: str) -> float | None:
    """The share of spans with enough users in which hardly anything went wrong.

    The worst kind of request counts: a few polls that fail would not be seen beside all the health checks.
    """
    enough = [line["at"] for line in run.generator if users_at(line) >= SUPPORTED_USERS]
    starts = range(int(run.started_at), int(run.ended_at) - SPAN_SECONDS + 1, SPAN_SECONDS)
    good = []
    for start in starts:
        if sum(start <= at < start + SPAN_SECONDS for at in enough) < SPAN_SECONDS / 2:
            continue
        span = run.samples.requests().between(start, start + SPAN_SECONDS)
        percents = [span.of(name).error_percent for name in span.names]
        worst = max((percent for percent in percents if percent is not None), default=100.0)
        good.append(worst < SUPPORTED_ERROR_PERCENT)
    return 100 * sum(good) / len(good) if good else None


def growth(run: Run, of: str) -> float | None:
    return max((each.percent for each in growths(run) if each.is_judged), default=None)


def others(run: Run) -> float:
    """What programs that have nothing to do with the run took of the machine, in per cent."""
    each = [moment.machine_cpu - sum(moment.cpu_by_role().values()) for moment in run.moments]
    return max(0.0, statistics.fmean(each)) / run.cores if each else 0.0


VALUES: Final[dict[str, Callable[[Run, str], float | None]]] = {
    function.__name__: function
    for function in (
        cpu,
        memory,
        connections,
        idle_in_transaction,
        redis_memory,
        success_rate,
        completion_p95,
        supported,
        growth,
    )
}


def resource_value(objective: Objective, run: Run) -> float | None:
    return VALUES[objective.metric](run, objective.of)
