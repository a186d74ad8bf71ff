"""What clients send and get, as pydantic models."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer
from sqlalchemy import Row

from generations.media.frame import frame_format
from loadtests.peers.fastapi_service.configuration import PUBLIC_URL, PUBLIC_WS_URL

Dollars = Annotated[Decimal, PlainSerializer(lambda amount: f"{amount:.6f}", return_type=str)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]

FINISHED = ("completed", "failed", "cancelled")


class Brand(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80)]
    palette: Annotated[list[Colour], Field(max_length=6)] = []
    tone: Annotated[str, Field(max_length=200)] = ""
    guidelines: Annotated[str, Field(max_length=2000)] = ""


class GenerationIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    prompt: Annotated[str, Field(min_length=1, max_length=4000)]
    duration_seconds: Annotated[int, Field(ge=4, le=180)] = 15
    aspect_ratio: Literal["16:9", "9:16", "1:1", "4:5", "21:9"] = "16:9"
    resolution: Literal["480p", "720p", "1080p"] = "720p"
    style: Annotated[str, Field(max_length=200)] = ""
    transition: Literal["cut", "fade", "dissolve", "wipe"] = "cut"
    brand: Brand | None = None
    references: Annotated[list[UUID], Field(max_length=0)] = []
    provider: Literal["auto", "animatic"] = "auto"
    model: Literal["", "animatic-1"] = ""
    audio: Literal[False] | None = None
    approval: Literal["auto", "storyboard"] = "auto"
    max_cost_usd: Annotated[Decimal, Field(ge=0, le=10_000)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    metadata: dict[str, Any] = {}


class Video(BaseModel):
    url: str
    poster_url: str | None
    duration_seconds: int
    width: int
    height: int
    size_bytes: int
    sha256: str
    media_type: str


class Cost(BaseModel):
    estimated_usd: Dollars
    actual_usd: Dollars
    analysis_usd: Dollars
    reserved_usd: Dollars


class Links(BaseModel):
    self: str
    events: str
    clips: str
    storyboard: str
    cancel: str
    video: str
    websocket: str


class GenerationOut(BaseModel):
    id: UUID
    status: str
    stage: str
    percentage: int
    eta_seconds: int | None
    queue_position: int | None
    prompt: str
    duration_seconds: int
    aspect_ratio: str
    resolution: str
    style: str
    transition: str
    brand: dict[str, Any] | None
    references: list[str]
    provider: str
    model: str
    audio: bool | None
    routing: dict[str, Any] | None
    approval: str
    max_cost_usd: Dollars | None
    seed: int
    metadata: dict[str, Any]
    clip_count: int
    clips_ready: int
    video: Video | None
    error: dict[str, Any] | None
    cost: Cost
    warnings: list[str]
    version: int
    parent_id: UUID | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    estimated_completion: datetime | None
    links: Links

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """The answer about a row of `statements.generation_by_id`."""
        values = dict(row._mapping)
        url = f"{PUBLIC_URL}/api/v1/generations/{row.id}"
        return cls(
            **values,
            eta_seconds=_eta_seconds(row.status, row.estimated_completion),
            video=_video(row, url),
            cost=Cost.model_construct(**{name: values[name] for name in Cost.model_fields}),
            links=_links(row.id, url),
        )


def _eta_seconds(status: str, estimated_completion: datetime | None) -> int | None:
    if status in FINISHED or estimated_completion is None:
        return None
    return max(0, math.ceil((estimated_completion - datetime.now(UTC)).total_seconds()))


def _video(row: Row[Any], url: str) -> Video | None:
    if row.status != "completed" or row.sha256 is None:
        return None
    frame = frame_format(aspect_ratio=row.aspect_ratio, resolution=row.resolution)
    return Video.model_construct(
        url=f"{url}/video",
        poster_url=f"{url}/poster" if row.poster_id else None,
        duration_seconds=row.duration_seconds,
        width=frame.width,
        height=frame.height,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        media_type=row.media_type,
    )


def _links(generation_id: UUID, url: str) -> Links:
    parts = {part: f"{url}/{part}" for part in ("events", "clips", "storyboard", "cancel", "video")}
    websocket = f"{PUBLIC_WS_URL}/ws/generations/{generation_id}"
    return Links.model_construct(None, self=url, websocket=websocket, **parts)
