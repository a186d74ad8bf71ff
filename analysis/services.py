"""The four text tasks, done by the engine that the settings choose.

Each returns a `TaskResult`: the validated answer, and what it took to get it.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, TypeVar

from django.conf import settings

from analysis.contracts import (
    BrandAnalysis,
    BrandInput,
    EditClassification,
    EditInput,
    PromptAnalysis,
    PromptInput,
    Storyboard,
    StoryboardInput,
)
from analysis.engines.base import AnalysisEngine
from analysis.engines.local.engine import LocalEngine
from analysis.errors import AnalysisError

Value = TypeVar("Value")

#: What ANALYSIS_ENGINE may say. `auto` takes the best engine that can work here.
ENGINES: dict[str, AnalysisEngine] = {"auto": LocalEngine(), "local": LocalEngine()}


@dataclass(frozen=True)
class TaskResult(Generic[Value]):
    """The answer to one task. `engine` says who gave it; `warnings` are for the client."""

    value: Value
    engine: str
    cost_usd: Decimal = Decimal(0)
    warnings: tuple[str, ...] = ()


def prompt_analyse(*, request: PromptInput) -> TaskResult[PromptAnalysis]:
    """Read the prompt: subject, place, light, weather, mood, palette, camera and pacing."""
    engine = _engine()
    return TaskResult(value=engine.prompt_analysis(request), engine=engine.name)


def brand_analyse(*, brand: BrandInput, request: PromptInput) -> TaskResult[BrandAnalysis]:
    """Read the brand: a whole palette, a mood, a closing line, what to avoid."""
    engine = _engine()
    return TaskResult(value=engine.brand_analysis(brand, request), engine=engine.name)


def micro_prompts_write(*, request: StoryboardInput) -> TaskResult[Storyboard]:
    """Plan the scenes, and write one micro-prompt for each."""
    engine = _engine()
    return TaskResult(value=engine.micro_prompts(request), engine=engine.name)


def edit_classify(*, request: EditInput) -> TaskResult[EditClassification]:
    """Say what an instruction changes. What cannot be understood is `unclear`, never guessed."""
    engine = _engine()
    return TaskResult(value=engine.edit_classification(request), engine=engine.name)


def _engine() -> AnalysisEngine:
    try:
        return ENGINES[settings.ANALYSIS_ENGINE]
    except KeyError:
        raise AnalysisError(
            f"ANALYSIS_ENGINE is {settings.ANALYSIS_ENGINE!r}; it can be {' or '.join(ENGINES)}.",
            code="analysis.engine_unknown",
        ) from None
