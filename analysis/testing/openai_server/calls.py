"""Both protocols, read and written: what was asked, and the JSON that answers it."""

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from analysis.testing.openai_server.schemas import Schema, strict_problem
from analysis.testing.openai_server.usage import Counted

Ending = Literal["complete", "truncated", "refusal", "content_filter"]
REFUSAL = "I'm sorry, but I can't help with that."


class BadCall(Exception):
    """A request that OpenAI would answer with 400; `param` is the field to blame."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True)
class Call:
    """What a model is asked, whichever the protocol. `data` is the JSON of the first user turn."""

    protocol: Literal["responses", "chat"]
    model: str
    task: str
    schema: Schema
    data: Any
    prompt: str
    max_tokens: int
    effort: str


@dataclass(frozen=True)
class Written:
    """What the model wrote, and how it came to an end."""

    text: str
    ending: Ending
    counted: Counted


def call_of(path: str, body: Any) -> Call:
    """The call that a body of `/v1/responses` or `/v1/chat/completions` makes. Raises BadCall."""
    if not isinstance(body, dict):
        raise BadCall("The body is not a JSON object.", "")
    return _responses_call(body) if path == "/v1/responses" else _chat_call(body)


def envelope_of(call: Call, written: Written) -> dict[str, Any]:
    """The body of the answer."""
    return _response(call, written) if call.protocol == "responses" else _completion(call, written)


def _responses_call(body: Mapping[str, Any]) -> Call:
    form = body.get("text", {}).get("format", {})
    said = body.get("input")
    messages = _messages([{"role": "user", "content": said}] if isinstance(said, str) else said, "input")
    return Call(
        protocol="responses",
        model=_model(body),
        task=_task(form, "text.format"),
        schema=form["schema"],
        data=_data(messages),
        prompt=_prompt([{"content": body.get("instructions")}, *messages], form),
        max_tokens=body.get("max_output_tokens") or 0,
        effort=(body.get("reasoning") or {}).get("effort") or "",
    )


def _chat_call(body: Mapping[str, Any]) -> Call:
    form = body.get("response_format", {})
    if form.get("type") == "json_schema":
        form = {"type": "json_schema", **form.get("json_schema", {})}
    if "max_tokens" in body and "max_completion_tokens" in body:
        raise BadCall("Setting both 'max_tokens' and 'max_completion_tokens' is not supported.", "max_tokens")
    messages = _messages(body.get("messages"), "messages")
    return Call(
        protocol="chat",
        model=_model(body),
        task=_task(form, "response_format"),
        schema=form["schema"],
        data=_data(messages),
        prompt=_prompt(messages, form),
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens") or 0,
        effort=body.get("reasoning_effort") or "",
    )


def _model(body: Mapping[str, Any]) -> str:
    if not isinstance(body.get("model"), str):
        raise BadCall("Missing required parameter: 'model'.", "model")
    return str(body["model"])


def _task(form: Mapping[str, Any], param: str) -> str:
    if form.get("type") != "json_schema" or form.get("strict") is not True or not form.get("name"):
        raise BadCall("This server only answers by a strict JSON schema with a name.", param)
    if problem := strict_problem(form.get("schema")):
        raise BadCall(f"Invalid schema for response_format '{form['name']}': {problem}", param)
    return str(form["name"])


def _messages(said: Any, param: str) -> list[dict[str, Any]]:
    messages = [each for each in said if isinstance(each, dict)] if isinstance(said, list) else []
    if not any(message.get("role") == "user" for message in messages):
        raise BadCall(f"'{param}' needs a message of the user.", param)
    return messages


def _data(messages: list[dict[str, Any]]) -> Any:
    """The JSON in the first user turn; where it is within other words, from its first brace to its last."""
    said = next(_text(message) for message in messages if message.get("role") == "user")
    try:
        return json.loads(said[said.find("{") : said.rfind("}") + 1])
    except ValueError:
        return {"text": said}


def _prompt(messages: list[dict[str, Any]], form: Mapping[str, Any]) -> str:
    """All that a model reads. The schema comes first, as it does at OpenAI."""
    return "\n".join([json.dumps(form["schema"]), *(_text(message) for message in messages)])


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return str(content or "")


def _response(call: Call, written: Written) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": written.text, "annotations": []}
    if written.ending == "refusal":
        part = {"type": "refusal", "refusal": REFUSAL}
    is_whole = written.ending in ("complete", "refusal")
    status = "completed" if is_whole else "incomplete"
    reason = "max_output_tokens" if written.ending == "truncated" else "content_filter"
    message = {"id": _id("msg"), "type": "message", "role": "assistant", "status": status, "content": [part]}
    thought = {"id": _id("rs"), "type": "reasoning", "summary": []}
    counted = written.counted
    return {
        "id": _id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": None if is_whole else {"reason": reason},
        "model": call.model,
        "output": [thought, message] if counted.reasoned else [message],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            "input_tokens": counted.read,
            "input_tokens_details": {"cached_tokens": counted.cached, "cache_write_tokens": counted.stored},
            "output_tokens": counted.written,
            "output_tokens_details": {"reasoning_tokens": counted.reasoned},
            "total_tokens": counted.read + counted.written,
        },
    }


def _completion(call: Call, written: Written) -> dict[str, Any]:
    reasons = {"truncated": "length", "content_filter": "content_filter"}
    is_refused = written.ending == "refusal"
    message = {
        "role": "assistant",
        "content": None if is_refused else written.text,
        "refusal": REFUSAL if is_refused else None,
    }
    counted = written.counted
    return {
        "id": _id("chatcmpl"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": call.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reasons.get(written.ending, "stop")}],
        "usage": {
            "prompt_tokens": counted.read,
            "prompt_tokens_details": {"cached_tokens": counted.cached, "cache_write_tokens": counted.stored},
            "completion_tokens": counted.written,
            "completion_tokens_details": {"reasoning_tokens": counted.reasoned},
            "total_tokens": counted.read + counted.written,
        },
    }


def _id(kind: str) -> str:
    return f"{kind}_{uuid.uuid4().hex}"
