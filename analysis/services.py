"""The text tasks, done by the engine that the settings choose.

Each returns a `TaskResult`: the validated answer, and what it took to get it. Another engine steps
in only where ANALYSIS_FALLBACK asks for it, and then the result's `warnings` say so.
"""

import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

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
from analysis.engines.base import ANYBODY, AnalysisEngine, Value
from analysis.engines.base import CallContext as CallContext
from analysis.engines.base import TaskResult as TaskResult
from analysis.engines.local.engine import LocalEngine
from analysis.errors import AnalysisError, EngineFailed, Unsafe
from videogen.kernel.errors import DomainError, Postponed

logger = logging.getLogger(__name__)

#: What ANALYSIS_ENGINE may say, beside `auto`. Each is loaded when it is first asked for.
ENGINES = {
    "local": "analysis.engines.local.engine.LocalEngine",
    "openai": "analysis.engines.openai.engine.OpenAIEngine",
}

#: The code of `Postponed` while a server is left alone because it fails.
BREAKER_OPEN = "breaker.open"

Task = Callable[[AnalysisEngine], TaskResult[Value]]


def engine_name() -> str:
    """The engine in use. `auto` takes `openai` where a key or a server is configured."""
    if settings.ANALYSIS_ENGINE != "auto":
        return str(settings.ANALYSIS_ENGINE)
    return "openai" if settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL else "local"


def engine_prepare() -> None:
    """Load the engine in use, so that processes that are forked later need not."""
    _engine(engine_name()).prepare()


def prompt_analyse(*, request: PromptInput, context: CallContext = ANYBODY) -> TaskResult[PromptAnalysis]:
    """Read the prompt: subject, place, light, weather, mood, palette, camera and pacing."""
    return _done_by("prompt_analysis", lambda engine: engine.prompt_analysis(request, context))


def brand_analyse(
    *, brand: BrandInput, request: PromptInput, context: CallContext = ANYBODY
) -> TaskResult[BrandAnalysis]:
    """Read the brand: a whole palette, a mood, a closing line, what to avoid."""
    return _done_by("brand_analysis", lambda engine: engine.brand_analysis(brand, request, context))


def micro_prompts_write(
    *, request: StoryboardInput, context: CallContext = ANYBODY
) -> TaskResult[Storyboard]:
    """Plan the scenes, and write one micro-prompt for each."""
    return _done_by("micro_prompts", lambda engine: engine.micro_prompts(request, context))


def edit_classify(*, request: EditInput, context: CallContext = ANYBODY) -> TaskResult[EditClassification]:
    """Say what an instruction changes. What cannot be understood is `unclear`, never guessed."""
    return _done_by("edit_classification", lambda engine: engine.edit_classification(request, context))


def texts_moderate(*, texts: list[str], part: str, context: CallContext = ANYBODY) -> tuple[str, ...]:
    """Raise `Unsafe` where moderation blocks one of the texts; `part` is `input` or `output`.

    Does nothing where the engine offers no moderation, or the settings turn it off. Where it cannot be
    known, raises `EngineFailed` or `Postponed`; with ANALYSIS_FALLBACK answers a warning instead.
    """
    if settings.MODERATION == "off":
        return ()
    try:
        blocked = _engine(engine_name()).moderation([text for text in texts if text.strip()], context)
    except (EngineFailed, Postponed) as failure:
        if not _may_step_in(failure):
            raise
        logger.warning("Moderation by %s failed, nobody looked: %s", engine_name(), failure)
        return (f"Moderation was skipped, because {engine_name()} failed ({failure.code}).",)
    if blocked:
        what = "This request" if part == "input" else "What was written for this request"
        message = f"{what} was blocked by moderation: {blocked[0].replace('_', ' ')}."
        raise Unsafe(message, code=f"safety.{part}.{blocked[0]}")
    return ()


def storyboard_sketch(*, request: PromptInput, brand: BrandInput | None = None, seed: int = 0) -> Storyboard:
    """What the storyboard may look like, by the local engine: free, quick, and not what will be made."""
    local = LocalEngine()
    branded = local.brand_analysis(brand, request, ANYBODY).value if brand else None
    analysed = local.prompt_analysis(request, ANYBODY).value
    asked = StoryboardInput(request=request, analysis=analysed, brand=branded, seed=seed)
    return local.micro_prompts(asked, ANYBODY).value


def _done_by(task: str, do: Task[Value]) -> TaskResult[Value]:
    name = engine_name()
    try:
        return do(_engine(name))
    except (EngineFailed, Postponed) as failure:
        if not _may_step_in(failure):
            raise
        logger.warning("%s by %s failed, %s does it: %s", task, name, settings.ANALYSIS_FALLBACK, failure)
        return _by_fallback(task, do, failure)


def _may_step_in(failure: DomainError) -> bool:
    """Whether the fallback may do what failed; not where it was only too early to ask."""
    waits_for_its_turn = isinstance(failure, Postponed) and failure.code != BREAKER_OPEN
    return settings.ANALYSIS_FALLBACK not in {"", engine_name()} and not waits_for_its_turn


def _by_fallback(task: str, do: Task[Value], failure: DomainError) -> TaskResult[Value]:
    result = do(_engine(settings.ANALYSIS_FALLBACK))
    warning = (
        f"{task} was done by the {result.engine} engine, because {engine_name()} failed ({failure.code})."
    )
    return TaskResult(result.value, result.engine, warnings=(*result.warnings, warning))


@cache
def _engine(name: str) -> AnalysisEngine:
    if name not in ENGINES:
        message = f"ANALYSIS_ENGINE is {name!r}; it can be auto, {' or '.join(ENGINES)}."
        raise AnalysisError(message, code="analysis.engine_unknown")
    engine: AnalysisEngine = import_string(ENGINES[name])()
    return engine
