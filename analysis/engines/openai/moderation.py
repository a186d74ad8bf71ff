"""Whether a text may be worked on at all, by the server's moderation model."""

import re
from collections import defaultdict

import httpx2
from django.conf import settings
from pydantic import BaseModel

from analysis.engines.openai.client import openai_client, timeout_of
from analysis.engines.openai.envelope import envelope_of
from analysis.engines.openai.failures import failures_typed, malformed
from analysis.engines.openai.guard import ticking
from videogen.kernel.waiting import Tick

#: It answers in a few hundred milliseconds, and a client may be waiting for it.
MODERATION_SECONDS = 3.0


class _Result(BaseModel):
    flagged: bool
    categories: dict[str, bool | None]
    category_scores: dict[str, float | None] = {}


class _Envelope(BaseModel):
    results: list[_Result]


def moderate(texts: list[str], *, tick: Tick) -> list[str]:
    """The categories for which any of the texts must be blocked, the worst first.

    Without what MODERATION_ALLOW names. Raises `CallFailed`, or whatever `tick` raises. The call is
    free at OpenAI.
    """
    with ticking(tick), failures_typed(texts):
        raw = openai_client().moderations.with_raw_response.create(
            model=settings.MODERATION_MODEL, input=texts, timeout=timeout_of(MODERATION_SECONDS)
        )
    return _blocked(_results(raw.http_response, len(texts)))


def _results(response: httpx2.Response, count: int) -> list[_Result]:
    results = envelope_of(response, _Envelope).results
    if len(results) != count:
        raise malformed(f"Moderation answered for {len(results)} of {count} texts.", response)
    return results


def _blocked(results: list[_Result]) -> list[str]:
    scores: dict[str, float] = defaultdict(float)
    for result in results:
        for name, score in _flags(result).items():
            scores[coarse(name)] = max(scores[coarse(name)], score)
    names = scores.keys() - set(settings.MODERATION_ALLOW)
    return sorted(names, key=lambda name: (-scores[name], name))


def _flags(result: _Result) -> dict[str, float]:
    """The categories that a text was flagged for. A flag without any is a flag all the same."""
    names = [name for name, is_flagged in result.categories.items() if is_flagged]
    if result.flagged and not names:
        names = ["unspecified"]
    return {name: result.category_scores.get(name) or 0.0 for name in names}


def coarse(category: str) -> str:
    """`self-harm/intent` is `self_harm`: how it was meant is nobody's business but the moderator's."""
    name = category.split("/")[0].strip().lower()
    return re.sub(r"[^a-z_]+", "_", name).strip("_")[:40] or "unspecified"
