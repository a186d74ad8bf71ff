"""OpenAI's Responses API, the one that OpenAI recommends, and the only one that all its models have."""

from typing import Any

import openai
from pydantic import BaseModel, field_validator

from analysis.engines.openai.client import openai_client, timeout_of
from analysis.engines.openai.envelope import envelope_of, reply_of, usage_of
from analysis.engines.openai.failures import failed, failures_typed, malformed, refused, truncated
from analysis.engines.openai.guard import ticking
from analysis.engines.openai.wire import Question, Reply
from videogen.kernel.waiting import Tick


class _Part(BaseModel):
    type: str
    text: str = ""


class _Message(BaseModel):
    content: list[_Part]


class _Reason(BaseModel):
    reason: str | None = None


class _Error(BaseModel):
    code: str | None = None


class _Envelope(BaseModel):
    status: str | None = None
    error: _Error | None = None
    incomplete_details: _Reason | None = None
    output: list[_Message]
    usage: Any = None

    @field_validator("output", mode="before")
    @classmethod
    def _messages_only(cls, items: Any) -> Any:
        """Leave out what the model thought and did besides."""
        if not isinstance(items, list):
            return items
        return [item for item in items if isinstance(item, dict) and item.get("type") == "message"]

    def parts(self, kind: str) -> list[str]:
        return [part.text for message in self.output for part in message.content if part.type == kind]


class ResponsesTransport:
    """`POST /responses`, with strict structured output, and nothing stored at OpenAI."""

    name = "responses"

    def send(self, question: Question, *, timeout_seconds: float, tick: Tick) -> Reply:
        """See `Transport`."""
        with ticking(tick), failures_typed(turn.text for turn in question.turns):
            raw = openai_client().responses.with_raw_response.create(
                **self.body(question), timeout=timeout_of(timeout_seconds)
            )
        response = raw.http_response
        envelope = envelope_of(response, _Envelope)
        usage = usage_of(envelope.usage, given="input_tokens", written="output_tokens")
        if envelope.error:
            raise failed(response, usage, envelope.error.code or "")
        reason = envelope.incomplete_details and envelope.incomplete_details.reason
        # Before any text is read: what was cut off may look whole.
        if reason == "content_filter" or envelope.parts("refusal"):
            raise refused(response, usage)
        if reason == "max_output_tokens":
            raise truncated(response, usage, limit=question.max_output_tokens)
        if envelope.status not in ("completed", None):
            raise malformed("The server answered before the answer was complete.", response)
        return reply_of(response, "".join(envelope.parts("output_text")), usage)

    def body(self, question: Question) -> dict[str, Any]:
        """What is sent."""
        form = {
            "type": "json_schema",
            "name": question.schema_name,
            "schema": dict(question.schema),
            "strict": True,
        }
        return {
            "model": question.model,
            "instructions": question.instructions,
            "input": [{"role": turn.role, "content": turn.text} for turn in question.turns],
            "text": {"format": form},
            "max_output_tokens": question.max_output_tokens,
            "store": False,
            "reasoning": {"effort": question.effort} if question.effort else openai.omit,
        }
