"""The two Redis: one for queues and hints, which never evicts, and one bounded cache.

A client is made once per process and kept. They fail fast: PostgreSQL holds the truth,
so nobody has to wait for Redis.
"""

import os
from functools import lru_cache
from typing import Any

from django.conf import settings
from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

#: For the head of a Lua script: `now` in seconds, by the one clock that all processes share.
CLOCK = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
"""


def queue_redis() -> Redis:
    """The Redis of queues, hints and tickets."""
    return _client("REDIS_QUEUE", os.getpid())


def cache_redis() -> Redis:
    """The bounded Redis of counters and caches."""
    return _client("REDIS_CACHE", os.getpid())


@lru_cache(maxsize=4)
def _client(setting: str, pid: int) -> Redis:
    # The process id is part of the key: a forked work-horse must not share its parent's socket.
    arguments: dict[str, Any] = getattr(settings, setting)
    return Redis(
        **arguments,
        socket_timeout=1.5,
        socket_connect_timeout=1,
        health_check_interval=30,
        retry=Retry(ExponentialWithJitterBackoff(base=0.02, cap=0.2), 1),
    )


def reachable(client: Redis) -> bool:
    """Whether it answers a PING."""
    try:
        return bool(client.ping())
    except RedisError:
        return False
