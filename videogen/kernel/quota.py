"""Limits per minute and of calls at once that all processes keep together, on Redis's own clock.

It is a virtual schedule with tickets: GCRA (ITU-T I.371), but whoever is too early gets a
place on the schedule instead of a refusal, and comes back for it with the same ticket.

* What is *let through* obeys GCRA, whatever anybody does: late, early, or in a bunch.
* The *schedule* only says when it is worth coming back. Places follow each other at the
  allowed rate, so those who wait do not come all at once. A place that nobody came for is
  anybody's after a moment.
* The schedule's clock stands still during a pause, so nobody loses a place by it.

A subject is a plain name, such as `openai:gpt-6-luna`. While Redis is away each worker keeps
to its share of the limits. Nothing here raises because Redis is away.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from videogen.kernel import quota_scripts
from videogen.kernel.errors import Postponed
from videogen.kernel.outage import Outage
from videogen.kernel.quota_scripts import PAUSE_CAP, REFUSED_SECONDS, SPREAD_SECONDS
from videogen.kernel.quota_share import share, share_pause, share_take
from videogen.kernel.redis import cache_redis
from videogen.kernel.waiting import Tick, nothing, sleep_ticking

logger = logging.getLogger(__name__)

#: Whoever is put back comes this much before the place, because queues take a second or two.
EARLY_SECONDS = 1.5
#: Nobody is put back for less.
POSTPONED_SECONDS = 0.5


@dataclass(frozen=True)
class Limits:
    """What is configured; 0 or None where nothing is. What the server said counts where it is less."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent: int | None = None


@dataclass(frozen=True)
class Place:
    """The permission to make one call now. Give it back with `quota_settle`."""

    subject: str
    ticket: str
    cost: int
    taken_at: float = field(default_factory=time.monotonic, compare=False, repr=False)


@dataclass(frozen=True)
class QuotaState:
    """What operators see of a subject. Limits are per minute, 0 where none is in force or known."""

    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    paused_seconds: float = 0.0
    in_flight: int = 0
    waiting: int = 0
    let_through_last_minute: int = 0


@dataclass(frozen=True)
class _Wait:
    seconds: float
    code: str


_outage = Outage(logger, "each worker keeps to its share of the limits")


def quota_take(
    *,
    subject: str,
    limits: Limits,
    cost: int,
    ticket: str,
    lease_seconds: float,
    processes: int = 1,
    patience_seconds: float = 2.0,
    tick: Tick = nothing,
) -> Place:
    """Permission for one call of `cost` tokens. Raises `Postponed`, or what `tick` raises.

    A wait of up to `patience_seconds` is slept here. After a longer one come back with the same
    `ticket`, which keeps the place. The place among the concurrent calls is free again after
    `lease_seconds` even if nobody settles. `processes` is how many workers share the limits.
    """
    started = time.monotonic()
    while True:
        wait = _ask(subject, limits, cost, ticket, lease_seconds, processes)
        if wait is None:
            return Place(subject, ticket, cost)
        is_short = time.monotonic() - started + wait.seconds <= 2 * patience_seconds
        if wait.seconds > patience_seconds or not is_short:
            seconds = max(wait.seconds - EARLY_SECONDS, POSTPONED_SECONDS)
            raise Postponed(f"{subject} is busy for {wait.seconds:.1f} s.", seconds=seconds, code=wait.code)
        try:
            sleep_ticking(wait.seconds, tick)
        except BaseException:
            _leave(subject, cost, ticket)
            raise


def quota_settle(place: Place, *, cost: int | None) -> None:
    """The call has ended: others may go, and tokens are counted as they were used (None: nobody knows)."""
    seconds = time.monotonic() - place.taken_at
    arguments = [place.ticket, place.cost, -1 if cost is None else cost, seconds]
    try:
        _run(quota_scripts.SETTLE, place.subject, arguments)
    except RedisError as error:
        _outage.began(error)


def quota_learn(
    *, subject: str, requests_per_minute: int | None = None, tokens_per_minute: int | None = None
) -> None:
    """What the server says that its limits are. It holds for ten minutes after it was last said."""
    requests, tokens = max(requests_per_minute or 0, 0), max(tokens_per_minute or 0, 0)
    if not requests and not tokens:
        return
    with share(subject) as mine:
        mine.requests_told, mine.tokens_told = requests or mine.requests_told, tokens or mine.tokens_told
    try:
        _run(quota_scripts.LEARN, subject, [requests, tokens])
    except RedisError as error:
        _outage.began(error)


def quota_pause(*, subject: str, seconds: float) -> float:
    """Nobody goes for so long, at most PAUSE_CAP; never shortened. How long it is now, in seconds."""
    return _pause(subject, max(seconds, 0.0), is_refused=False)


def quota_refused(*, subject: str, seconds: float | None = None) -> float:
    """A call that was let through was refused: 429. How long nobody goes now, in seconds.

    `seconds` is what the server asked for. If it did not, or has not said what its limits are,
    the limit is taken to be what was let through, and not refused, in the last minute.
    """
    return _pause(subject, -1.0 if seconds is None else max(seconds, 0.0), is_refused=True)


def quota_state(subject: str) -> QuotaState:
    """For operators. Nothing is in force while Redis is away."""
    try:
        requests, tokens, paused, in_flight, waiting, passed = _run(quota_scripts.LOOK, subject, [])
    except RedisError as error:
        _outage.began(error)
        return QuotaState()
    return QuotaState(int(requests), int(tokens), float(paused), in_flight, waiting, passed)


def _ask(
    subject: str, limits: Limits, cost: int, ticket: str, lease_seconds: float, processes: int
) -> _Wait | None:
    per_minute = [limits.requests_per_minute or 0, limits.tokens_per_minute or 0]
    try:
        arguments = [ticket, cost, lease_seconds, *per_minute, limits.concurrent or 0]
        answer = _run(quota_scripts.TAKE, subject, arguments)
        seconds, code = float(answer[0]), answer[1].decode()
    except RedisError as error:
        _outage.began(error)
        seconds, code = _ask_share(subject, limits, cost, processes), "quota.waiting"
    return _Wait(seconds, code) if seconds > 0 else None


def _ask_share(subject: str, limits: Limits, cost: int, processes: int) -> float:
    # Calls at once need no share: a worker makes one at a time.
    with share(subject) as mine:
        requests = _smaller(limits.requests_per_minute, mine.requests_told)
        tokens = _smaller(limits.tokens_per_minute, mine.tokens_told)
    spread = SPREAD_SECONDS * processes
    return share_take(
        subject,
        request_seconds=spread / requests if requests else 0.0,
        token_seconds=spread * min(cost, tokens) / tokens if tokens else 0.0,
    )


def _pause(subject: str, seconds: float, *, is_refused: bool) -> float:
    try:
        pause = float(_run(quota_scripts.PAUSE, subject, [seconds, int(is_refused)]))
    except RedisError as error:
        _outage.began(error)
        pause = min(seconds if seconds >= 0 else REFUSED_SECONDS, PAUSE_CAP)
    share_pause(subject, pause)
    return pause


def _leave(subject: str, cost: int, ticket: str) -> None:
    try:
        _run(quota_scripts.LEAVE, subject, [ticket, cost])
    except RedisError as error:
        _outage.began(error)


def _smaller(configured: int | None, told: float) -> float:
    return min(filter(None, (configured, told)), default=0)


def _run(script: str, subject: str, arguments: list[Any]) -> Any:
    # In a cluster the braces keep the keys of a subject on one server.
    name = f"quota:{{{subject}}}"
    answer = cache_redis().register_script(script)(
        keys=[name, f"{name}:waiting", f"{name}:leases"], args=arguments
    )
    _outage.ended()
    return answer
