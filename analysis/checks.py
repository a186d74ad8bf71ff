"""Warnings about language models that are configured, before one of them fails a customer."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone

from analysis.language_models import TASKS, ModelFacts, facts_of, model_of
from analysis.services import engine_name

#: So long before a shutdown is it time to choose another model.
NOTICE = timedelta(days=90)
#: The categories that MODERATION_ALLOW may name.
CATEGORIES = {"violence", "sexual", "hate", "harassment", "self_harm", "illicit"}


def analysis_check(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Everything about the engine in use that may go wrong, or be more expensive than it looks."""
    if settings.ANALYSIS_FALLBACK and engine_name() == settings.ANALYSIS_FALLBACK:
        return [_fallback_is_itself()]
    if engine_name() != "openai":
        return []
    try:
        return [*_access(), *_models(), *_moderation()]
    except ImproperlyConfigured as error:
        return [Error(str(error), id="analysis.E001", hint="Correct the file, or unset OPENAI_MODELS_FILE.")]


def _access() -> Iterator[CheckMessage]:
    if not (settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL):
        yield Warning(
            "ANALYSIS_ENGINE is 'openai', and there is neither a key nor a server.",
            id="analysis.W007",
            hint="Set OPENAI_API_KEY or OPENAI_BASE_URL.",
        )


def tasks_by_model() -> dict[str, list[str]]:
    """The models in use, and what each does."""
    used: dict[str, list[str]] = {}
    for task in TASKS:
        used.setdefault(model_of(task), []).append(task)
    return used


def _models() -> Iterator[CheckMessage]:
    today = timezone.now().date()
    for model, tasks in tasks_by_model().items():
        facts = facts_of(model) or ModelFacts()
        yield from _shutdown(model, tasks, facts, today)
        if facts.price is None and not is_shut_down(facts, today):
            yield _priceless(model)
        yield from _effort(model, facts)


def is_shut_down(facts: ModelFacts, today: date) -> bool:
    """Whether the model answers no more."""
    return facts.shutdown_on is not None and facts.shutdown_on <= today


def variables_of(tasks: Sequence[str]) -> str:
    """Where the model for these tasks is set."""
    everything = len(tasks) == len(TASKS)
    return "OPENAI_MODEL" if everything else " and ".join(f"OPENAI_MODEL_{task.upper()}" for task in tasks)


def _shutdown(model: str, tasks: Sequence[str], facts: ModelFacts, today: date) -> Iterator[CheckMessage]:
    if facts.shutdown_on is None:
        return
    hint = f"Set {variables_of(tasks)} to {facts.replacement or 'another model'}."
    if is_shut_down(facts, today):
        yield Warning(f"{model} was shut down on {facts.shutdown_on}.", id="analysis.W001", hint=hint)
    elif facts.shutdown_on <= today + NOTICE:
        yield Warning(f"{model} will be shut down on {facts.shutdown_on}.", id="analysis.W002", hint=hint)


def _priceless(model: str) -> CheckMessage:
    message = f"{model} has no known price, so its calls count as free."
    hint = (
        "Give its input_usd and output_usd, 0 if it is free, in a file that OPENAI_MODELS_FILE names; "
        "analysis/language_models.toml shows the form."
    )
    return Warning(message, id="analysis.W003", hint=hint)


def _effort(model: str, facts: ModelFacts) -> Iterator[CheckMessage]:
    effort, efforts = settings.OPENAI_REASONING_EFFORT, facts.reasoning_efforts
    if effort and efforts is not None and effort not in efforts:
        message = f"OPENAI_REASONING_EFFORT is {effort!r}, which {model} does not support."
        can = f"It can be {', '.join(efforts)}" if efforts else "It does not reason"
        yield Warning(message, id="analysis.W004", hint=f"{can}. Unset it to have what suits each model.")


def _moderation() -> Iterator[CheckMessage]:
    if unknown := sorted(set(settings.MODERATION_ALLOW) - CATEGORIES):
        yield Warning(
            f"MODERATION_ALLOW names what is no category: {', '.join(unknown)}.",
            id="analysis.W005",
            hint=f"Categories are {', '.join(sorted(CATEGORIES))}.",
        )


def _fallback_is_itself() -> CheckMessage:
    return Warning(
        f"ANALYSIS_FALLBACK is {settings.ANALYSIS_FALLBACK!r}, the engine that is in use.",
        id="analysis.W006",
        hint="Unset ANALYSIS_FALLBACK, or set OPENAI_API_KEY or OPENAI_BASE_URL.",
    )
