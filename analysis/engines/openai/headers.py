"""What an answer's headers say about limits and about the request."""

from collections.abc import Mapping

from analysis.engines.openai.wire import ServerLimits
from videogen.kernel.retry_after import duration_seconds, retry_after_seconds


def limits_of(headers: Mapping[str, str], body: str = "") -> ServerLimits:
    """The limits that a server announces. Azure sends 0 or -1 where it knows none: that is None here.

    https://learn.microsoft.com/en-us/answers/questions/5625878/
    """
    requests, tokens = _limit(headers, "requests"), _limit(headers, "tokens")
    return ServerLimits(requests, tokens, retry_after_seconds(headers, body))


def request_id_of(headers: Mapping[str, str]) -> str:
    """The server's name for the request; empty where it has none."""
    return headers.get("x-request-id", "")[:200]


def _limit(headers: Mapping[str, str], what: str) -> int | None:
    limit = _number(headers.get(f"x-ratelimit-limit-{what}", ""))
    reset = duration_seconds(headers.get(f"x-ratelimit-reset-{what}", ""))
    # What is whole again only after more than a minute is a limit for a day, as at Groq.
    return limit if limit and (reset or 0) <= 61 else None


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
