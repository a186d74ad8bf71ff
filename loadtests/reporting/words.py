"""How values and limits read, the same at the terminal and on the page."""

from loadtests.judging.verdicts import Verdict
from loadtests.scenarios import Objective

METRICS = {
    "availability": "answered rightly",
    "error_rate": "error rate",
    "cpu": "CPU",
    "memory": "memory",
    "connections": "connections",
    "idle_in_transaction": "idle in transaction",
    "redis_memory": "memory",
    "success_rate": "success rate",
    "completion_p95": "p95 of the time to completion",
    "supported": "supported",
    "growth": "growth of memory",
    "capacity": "within the objectives",
}


def title(objective: Objective) -> str:
    return f"{objective.of}: {METRICS.get(objective.metric, objective.metric)}"


def amount(value: float | None, unit: str) -> str:
    """With as many digits as mean something."""
    if value is None:
        return "-"
    if value == round(value) or abs(value) >= 100:
        digits = 0 if abs(value) < 100 or unit != "%" else 2
    else:
        digits = 2 if abs(value) < 1 or unit == "%" else 1
    text = f"{value:,.{digits}f}"
    return f"{text} {unit}".strip()


def limit(objective: Objective) -> str:
    if objective.at_least is not None:
        text = f"≥ {amount(objective.at_least, objective.unit)}"
    elif objective.below is not None:
        text = f"< {amount(objective.below, objective.unit)}"
    else:
        text = f"≤ {amount(objective.at_most, objective.unit)}"
    return f"{text} (aim: {objective.target})" if objective.target else text


def level_word(verdict: Verdict) -> str:
    return {"pass": "met", "warning": "close", "fail": "missed", "not judged": "not judged"}[verdict.level]


def mebibytes(count: float) -> str:
    return f"{count / 2**20:,.1f} MiB"
