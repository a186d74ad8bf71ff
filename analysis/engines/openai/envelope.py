"""Reading what servers answer: whole where the protocol needs it, forgiving where it is only a number."""

from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from analysis.engines.openai.failures import malformed
from analysis.engines.openai.headers import limits_of, request_id_of
from analysis.engines.openai.wire import Reply, Usage

Envelope = TypeVar("Envelope", bound=BaseModel)
# The ledger's columns hold no more, and no honest count comes near.
MOST_TOKENS = 2**31 - 1


def envelope_of(response: httpx2.Response, shape: type[Envelope]) -> Envelope:
    """The answer as `shape`. Raises `CallFailed` where it is anything else."""
    try:
        return shape.model_validate_json(response.content)
    except ValidationError:
        start = response.content[:100].lstrip()
        what = "a web page" if start.startswith(b"<") else "something else" if start else "nothing"
        raise malformed(f"The server answered with {what} where JSON of the API was due.", response) from None


def reply_of(response: httpx2.Response, text: str, usage: Usage) -> Reply:
    """A whole answer, with what its headers say."""
    return Reply(text, usage, request_id_of(response.headers), limits_of(response.headers))


def usage_of(counts: Any, *, given: str, written: str) -> Usage:
    """The tokens that a server counted. What is missing or impossible is 0, never a failure."""
    input_tokens, output_tokens = _count(counts, given), _count(counts, written)
    cached_tokens = min(_count(counts, f"{given}_details", "cached_tokens"), input_tokens)
    cache_write_tokens = _count(counts, f"{given}_details", "cache_write_tokens")
    return Usage(
        input_tokens=input_tokens,
        cached_tokens=cached_tokens,
        output_tokens=output_tokens,
        reasoning_tokens=min(_count(counts, f"{written}_details", "reasoning_tokens"), output_tokens),
        cache_write_tokens=min(cache_write_tokens, input_tokens - cached_tokens),
    )


def _count(data: Any, *path: str) -> int:
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    is_count = isinstance(data, int) and not isinstance(data, bool) and data >= 0
    return min(data, MOST_TOKENS) if is_count else 0
