"""An atomic rate limit on Redis's own clock.

GCRA, the generic cell rate algorithm (ITU-T I.371): one number per key says when the
bucket will be empty again, so a limit costs one short script and no list of timestamps.
"""

import logging
from dataclasses import dataclass

from redis.exceptions import RedisError

from videogen.kernel.redis import cache_redis

logger = logging.getLogger(__name__)

_GCRA = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local interval, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next_empty_at = empty_at + interval
local wait = next_empty_at - burst * interval - now
if wait > 0.00001 then
  return {0, tostring(wait), 0, tostring(empty_at - now)}
end
local lifetime = math.ceil((next_empty_at - now) * 1000) + 1
redis.call('SET', KEYS[1], string.format('%.6f', next_empty_at), 'PX', lifetime)
local remaining = math.floor(burst - (next_empty_at - now) / interval + 0.0001)
return {1, '0', remaining, tostring(next_empty_at - now)}
"""


@dataclass(frozen=True)
class RateDecision:
    """Whether one more is allowed; all times in seconds."""

    allowed: bool
    limit: int
    remaining: int
    retry_after_seconds: float
    reset_seconds: float


def rate_take(*, key: str, count: int, seconds: int) -> RateDecision:
    """Take one of `count` per `seconds`. Without Redis everything is allowed, and the log says so."""
    try:
        script = cache_redis().register_script(_GCRA)
        allowed, wait, remaining, reset = script(keys=[f"rate:{key}"], args=[seconds / count, count])
    except RedisError as error:
        logger.warning("Rate limits are off, Redis does not answer: %s", error)
        return RateDecision(True, count, count, 0, 0)
    return RateDecision(bool(allowed), count, int(remaining), float(wait), float(reset))
