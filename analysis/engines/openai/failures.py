"""Everything that can go wrong with a call, as the errors that the rest of the product knows.

Messages are for people, and are stored: they hold no key, no text of a user, and no web page.
"""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import openai
from django.conf import settings

from analysis.engines.openai.guard import UnacceptableAnswer
from analysis.engines.openai.headers import limits_of, request_id_of
from analysis.engines.openai.wire import CallFailed, Facts, ServerLimits, Usage
from analysis.errors import (
    AnalysisError,
    CallRefused,
    Malformed,
    ModelUnknown,
    QuotaExhausted,
    RateLimited,
    Refused,
    TimedOut,
    Truncated,
    Unreachable,
    WrongKey,
)

#: What a server's `error.code` or `error.type` says when money, and not time, is what is missing.
QUOTA_CODES = {
    "insufficient_quota",
    "insufficient_balance",
    "billing_hard_limit_reached",
    "billing_not_active",
}
#: … and when the request itself was found unsafe: OpenAI's names, and Azure's `content_filter`.
SAFETY_CODES = {"content_filter", "content_policy_violation", "moderation_blocked", "invalid_prompt"}

SENTENCES: dict[type[AnalysisError], str] = {
    QuotaExhausted: "The account has no credit left",
    RateLimited: "The server has had too many requests",
    WrongKey: "The server does not accept the key",
    ModelUnknown: "The server does not have the model",
    Refused: "The server declined the request, for safety",
    TimedOut: "The server gave up waiting for the request",
    Unreachable: "The server failed",
    CallRefused: "The server does not accept the call",
}
QUOTED_CHARACTERS = 200
# As long as that, words of a message that are also in the user's text did not meet by chance.
ECHO_CHARACTERS = 20
# What is shorter is no secret but a filler, such as `none`, and a word of other sentences as well.
KEY_CHARACTERS = 8
_SECRET = re.compile(r"\b(?:sk|rk|pk|sess|gsk|xai)-[\w*-]{3,}|\bBearer\s+\S+", re.IGNORECASE)


@contextmanager
def failures_typed(private: Iterable[str]) -> Iterator[None]:
    """Raise `CallFailed` for every error of the openai package; nothing of `private` is repeated in it."""
    try:
        yield
    except openai.OpenAIError as error:
        raise failure_of(error, private) from None  # The cause carries the server's words unchecked.


def failure_of(error: openai.OpenAIError, private: Iterable[str]) -> CallFailed:
    """The failure that an error of the openai package stands for."""
    if isinstance(error, openai.APIStatusError):
        return _refusal(error.response, private)
    if isinstance(error, UnacceptableAnswer):
        return CallFailed(Malformed(f"The answer was not read. {error}"), Facts(server_at_fault=True))
    if isinstance(error, openai.APIConnectionError):
        return CallFailed(_connection_error(error), Facts(server_at_fault=True))
    return CallFailed(CallRefused(f"The openai package refuses the call: {type(error).__name__}."), Facts())


def malformed(message: str, response: httpx2.Response) -> CallFailed:
    """An answer that does not keep to the protocol, which no model is to blame for."""
    return CallFailed(Malformed(message), facts_of(response, server_at_fault=True))


def truncated(response: httpx2.Response, usage: Usage, *, limit: int) -> CallFailed:
    """An answer that ended at its limit of tokens. It was paid for."""
    error = Truncated(f"The answer did not end within {limit} tokens.", max_output_tokens=limit)
    return CallFailed(error, facts_of(response, usage))


def refused(response: httpx2.Response, usage: Usage) -> CallFailed:
    """An answer that the model, or a filter behind it, declined to give. It was paid for."""
    return CallFailed(Refused("The model declined to answer, for safety."), facts_of(response, usage))


def failed(response: httpx2.Response, usage: Usage, code: str) -> CallFailed:
    """A call that was accepted, and failed afterwards: the status was 200, the code tells."""
    kind = error_type(500, {code})
    facts = facts_of(response, usage, server_at_fault=kind is Unreachable)
    return CallFailed(_error(kind, f"{SENTENCES[kind]}.", facts.limits), facts)


def facts_of(
    response: httpx2.Response, usage: Usage | None = None, *, server_at_fault: bool = False
) -> Facts:
    """What is known about a call that was answered."""
    limits = limits_of(response.headers)
    return Facts(usage or Usage(), request_id_of(response.headers), limits, server_at_fault)


def error_type(status: int, codes: set[str], message: str = "") -> type[AnalysisError]:
    """What an HTTP status means, together with the error's own codes."""
    if status == 402 or codes & QUOTA_CODES:
        return QuotaExhausted
    if status == 429 or "rate_limit_exceeded" in codes:
        return RateLimited
    if codes & SAFETY_CODES:
        return Refused
    if status in {401, 403}:
        return WrongKey
    # A 404 without a model is a server that does not have this protocol's path.
    if "model_not_found" in codes or (status == 404 and "model" in message.lower()):
        return ModelUnknown
    if status == 408:
        return TimedOut
    return Unreachable if status >= 500 else CallRefused


def _refusal(response: httpx2.Response, private: Iterable[str]) -> CallFailed:
    status = response.status_code
    codes, message = _problem(response)
    said = "" if status == 401 else quoted(message, private)  # It may repeat a part of the key.
    kind = error_type(status, codes, said)
    limits = limits_of(response.headers, response.text)
    sentence = f"{SENTENCES[kind]} ({status})" + (f": {said.rstrip('.')}." if said else ".")
    at_fault = status >= 500 or kind is TimedOut
    facts = Facts(Usage(), request_id_of(response.headers), limits, at_fault)
    return CallFailed(_error(kind, sentence, limits), facts)


def _error(kind: type[AnalysisError], sentence: str, limits: ServerLimits) -> AnalysisError:
    if kind is RateLimited:
        return RateLimited(sentence, retry_after_seconds=limits.retry_after_seconds)
    return kind(sentence)


def _connection_error(error: openai.APIConnectionError) -> AnalysisError:
    host = error.request.url.host
    if isinstance(error.__cause__, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
        return Unreachable(f"There is no connection to {host}.")
    if isinstance(error, openai.APITimeoutError):
        return TimedOut(f"No whole answer came from {host} in time.")
    return Unreachable(f"The connection to {host} broke before the whole answer was there.")


def _problem(response: httpx2.Response) -> tuple[set[str], str]:
    """The codes and the message of an error, in OpenAI's shape or in one that servers have instead."""
    try:
        body: Any = response.json()
    except (ValueError, RecursionError):
        return set(), response.text
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return set(), error if isinstance(error, str) else ""
    codes = {str(error.get(name)).lower() for name in ("code", "type")}
    message = error.get("message") or error.get("detail")
    return codes, message if isinstance(message, str) else ""


def quoted(text: str, private: Iterable[str]) -> str:
    """The first characters of what a server says; nothing where it is a web page or repeats `private`."""
    if text.lstrip().startswith("<"):
        return ""
    text = _one_line(_SECRET.sub("(a key)", text[: 10 * QUOTED_CHARACTERS]))
    if len(settings.OPENAI_API_KEY) >= KEY_CHARACTERS:
        text = text.replace(settings.OPENAI_API_KEY, "(a key)")
    if len(text) > QUOTED_CHARACTERS:
        text = text[: QUOTED_CHARACTERS - 1] + "…"
    return "" if any(_echoes(text, _one_line(other)) for other in private) else text


def _one_line(text: str) -> str:
    return "".join(character for character in " ".join(text.split()) if character.isprintable())


def _echoes(text: str, other: str) -> bool:
    ends = range(ECHO_CHARACTERS, len(text) + 1)
    return any(text[end - ECHO_CHARACTERS : end] in other for end in ends)
