"""The engine that asks a language model: looks for the answer that was given before, else asks once."""

import hashlib
import json
from contextlib import suppress
from typing import Any

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
from analysis.engines.base import CallContext, TaskResult
from analysis.engines.local.vocabulary import vocabulary
from analysis.engines.openai.calls import LedgerCaller, cached_record
from analysis.engines.openai.client import openai_client
from analysis.engines.openai.conversation import Input, Value, answer
from analysis.engines.openai.remembered import answer_once
from analysis.engines.openai.resuming import ResumingCaller
from analysis.engines.openai.tasks import (
    BRAND_ANALYSIS,
    EDIT_CLASSIFICATION,
    MICRO_PROMPTS,
    PROMPT_ANALYSIS,
    BrandRequest,
    Task,
)
from analysis.engines.openai.transport import transport_chosen
from analysis.engines.openai.verdicts import verdict
from analysis.engines.openai.wire import CallFailed
from analysis.language_models import effort_of, model_of


class OpenAIEngine:
    """An `AnalysisEngine` on OpenAI, or on any server that speaks its protocol."""

    name = "openai"

    def prepare(self) -> None:
        """See `AnalysisEngine`. A key that cannot be one is refused by the first task, not here."""
        vocabulary()  # The checks of an answer's language read it.
        with suppress(CallFailed):
            client = openai_client()
            # The package imports each of these when it is first named.
            _ = client.responses, client.chat.completions, client.moderations

    def prompt_analysis(self, request: PromptInput, context: CallContext) -> TaskResult[PromptAnalysis]:
        """See `AnalysisEngine`."""
        return self._done(PROMPT_ANALYSIS, request, context)

    def brand_analysis(
        self, brand: BrandInput, request: PromptInput, context: CallContext
    ) -> TaskResult[BrandAnalysis]:
        """See `AnalysisEngine`."""
        return self._done(BRAND_ANALYSIS, BrandRequest(brand, request), context)

    def micro_prompts(self, request: StoryboardInput, context: CallContext) -> TaskResult[Storyboard]:
        """See `AnalysisEngine`. The seed is not the model's concern: it changes pictures, not words."""
        return self._done(MICRO_PROMPTS, request, context)

    def edit_classification(self, edit: EditInput, context: CallContext) -> TaskResult[EditClassification]:
        """See `AnalysisEngine`."""
        return self._done(EDIT_CLASSIFICATION, edit, context)

    def moderation(self, texts: list[str], context: CallContext) -> list[str]:
        """See `AnalysisEngine`."""
        return verdict(texts, context)

    def _done(self, task: Task[Input, Value], asked: Input, context: CallContext) -> TaskResult[Value]:
        model, effort = model_of(task.name), effort_of(model_of(task.name))
        caller = LedgerCaller(transport_chosen(), context)

        def ask() -> str:
            resuming = ResumingCaller(caller, context.ticket)
            return answer(task, asked, caller=resuming, model=model, effort=effort).model_dump_json()

        found = answer_once(_key(task, asked, model, effort), ask, tick=context.tick)
        if found.cached:
            cached_record(task=task.name, model=model, version=task.prompt.version, context=context)
        return TaskResult(
            task.value.model_validate_json(found.value), self.name, caller.cost_usd, cached=found.cached
        )


def _key(task: Task[Any, Any], asked: Any, model: str, effort: str) -> str:
    """The same for two requests exactly when the same server's model would be asked the same.

    The forms are part of it: an answer that an earlier release kept may be no `Value` of this one.
    """
    made_from = [
        *(settings.OPENAI_BASE_URL, model, effort),
        *(task.name, task.prompt.version, task.schema, task.value_schema, task.cache_payload(asked)),
    ]
    digest = hashlib.sha256(json.dumps(made_from, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return f"{task.name}:{digest}"
