"""Values that come from response times and errors alone."""

from loadtests.samples import Samples
from loadtests.scenarios import Objective

ALL = "all requests"
WEBSOCKET = "WS /ws/generations"


def latency_value(objective: Objective, samples: Samples) -> float | None:
    """None where nothing was measured."""
    chosen = samples.requests() if objective.of == ALL else samples.of(objective.of)
    if objective.metric in ("p50", "p95", "p99"):
        return chosen.percentile(float(objective.metric[1:]))
    errors = chosen.error_percent
    if errors is None:
        # A subscription counts when it ends; where workers have a backlog, none may have ended yet.
        return 100.0 if objective.of == WEBSOCKET else None
    return errors if objective.metric == "error_rate" else 100 - errors
