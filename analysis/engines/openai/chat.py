"""Chat Completions, the protocol that vLLM, Ollama, llama.cpp, LiteLLM and most gateways speak."""

from typing import Any
from urllib.parse import urlsplit

import openai
from django.conf import settings
from pydantic import BaseModel, Field

from analysis.engines.openai.client import OPENAI_URL, openai_client, timeout_of
from analysis.engines.openai.envelope import envelope_of, reply_of, usage_of
from analysis.engines.openai.failures import failures_typed, refused, truncated
from analysis.engines.openai.guard import ticking
from analysis.engines.openai.wire import Question, Reply
from videogen.kernel.waiting import Tick

#: Where the models are OpenAI's own.
OPENAI_HOSTS = ("openai.com", "azure.com")


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message | None = None
    finish_reason: str | None = None


class _Envelope(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: Any = None


class ChatTransport:
    """`POST /chat/completions`, with structured output by `response_format`."""

    name = "chat"

    def send(self, question: Question, *, timeout_seconds: float, tick: Tick) -> Reply:
        """See `Transport`."""
        with ticking(tick), failures_typed(turn.text for turn in question.turns):
            raw = openai_client().chat.completions.with_raw_response.create(
                **self.body(question), timeout=timeout_of(timeout_seconds)
            )
        response = raw.http_response
        envelope = envelope_of(response, _Envelope)
        choice = envelope.choices[0]
        message = choice.message or _Message()
        usage = usage_of(envelope.usage, given="prompt_tokens", written="completion_tokens")
        # Before any text is read: what was cut off may look whole.
        if choice.finish_reason == "content_filter" or message.refusal:
            raise refused(response, usage)
        if choice.finish_reason == "length":
            raise truncated(response, usage, limit=question.max_output_tokens)
        return reply_of(response, message.content or "", usage)

    def body(self, question: Question) -> dict[str, Any]:
        """What is sent. The instructions are a `system` message.

        OpenAI reads that as `developer`, and the templates of open models know no other.
        """
        form = {"name": question.schema_name, "schema": dict(question.schema), "strict": True}
        turns = [{"role": turn.role, "content": turn.text} for turn in question.turns]
        return {
            "model": question.model,
            "messages": [{"role": "system", "content": question.instructions}, *turns],
            "response_format": {"type": "json_schema", "json_schema": form},
            "reasoning_effort": question.effort or openai.omit,
            **_dialect(question.max_output_tokens),
        }


def _dialect(max_tokens: int) -> dict[str, Any]:
    """The limit of tokens as the server calls it, and nothing stored where it would be.

    OpenAI's reasoning models refuse `max_tokens`. Ollama and llama-cpp-python take the new name in
    silence and know no limit then (ollama/ollama#7125, abetlen/llama-cpp-python#1907); every
    compatible server knows the old one. Both together are refused by OpenAI.
    """
    host = urlsplit(settings.OPENAI_BASE_URL or OPENAI_URL).hostname or ""
    if any(host == name or host.endswith(f".{name}") for name in OPENAI_HOSTS):
        return {"max_completion_tokens": max_tokens, "store": False}
    return {"max_tokens": max_tokens}
