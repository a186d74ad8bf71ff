"""What an answer's headers say about limits and about the request."""

from collections.abc import Mapping

from analysis.engines.openai.wire import ServerLimits
from videogen.kernel.retry_after import duration_seconds, retry_after_seconds


def limits_of(headers: Mapping[str, str], body: str = "") -> ServerLimits:
    """The limits that a server announces. Azure sends 0 or -1 where it knows none: that is None here.

    https://learn.microsoft.com/en-us/answers/questions/5625878/
    """
    requests, requests_left = _limit(headers, "requests")
    tokens, tokens_left = _limit(headers, "tokens")
    return ServerLimits(requests, requests_left, tokens, tokens_left, retry_after_seconds(headers, body))


def request_id_of(headers: Mapping[str, str]) -> str:
    """The server's name for the request; empty where it has none."""
    return headers.get("x-request-id", "")[:200]


def _limit(headers: Mapping[str, str], what: str) -> tuple[int | None, int | None]:
    limit = _number(headers.get(f"x-ratelimit-limit-{what}", ""))
    reset = duration_seconds(headers.get(f"x-ratelimit-reset-{what}", ""))
    # What is whole again only after more than a minute is a limit for a day, as at Groq.
    if not limit or (reset or 0) > 61:
        return None, None
    return limit, _number(headers.get(f"x-ratelimit-remaining-{what}", ""))


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
