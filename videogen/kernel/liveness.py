"""Who is there: processes that nobody can ask leave a note in Redis, which fades."""

import logging
import os
import socket

from redis.exceptions import RedisError

from videogen.kernel.redis import queue_redis

logger = logging.getLogger(__name__)

#: Write the note a few times within this.
NOTE_SECONDS = 15


def alive_tell(role: str) -> None:
    """Say that this process is at work as `role`."""
    try:
        queue_redis().set(f"alive:{role}:{socket.gethostname()}:{os.getpid()}", 1, ex=NOTE_SECONDS)
    except RedisError as error:
        logger.warning("Nobody will see that the %s is alive, Redis does not answer: %s", role, error)


def alive_count(role: str) -> int:
    """How many processes said so lately. Raises `RedisError`."""
    return sum(1 for _ in queue_redis().scan_iter(match=f"alive:{role}:*", count=1000))
