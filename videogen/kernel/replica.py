"""Reads from a streaming replica, which never show an owner less than that owner has written or seen.

A mark is a place in the primary's log that the replica must have replayed before it serves an owner.
Whatever is written for an owner raises the mark, and so does every read that the primary served in the
replica's stead: who has seen 60 % there is not shown 55 % here. A window of time could not promise that
without keeping whoever polls on the primary for good. Marks live in the Redis that
does not evict, for all processes together; they may go once any replica that is still asked must have
passed them.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError
from redis.exceptions import RedisError

from videogen.kernel.redis import queue_redis
from videogen.kernel.standby import LATE_SECONDS, REPLICA, primary_position, standby

logger = logging.getLogger(__name__)

Found = TypeVar("Found")

MARK_SECONDS = int(4 * LATE_SECONDS)

_RAISE = """
if tonumber(redis.call('GET', KEYS[1]) or 0) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
"""


def replica_read(*, owner_id: int, read: Callable[[str], Found]) -> Found:
    """What `read(alias)` finds, with `Model.objects.using(alias)`, for the rows of one owner.

    It is asked of the replica where that is there, not late, and past the owner's mark. Where not, where it
    fails, and where it finds None, the primary is asked: so `read` must only read, and may be called twice.
    """
    if not settings.DATABASE_REPLICA_URL:
        return read(DEFAULT_DB_ALIAS)
    if _may_serve(owner_id):
        try:
            found = read(REPLICA)
        except (OperationalError, InterfaceError) as error:
            standby.failed(error)
        else:
            if found is not None:
                return found
    found = read(DEFAULT_DB_ALIAS)
    replica_wrote(owner_id=owner_id)
    return found


def replica_wrote(*, owner_id: int) -> None:
    """After a commit, and before anybody is told of it: what comes for this owner must have all of it."""
    if not settings.DATABASE_REPLICA_URL:
        return
    try:
        position = primary_position()
        raise_mark = queue_redis().register_script(_RAISE)
        raise_mark(keys=[_key(owner_id)], args=[position, MARK_SECONDS])
    except (OperationalError, InterfaceError, RedisError) as error:  # What was written is written.
        logger.warning("An owner's mark was not raised: %s", error)
        standby.distrust()


def _may_serve(owner_id: int) -> bool:
    try:
        mark = queue_redis().get(_key(owner_id))
    except RedisError:
        standby.distrust()
        return False
    return standby.has(int(mark) if mark else 0)


def _key(owner_id: int) -> str:
    return f"replica:mark:{owner_id}"
