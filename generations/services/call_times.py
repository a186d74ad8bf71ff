"""How long hosted providers take, from what they took before; and when it is worth a look."""

from django.core.cache import cache
from django.db import connection
from redis.exceptions import RedisError

from generations.models import ProviderCall
from generations.providers.registry import hosted_provider

HISTORY_CALLS = 30
HISTORY_SECONDS = 30

#: The first look comes after this share of the usual time, later ones follow in steps of the other.
FIRST_SHARE, STEP_SHARE = 0.5, 0.1
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 30.0

_HISTORY = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) FROM (
    SELECT EXTRACT(EPOCH FROM finished_at - accepted_at) AS seconds FROM generations_providercall
    WHERE provider = %s AND model = %s AND status = 'succeeded' AND finished_at IS NOT NULL
    ORDER BY finished_at DESC LIMIT %s
) AS history
"""


def model_seconds(provider: str, model: str) -> float:
    """The median of its newest clips, from acceptance to output; what is said of it before there are any."""
    hosted = hosted_provider(provider)
    assert hosted is not None  # noqa: S101  Only hosted providers have calls.
    key = f"model_seconds:{provider}:{model}".replace(" ", "_")
    known: float | None = None
    try:
        known = cache.get(key)
        if known is None:
            known = _median(provider, model) or hosted.typical_seconds(model)
            cache.set(key, known, HISTORY_SECONDS)
    except RedisError:
        known = known or _median(provider, model) or hosted.typical_seconds(model)
    return known


def _median(provider: str, model: str) -> float | None:
    with connection.cursor() as cursor:
        cursor.execute(_HISTORY, [provider, model, HISTORY_CALLS])
        seconds = cursor.fetchone()[0]
    return None if seconds is None else float(seconds)


def first_look_seconds(call: ProviderCall) -> float:
    """How long after it was accepted the first look is worth it."""
    return _bounded(FIRST_SHARE * model_seconds(call.provider, call.model))


def next_look_seconds(call: ProviderCall, *, waited_seconds: float) -> float:
    """How long until the next look: short steps around the usual time, longer ones when it is long over."""
    usual = model_seconds(call.provider, call.model)
    late = max(1.0, waited_seconds / usual) if usual else 1.0
    return _bounded(STEP_SHARE * usual * late)


def _bounded(seconds: float) -> float:
    return min(LONGEST_SECONDS, max(SHORTEST_SECONDS, seconds))
