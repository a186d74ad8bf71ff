"""A circuit breaker for all processes: a server that fails is left alone, then tried by one call first.

Callers report as failed only what is the server's fault. It opens when at least FAILURES
calls failed within a minute and those are at least half of its calls. After the pause one
probe is let through: if it succeeds all may call again, else the pause is twice as long.
(M. Nygard, "Release It!".) While Redis is away it is closed.
"""

import logging
from dataclasses import dataclass
from typing import Any

from redis.exceptions import RedisError

from videogen.kernel.errors import Postponed
from videogen.kernel.outage import Outage
from videogen.kernel.redis import CLOCK, cache_redis

logger = logging.getLogger(__name__)

FAILURES = 5
#: The rolling minute is made of so many pieces of so many seconds.
PIECES = 6
PIECE_SECONDS = 10
PAUSE_SECONDS = 15
PAUSE_CAP = 300
#: A probe of which nothing was heard for so long is replaced: longer than most calls take.
PROBE_SECONDS = 90
#: How soon the others ask again while there is a probe.
PROBING_SECONDS = 5
#: An open breaker that nobody asks is forgotten after this.
FORGOTTEN_SECONDS = 3600


@dataclass(frozen=True)
class BreakerState:
    """What operators see of a subject: `closed`, `open` for so many seconds, or `half_open`.

    `calls` and `failures` are those of the last minute.
    """

    state: str = "closed"
    seconds: float = 0.0
    calls: int = 0
    failures: int = 0


# `open_until` exists from the moment it opens until a probe has succeeded.
_STATE = (
    CLOCK
    + f"""
local open_until = tonumber(redis.call('HGET', KEYS[1], 'open_until') or nil)
local newest = math.floor(now / {PIECE_SECONDS})
local function piece_key(number) return KEYS[1] .. ':piece:' .. number end
local function last_minute()
  local calls, failures = 0, 0
  for number = newest - {PIECES} + 1, newest do
    local piece = redis.call('HMGET', piece_key(number), 'calls', 'failures')
    calls, failures = calls + (piece[1] or 0), failures + (piece[2] or 0)
  end
  return calls, failures
end
"""
)

_CHECK = (
    _STATE
    + f"""
if not open_until then return '0' end
if now < open_until then return string.format('%.6f', open_until - now) end
local probe = redis.call('HMGET', KEYS[1], 'probe', 'probe_until')
if now < tonumber(probe[2] or 0) and not (ARGV[1] ~= '' and probe[1] == ARGV[1]) then
  return '{PROBING_SECONDS}'
end
redis.call('HSET', KEYS[1], 'probe', ARGV[1], 'probe_until', string.format('%.6f', now + {PROBE_SECONDS}))
return '0'
"""
)

# While it is open, only calls from before it opened end; they say nothing about now.
_RECORD = (
    _STATE
    + f"""
local is_failed = ARGV[1] == '1'
if open_until and now < open_until then return 'open' end
if open_until and not is_failed then
  redis.call('DEL', KEYS[1])
  for number = newest - {PIECES} + 1, newest do redis.call('DEL', piece_key(number)) end
  return 'closes'
end
local pause = {PAUSE_SECONDS}
if open_until then
  pause = math.min(2 * redis.call('HGET', KEYS[1], 'pause'), {PAUSE_CAP})
else
  redis.call('HINCRBY', piece_key(newest), 'calls', 1)
  if is_failed then redis.call('HINCRBY', piece_key(newest), 'failures', 1) end
  redis.call('EXPIRE', piece_key(newest), {(PIECES + 1) * PIECE_SECONDS})
  local calls, failures = last_minute()
  if not is_failed or failures < {FAILURES} or 2 * failures < calls then return 'closed' end
end
local until_ = string.format('%.6f', now + pause)
redis.call('HSET', KEYS[1], 'open_until', until_, 'pause', pause)
redis.call('HDEL', KEYS[1], 'probe', 'probe_until')
redis.call('EXPIRE', KEYS[1], {FORGOTTEN_SECONDS})
return 'opens'
"""
)

_LOOK = (
    _STATE
    + """
local calls, failures = last_minute()
if not open_until then return {'closed', '0', calls, failures} end
if now >= open_until then return {'half_open', '0', calls, failures} end
return {'open', string.format('%.6f', open_until - now), calls, failures}
"""
)

_outage = Outage(logger, "circuit breakers are closed")


def breaker_check(subject: str, *, ticket: str = "") -> None:
    """Pass if the server may be called, else raise `Postponed` with code `breaker.open`.

    Whoever passes as the probe and cannot call after all passes again with the same `ticket`.
    """
    try:
        seconds = float(_run(_CHECK, subject, [ticket]))
    except RedisError as error:
        _outage.began(error)
        return
    if seconds > 0:
        message = f"{subject} has failed too often; it is left alone for {seconds:.0f} s."
        raise Postponed(message, seconds=seconds, code="breaker.open")


def breaker_record(subject: str, *, failed: bool) -> None:
    """A call has ended; `failed` only if the server is to blame."""
    try:
        outcome = _run(_RECORD, subject, [int(failed)]).decode()
    except RedisError as error:
        _outage.began(error)
        return
    if outcome in {"opens", "closes"}:
        logger.warning("The circuit breaker of %s %s", subject, outcome)


def breaker_state(subject: str) -> BreakerState:
    """For operators."""
    try:
        state, seconds, calls, failures = _run(_LOOK, subject, [])
    except RedisError as error:
        _outage.began(error)
        return BreakerState()
    return BreakerState(state.decode(), float(seconds), calls, failures)


def _run(script: str, subject: str, arguments: list[Any]) -> Any:
    answer = cache_redis().register_script(script)(keys=[f"breaker:{subject}"], args=arguments)
    _outage.ended()
    return answer
