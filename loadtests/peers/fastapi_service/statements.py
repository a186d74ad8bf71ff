"""The statements of the service: selective columns, by the primary key and by indexes, written once."""

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from loadtests.peers.fastapi_service.tables import ApiKey, Asset, Generation, IdempotencyKey, User

#: A statement and its parameters.
Asked = tuple[Select[*tuple[Any, ...]], dict[str, Any]]

WORKABLE = ("queued", "processing")
#: Who is behind so many is told that they are behind so many.
QUEUE_COUNTED = 1000

#: What only workers read, and the names that differ.
_UNSHOWN = {"owner_id", "api_key_id", "last_sequence", "video_id", "metadata"}
_SHOWN = [column for column in Generation.__table__.columns if column.name not in _UNSHOWN]


_USABLE_KEY = (
    select(ApiKey.id, ApiKey.user_id, ApiKey.scopes)
    .join(User, User.id == ApiKey.user_id)
    .where(
        ApiKey.secret_hash == bindparam("secret_hash"),
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
        User.is_active,
    )
)


def usable_key(secret: str) -> Asked:
    """The key with this secret: its id, its user, and its scopes."""
    return _USABLE_KEY, {"secret_hash": hashlib.sha256(secret.encode()).hexdigest()}


def _queue_position() -> ColumnElement[int | None]:
    earlier = aliased(Generation)
    counted = (
        select(earlier.created_at)
        .where(earlier.status == "queued", earlier.created_at < Generation.created_at)
        .limit(QUEUE_COUNTED)
        .correlate(Generation)
        .subquery()
    )
    ahead = select(func.count()).select_from(counted).scalar_subquery()
    return case((Generation.status == "queued", ahead + 1), else_=None)


_GENERATION = (
    select(
        *_SHOWN,
        Generation.notes.label("metadata"),
        _queue_position().label("queue_position"),
        Asset.size_bytes,
        Asset.sha256,
        Asset.media_type,
    )
    .select_from(Generation)
    .outerjoin(Asset, Asset.id == Generation.video_id)
    .where(Generation.id == bindparam("id"), Generation.owner_id == bindparam("owner_id"))
)


def generation_by_id(generation_id: UUID, owner_id: int) -> Asked:
    """All that is shown of one generation, in one row."""
    return _GENERATION, {"id": generation_id, "owner_id": owner_id}


_LEFT = 1 - Generation.clips_ready * 1.0 / func.greatest(Generation.clip_count, 1)
#: How many seconds of clips are still to be made.
BACKLOG = select(func.coalesce(func.sum(Generation.duration_seconds * _LEFT), 0.0)).where(
    Generation.status.in_(WORKABLE)
)

_EARLIER = select(IdempotencyKey.fingerprint, IdempotencyKey.body).where(
    IdempotencyKey.owner_id == bindparam("owner_id"), IdempotencyKey.key == bindparam("key")
)


def earlier_answer(owner_id: int, key: str) -> Asked:
    """What was answered under an idempotency key."""
    return _EARLIER, {"owner_id": owner_id, "key": key}
