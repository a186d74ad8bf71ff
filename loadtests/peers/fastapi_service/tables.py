"""The tables, as SQLAlchemy sees them: those columns that the service reads or writes."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import DateTime, ForeignKey, Numeric, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


def now() -> datetime:
    return datetime.now(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(none_as_null=True),
        list[str]: JSONB,
        Decimal: Numeric(14, 8),
    }


class User(Base):
    __tablename__ = "auth_user"

    id: Mapped[int] = mapped_column(primary_key=True)
    is_active: Mapped[bool]


class ApiKey(Base):
    __tablename__ = "accounts_apikey"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    secret_hash: Mapped[str]
    scopes: Mapped[list[str]]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Asset(Base):
    __tablename__ = "storage_app_asset"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    sha256: Mapped[str]
    size_bytes: Mapped[int]
    media_type: Mapped[str]


class Generation(Base):
    __tablename__ = "generations_generation"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    api_key_id: Mapped[int | None] = mapped_column(ForeignKey(ApiKey.id))
    prompt: Mapped[str]
    duration_seconds: Mapped[int]
    aspect_ratio: Mapped[str]
    resolution: Mapped[str]
    style: Mapped[str]
    transition: Mapped[str]
    brand: Mapped[dict[str, Any] | None]
    references: Mapped[list[str]]
    provider: Mapped[str]
    model: Mapped[str]
    audio: Mapped[bool | None]
    routing: Mapped[dict[str, Any] | None]
    approval: Mapped[str]
    max_cost_usd: Mapped[Decimal | None]
    seed: Mapped[int]
    # SQLAlchemy has a `metadata` of its own.
    notes: Mapped[dict[str, Any]] = mapped_column("metadata")
    status: Mapped[str] = mapped_column(default="queued")
    stage: Mapped[str] = mapped_column(default="")
    percentage: Mapped[int] = mapped_column(default=0)
    estimated_completion: Mapped[datetime | None]
    last_sequence: Mapped[int] = mapped_column(default=0)
    warnings: Mapped[list[str]]
    error: Mapped[dict[str, Any] | None]
    clip_count: Mapped[int] = mapped_column(default=0)
    clips_ready: Mapped[int] = mapped_column(default=0)
    estimated_usd: Mapped[Decimal] = mapped_column(default=Decimal(0))
    actual_usd: Mapped[Decimal] = mapped_column(default=Decimal(0))
    analysis_usd: Mapped[Decimal] = mapped_column(default=Decimal(0))
    reserved_usd: Mapped[Decimal] = mapped_column(default=Decimal(0))
    video_id: Mapped[UUID | None] = mapped_column(ForeignKey(Asset.id))
    poster_id: Mapped[UUID | None] = mapped_column(ForeignKey(Asset.id))
    version: Mapped[int] = mapped_column(default=1)
    parent_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class ProgressEvent(Base):
    __tablename__ = "generations_progressevent"

    id: Mapped[int] = mapped_column(primary_key=True)
    generation_id: Mapped[UUID] = mapped_column(ForeignKey(Generation.id))
    sequence: Mapped[int]
    type: Mapped[str]
    stage: Mapped[str] = mapped_column(default="")
    status: Mapped[str]
    percentage: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(default="")
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class StageRun(Base):
    __tablename__ = "generations_stagerun"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    generation_id: Mapped[UUID] = mapped_column(ForeignKey(Generation.id))
    stage: Mapped[str]
    attempt: Mapped[int] = mapped_column(default=1)
    queue: Mapped[str]
    status: Mapped[str] = mapped_column(default="queued")
    percentage: Mapped[int] = mapped_column(default=0)
    worker: Mapped[str] = mapped_column(default="")
    error_code: Mapped[str] = mapped_column(default="")
    error_message: Mapped[str] = mapped_column(default="")
    turn: Mapped[int] = mapped_column(default=0)
    put_back_count: Mapped[int] = mapped_column(default=0)
    put_back_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    available_at: Mapped[datetime] = mapped_column(default=func.statement_timestamp())


class IdempotencyKey(Base):
    __tablename__ = "generations_idempotencykey"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey(User.id))
    key: Mapped[str]
    fingerprint: Mapped[str]
    generation_id: Mapped[UUID | None] = mapped_column(ForeignKey(Generation.id))
    body: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
