"""How long a server wants to be left alone, in whichever of the usual ways it says so."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_UNIT_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_NUMBER = r"\d{1,12}(?:\.\d{0,12})?"
_PART = re.compile(rf"({_NUMBER})(h|ms|m|s|us|µs|ns)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+", re.ASCII)
#: "Your rate limit resets in ~30s", "Please try again in 1.2s", "Retry after 6m0s", "in 20 seconds".
_SENTENCE = re.compile(
    rf"(?:resets? in|try again in|retry (?:after|in))\s*~?\s*"
    rf"(?:((?:{_NUMBER}(?:h|ms|m|s))+)\b|({_NUMBER})\s*(?:seconds?\b|secs?\b))",
    re.ASCII | re.IGNORECASE,
)
_MEMBER = re.compile(
    rf'"retry_?after(?:_seconds)?"\s*:\s*"?(-?{_NUMBER})"?\s*[,}}\s]', re.ASCII | re.IGNORECASE
)
#: Errors are short. What comes after this much of a body is not searched.
_BODY_CHARACTERS = 10_000


def retry_after_seconds(headers: Mapping[str, str], body_text: str = "") -> float | None:
    """The wait that a refusal asks for, never negative and not capped; None where none can be understood.

    In this order: `retry-after-ms`, `retry-after` as seconds or as a date (RFC 9110, 10.2.3),
    then a JSON member `retry_after` or a sentence in the body.
    """
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    milliseconds = _number(lower.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    text = lower.get("retry-after", "")
    for seconds in (_number(text), _until(text), duration_seconds(text)):
        if seconds is not None:
            return seconds
    return _from_body(body_text[:_BODY_CHARACTERS])


def duration_seconds(text: str) -> float | None:
    """A duration as Go prints it, in seconds: `6m0s`, `12ms`, `1h2m3.5s`; None for anything else.

    https://pkg.go.dev/time#Duration.String
    """
    text = text.strip()
    if not _DURATION.fullmatch(text):
        return None
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _PART.findall(text))


def _from_body(text: str) -> float | None:
    if member := _MEMBER.search(text):
        return _number(member[1])
    if sentence := _SENTENCE.search(text):
        return duration_seconds(sentence[1].lower()) if sentence[1] else _number(sentence[2])
    return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(number, 0.0) if math.isfinite(number) else None


def _until(text: str) -> float | None:
    try:
        date = parsedate_to_datetime(text)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None
    at = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)
