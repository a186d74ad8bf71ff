"""An atomic rate limit on Redis's own clock.

GCRA, the generic cell rate algorithm (ITU-T I.371): one number per key says when the
bucket will be empty again, so a limit costs one short script and no list of timestamps.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from threading import Lock

from cachetools import LRUCache
from redis.exceptions import RedisError

from videogen.kernel.redis import cache_redis

logger = logging.getLogger(__name__)

_GCRA = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local interval, burst, number = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local empty_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next_empty_at = empty_at + interval * number
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


def rate_take(*, key: str, count: int, seconds: int, number: int = 1) -> RateDecision:
    """Take `number` of `count` per `seconds`. Without Redis everything is allowed, and the log says so."""
    try:
        script = cache_redis().register_script(_GCRA)
        allowed, wait, remaining, reset = script(keys=[f"rate:{key}"], args=[seconds / count, count, number])
    except RedisError as error:
        logger.warning("Rate limits are off, Redis does not answer: %s", error)
        return RateDecision(True, count, count, 0, 0)
    return RateDecision(bool(allowed), count, int(remaining), float(wait), float(reset))


@dataclass
class _Stock:
    """What a process has taken of one limit and not used yet."""

    decision: RateDecision
    taken: int
    left: int
    until: float


class RateStock:
    """Takes several at once for a key that asks often, and then answers from memory.

    Never more are allowed than by `rate_take`, for all processes together. What is taken ahead is at
    most a hundredth of what remains, so a limit of up to 100 is counted one by one; it counts as used
    after `KEEP_SECONDS`. A stock doubles when it was used up in time, and halves when it was not.
    """

    KEEP_SECONDS = 0.5
    LARGEST_SHARE = 0.01

    def __init__(self, *, keys: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._stocks: LRUCache[str, _Stock] = LRUCache(maxsize=keys)
        self._lock = Lock()
        self._clock = clock

    def take(self, *, key: str, count: int, seconds: int) -> RateDecision:
        """One of `count` per `seconds`."""
        name = f"{key}:{count}/{seconds}"
        with self._lock:
            stock = self._stocks.get(name)
            if stock is not None and stock.left and self._clock() < stock.until:
                stock.left -= 1
                decision = stock.decision
                return replace(decision, remaining=min(count, decision.remaining + stock.left))
        number = self._next_number(stock)
        decision = rate_take(key=key, count=count, seconds=seconds, number=number)
        if not decision.allowed and number > 1:
            number = 1
            decision = rate_take(key=key, count=count, seconds=seconds)
        if decision.allowed:
            kept = _Stock(decision, number, number - 1, self._clock() + self.KEEP_SECONDS)
            with self._lock:
                self._stocks[name] = kept
        if not decision.allowed:
            return decision
        return replace(decision, remaining=min(count, decision.remaining + number - 1))

    def _next_number(self, last: _Stock | None) -> int:
        if last is None:
            return 1
        in_time = self._clock() < last.until
        wanted = last.taken * 2 if in_time else (last.taken - last.left) // 2
        return max(1, min(wanted, int(last.decision.remaining * self.LARGEST_SHARE)))
