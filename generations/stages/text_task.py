"""What the stages that a text engine does have in common."""

from typing import Any

from analysis.services import CallContext, TaskResult
from generations.stages.base import StageWork

#: Shown while an answer is awaited; nobody knows how much of it has been thought.
HALF_DONE = 0.5


def context_of(work: StageWork) -> CallContext:
    """On whose behalf an engine works; its `tick` raises once the work is no longer wanted."""

    def tick() -> None:
        work.report(HALF_DONE)

    return CallContext(generation_id=work.generation.pk, ticket=str(work.run.pk), tick=tick)


def made_by(result: TaskResult[Any], *warnings: str) -> dict[str, Any]:
    """How an answer came about, for the stage's output, and what else a client should be warned of.

    `cost_usd` is text: JSON would round it.
    """
    return {
        "engine": result.engine,
        "cached": result.cached,
        "cost_usd": f"{result.cost_usd:f}",
        "warnings": [*warnings, *result.warnings],
    }
