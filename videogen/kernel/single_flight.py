"""Answers are kept for a while, and made once however many ask for them at the same moment.

Whoever finds neither an answer nor a lock is the leader and makes the answer. A thread renews
the lock while it does, so the lock can be short: `lock_seconds` is only how long the others
wait after a leader was killed, whatever time an answer takes. Without Redis everybody makes
an answer of their own.
"""

import json
import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from redis.exceptions import RedisError

from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.outage import Outage
from videogen.kernel.redis import cache_redis
from videogen.kernel.waiting import Tick, nothing, sleep_ticking

logger = logging.getLogger(__name__)

#: A refusal that another attempt cannot change is given to whoever asks the same within this time.
FAILURE_SECONDS = 30
#: What is not kept is there this long for those who waited for it, and only if somebody did.
HANDOVER_SECONDS = 5
#: Larger answers are not kept.
LARGEST_BYTES = 256 * 1024
#: Those who wait look this often; not all at once.
LOOK_SECONDS = (0.03, 0.09)
#: Those who waited in vain come back after this.
POSTPONED_SECONDS = (1.0, 2.0)


@dataclass(frozen=True)
class Answer:
    """What was made; `cached` says that it was not made for this call."""

    value: str
    cached: bool


@dataclass(frozen=True)
class Failure:
    """What is remembered of a `DomainError`. `kind` is the name of its class, for whoever revives it."""

    kind: str
    code: str
    message: str
    hint: str
    status: int
    details: dict[str, Any]

    @classmethod
    def of(cls, error: DomainError) -> "Failure":
        """Of an error that another attempt cannot change."""
        return cls(
            type(error).__name__, error.code, str(error), error.hint, error.status, dict(error.details)
        )


def revived(failure: Failure) -> DomainError:
    """A plain `DomainError` that says the same to clients."""
    error = DomainError(failure.message, code=failure.code, retryable=False, **failure.details)
    error.hint, error.status = failure.hint, failure.status
    return error


# One step, so that an answer cannot come between looking and locking.
_ENTER = """
local answer = redis.call('GET', KEYS[1])
if answer then return {'answer', answer} end
local failure = redis.call('GET', KEYS[2])
if failure then return {'failure', failure} end
if redis.call('SET', KEYS[3], ARGV[1], 'NX', 'PX', ARGV[2]) then return {'lead', ''} end
redis.call('SET', KEYS[4], '1', 'PX', ARGV[3])
return {'wait', ''}
"""

_RENEW = """
if redis.call('GET', KEYS[3]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[3], ARGV[2]) end
return 0
"""

# ARGV: token, 1 for an answer or 2 for a failure or 0, the text, its seconds, those of the handover.
_FINISH = """
local keep = tonumber(ARGV[4])
if keep == 0 and redis.call('EXISTS', KEYS[4]) == 1 then keep = tonumber(ARGV[5]) end
if ARGV[2] ~= '0' and keep > 0 then redis.call('SET', KEYS[tonumber(ARGV[2])], ARGV[3], 'EX', keep) end
if redis.call('GET', KEYS[3]) == ARGV[1] then redis.call('DEL', KEYS[3]) end
return 1
"""

_outage = Outage(logger, "answers are neither kept nor shared")


def once(
    key: str,
    make: Callable[[], str],
    *,
    keep_seconds: int,
    lock_seconds: float,
    patience_seconds: float = 2.0,
    tick: Tick = nothing,
    revive: Callable[[Failure], DomainError] = revived,
) -> Answer:
    """The answer for `key`: the one that is there, the one that somebody is making, or that of `make`.

    Raises what `make` or `tick` raises; `Postponed` with code `single_flight.busy` if somebody else is
    still making it after `patience_seconds`. A `DomainError` that is not retryable is remembered for
    FAILURE_SECONDS, and raised by way of `revive`. With `keep_seconds=0` nothing is kept, but those who
    waited get what they waited for.
    """
    flight = _Flight(key, lock_seconds, patience_seconds)
    give_up_at = time.monotonic() + patience_seconds
    while True:
        role, text = flight.enter()
        if role == "answer":
            return Answer(text, cached=True)
        if role == "failure":
            raise revive(Failure(**json.loads(text)))
        if role == "lead":
            return Answer(flight.lead(make, keep_seconds), cached=False)
        if time.monotonic() >= give_up_at:
            seconds = random.uniform(*POSTPONED_SECONDS)  # noqa: S311
            raise Postponed("Somebody asks the same already.", seconds=seconds, code="single_flight.busy")
        sleep_ticking(random.uniform(*LOOK_SECONDS), tick)  # noqa: S311


class _Flight:
    """One caller's way to an answer."""

    def __init__(self, key: str, lock_seconds: float, patience_seconds: float) -> None:
        self._token = secrets.token_hex(16)
        # In a cluster the braces keep the four on one server.
        self._keys = [f"once:{{{key}}}{suffix}" for suffix in ("", ":failure", ":lock", ":awaited")]
        self._lock_seconds = lock_seconds
        self._awaited_seconds = patience_seconds + HANDOVER_SECONDS

    def enter(self) -> tuple[str, str]:
        """What this caller is now, and the text that goes with it. Without Redis everybody leads."""
        milliseconds = [int(1000 * self._lock_seconds), int(1000 * self._awaited_seconds)]
        answer = self._run(_ENTER, *milliseconds)
        if answer is None:
            return "lead", ""
        return answer[0].decode(), answer[1].decode()

    def lead(self, make: Callable[[], str], keep_seconds: int) -> str:
        """Make the answer, and leave what others may have of it. The lock is released in any case."""
        kept = 0, "", 0
        try:
            with self._renewed():
                value = make()
            if len(value.encode()) <= LARGEST_BYTES:
                kept = 1, value, keep_seconds
            return value
        except DomainError as error:
            if not error.retryable:
                kept = 2, json.dumps(asdict(Failure.of(error)), default=str), FAILURE_SECONDS
            raise
        finally:
            self._run(_FINISH, *kept, HANDOVER_SECONDS)

    @contextmanager
    def _renewed(self) -> Iterator[None]:
        is_done = threading.Event()

        def renew() -> None:
            while not is_done.wait(self._lock_seconds / 3):
                self._run(_RENEW, int(1000 * self._lock_seconds))

        thread = threading.Thread(target=renew, name="single-flight", daemon=True)
        thread.start()
        try:
            yield
        finally:
            is_done.set()
            thread.join()

    def _run(self, script: str, *arguments: Any) -> Any:
        """None where Redis does not answer."""
        try:
            answer = cache_redis().register_script(script)(keys=self._keys, args=[self._token, *arguments])
        except RedisError as error:
            _outage.began(error)
            return None
        _outage.ended()
        return answer
