"""Sending to a Channels group from synchronous code: one PUBLISH on a connection that is kept.

`async_to_sync(layer.group_send)` would open an event loop and a Redis connection for each
message (2 to 3 ms against 0.03). This writes what `channels_redis.pubsub` reads; a test
holds the two together.
"""

import logging
from typing import Any

import msgpack
from redis.exceptions import RedisError

from videogen.kernel.redis import queue_redis

logger = logging.getLogger(__name__)

#: The channel layer's default prefix.
PREFIX = "asgi"


def group_publish(group: str, message: dict[str, Any]) -> None:
    """Tell every subscriber of the group. A hint: when Redis is away it is lost, and the log says so."""
    try:
        queue_redis().publish(f"{PREFIX}__group__{group}", msgpack.packb(message, use_bin_type=True))
    except RedisError as error:
        logger.warning("A progress hint was lost, Redis does not answer: %s", error)
