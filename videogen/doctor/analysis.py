"""The text tasks: which engine and models do them, what those cost, and what their server says."""

from collections.abc import Iterator
from datetime import date
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from pydantic import BaseModel

from analysis.checks import tasks_by_model, variables_of
from analysis.engines.openai.calls import subject_of
from analysis.engines.openai.client import OPENAI_URL, openai_client, timeout_of
from analysis.engines.openai.envelope import envelope_of
from analysis.engines.openai.failures import failures_typed
from analysis.engines.openai.wire import CallFailed
from analysis.language_models import facts_of
from analysis.services import engine_name
from videogen.doctor.finding import Finding, broken, ok, warning
from videogen.kernel.admin.formatting import count, price, words
from videogen.kernel.breaker import breaker_state
from videogen.kernel.quota import QuotaState, quota_state

SECONDS = 5.0
#: So many of the server's models are named where a configured one is not among them.
NAMED = 6


class _Model(BaseModel):
    id: str
    shutdown_date: date | None = None


class _Models(BaseModel):
    data: list[_Model]


def text_tasks() -> Iterator[Finding]:
    """Who does the text tasks, and at what price. What is wrong with a model is among the system checks."""
    if engine_name() == "local":
        yield ok("Text tasks", "the built-in engine does them, for free")
        return
    try:
        for model, tasks in tasks_by_model().items():
            yield ok("Text tasks", f"{', '.join(map(words, tasks))}: {model}, {price_said(model)}")
    except ImproperlyConfigured as error:
        yield broken("Text tasks", str(error), "Correct the file, or unset OPENAI_MODELS_FILE.")


def price_said(model: str) -> str:
    """What a model costs, and how old that knowledge is."""
    facts = facts_of(model)
    if facts is None or facts.price is None:
        return "whose price is not known"
    said = f"{price(facts.price.input_usd)} in, {price(facts.price.output_usd)} out for a million tokens"
    return said + (f" (read on {facts.as_of})" if facts.as_of else "")


def language_model_server() -> Iterator[Finding]:
    """Asks the server for its list of models, which costs nothing."""
    if engine_name() != "openai":
        return
    place = urlsplit(settings.OPENAI_BASE_URL or OPENAI_URL)
    name = f"{place.hostname}:{place.port}" if place.port else str(place.hostname)
    try:
        listed = _models_listed()
    except CallFailed as failure:
        yield broken("Text server", f"{name}: {failure.error}", failure.error.hint)
        return
    yield ok("Text server", f"{name} answers, and lists {len(listed)} models")
    yield from _configured_models(listed)


def _models_listed() -> dict[str, date | None]:
    """The ids that the server has, and when each is shut down. Raises `CallFailed`."""
    with failures_typed(()):
        raw = openai_client().models.with_raw_response.list(timeout=timeout_of(SECONDS))
    return {model.id: model.shutdown_date for model in envelope_of(raw.http_response, _Models).data}


def _configured_models(listed: dict[str, date | None]) -> Iterator[Finding]:
    for model, tasks in _models_in_use().items():
        if model not in listed:
            has = ", ".join(sorted(listed)[:NAMED]) or "none"
            advice = f"Set {variables_of(tasks)} to a model that it has, such as {has}."
            yield broken("Text server", f"it has no model {model}", advice)
        elif shutdown := listed[model]:
            report = broken if shutdown <= timezone.now().date() else warning
            advice = f"Set {variables_of(tasks)} to another model before that day."
            yield report("Text server", f"it shuts {model} down on {shutdown}", advice)


def limits() -> Iterator[Finding]:
    """Which models are left alone at this moment, and how busy the others are. Redis knows."""
    if engine_name() != "openai":
        return
    for model in _models_in_use():
        breaker, quota = breaker_state(subject_of(model)), quota_state(subject_of(model))
        if breaker.state != "closed":
            advice = "It is tried again by itself. The ledger in the admin has the errors."
            yield warning(
                "Text limits", f"{model} fails, and is left alone for {breaker.seconds:.0f} s", advice
            )
        elif quota.paused_seconds:
            advice = "The server asked for it. A higher limit there makes it rarer; so does another model."
            yield warning("Text limits", f"{model} is paused for {quota.paused_seconds:.0f} s", advice)
        else:
            yield ok("Text limits", f"{model}: {_limits_said(quota)}")


def _models_in_use() -> dict[str, list[str]]:
    """The models and their tasks; none where the file of models is broken, which `text_tasks` tells."""
    try:
        return tasks_by_model()
    except ImproperlyConfigured:
        return {}


def _limits_said(quota: QuotaState) -> str:
    per_minute = {"requests": quota.requests_per_minute, "tokens": quota.tokens_per_minute}
    known = [f"{count(number)} {name}" for name, number in per_minute.items() if number]
    allowed = f"{' and '.join(known)} a minute" if known else "no limits known yet"
    return f"{allowed}, {quota.in_flight} at work, {quota.waiting} waiting"


CONFIGURED = (text_tasks,)
REACHABLE = (language_model_server, limits)
