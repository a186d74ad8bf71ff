"""How clients see a generation and its parts. Plain dicts, made by hand: polling is the hot path."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Self

import orjson
from django.conf import settings
from django.db.models import QuerySet

from generations.models import Clip, Generation
from generations.services.plans import eta_seconds, seconds_until
from generations.services.storyboards import generation_frame
from generations.states import ClipStatus, GenerationStatus
from storage_app.models import Asset

#: Columns that only workers read; they can be large.
UNSHOWN = ("analysis", "brand_analysis", "storyboard")

#: The one part of a generation's body that changes by itself.
RUNNING_CLOCK = "eta_seconds"


def for_output(generations: QuerySet[Generation]) -> QuerySet[Generation]:
    """With all that `generation_output` shows, in one query."""
    shown: QuerySet[Generation] = generations.with_queue_position()  # type: ignore[attr-defined]
    return shown.select_related("video").defer(*UNSHOWN)


def generation_output(generation: Generation) -> dict[str, Any]:
    """A generation, as every answer and every replay shows it."""
    return {
        "id": str(generation.pk),
        "status": generation.status,
        "stage": generation.stage,
        "percentage": generation.percentage,
        "queue_position": generation.queue_position,
        "prompt": generation.prompt,
        "duration_seconds": generation.duration_seconds,
        "aspect_ratio": generation.aspect_ratio,
        "resolution": generation.resolution,
        "transition": generation.transition,
        "style": generation.style,
        "brand": generation.brand,
        "references": generation.references,
        "provider": generation.provider,
        "model": generation.model,
        "audio": generation.audio,
        "routing": generation.routing,
        "approval": generation.approval,
        "max_cost_usd": dollars(generation.max_cost_usd),
        "seed": generation.seed,
        "metadata": generation.metadata,
        "clip_count": generation.clip_count,
        "clips_ready": generation.clips_ready,
        "video": _video(generation),
        "error": generation.error and {"hint": ""} | generation.error,  # Older ones have none.
        "cost": {
            "estimated_usd": dollars(generation.estimated_usd),
            "actual_usd": dollars(generation.actual_usd),
            "analysis_usd": dollars(generation.analysis_usd),
            "reserved_usd": dollars(generation.reserved_usd),
        },
        "warnings": generation.warnings,
        "version": generation.version,
        "parent_id": generation.parent_id and str(generation.parent_id),
        "created_at": moment(generation.created_at),
        "updated_at": moment(generation.updated_at),
        "started_at": moment(generation.started_at),
        "finished_at": moment(generation.finished_at),
        "estimated_completion": moment(generation.estimated_completion),
        "links": _links(generation),
        RUNNING_CLOCK: eta_seconds(generation),
    }


@dataclass(frozen=True, slots=True)
class Written:
    """`generation_output` in JSON, but for its running clock.

    The ETag is weak: two bodies that differ only in their running clock count as the same.
    """

    still: bytes
    etag: str
    ends_at: datetime | None

    @classmethod
    def of(cls, generation: Generation) -> Self:
        output = generation_output(generation)
        del output[RUNNING_CLOCK]
        still = orjson.dumps(output)
        digest = hashlib.blake2b(still, digest_size=12).hexdigest()
        ends_at = None if generation.is_finished else generation.estimated_completion
        return cls(still, f'W/"{digest}"', ends_at)

    def json(self) -> bytes:
        """The whole, as of now."""
        clock = orjson.dumps(seconds_until(self.ends_at))
        return b'%b,"%b":%b}' % (self.still[:-1], RUNNING_CLOCK.encode(), clock)


def _video(generation: Generation) -> dict[str, Any] | None:
    # It is assembled some time before it has passed its checks.
    if generation.status != GenerationStatus.COMPLETED or generation.video is None:
        return None
    url = address(generation)
    frame = generation_frame(generation)
    return {
        "url": f"{url}/video",
        "poster_url": f"{url}/poster" if generation.poster_id else None,
        "duration_seconds": generation.duration_seconds,
        "width": frame.width,
        "height": frame.height,
        **_bytes(generation.video),
    }


def _bytes(asset: Asset) -> dict[str, Any]:
    return {"size_bytes": asset.size_bytes, "sha256": asset.sha256, "media_type": asset.media_type}


def _links(generation: Generation) -> dict[str, str]:
    url = address(generation)
    parts = {part: f"{url}/{part}" for part in ("events", "clips", "storyboard", "cancel", "video")}
    return {"self": url, **parts, "websocket": f"{settings.PUBLIC_WS_URL}/ws/generations/{generation.pk}"}


def address(generation: Generation) -> str:
    """Where a generation is found."""
    return f"{settings.PUBLIC_URL}/api/v1/generations/{generation.pk}"


def clip_output(clip: Clip, generation: Generation) -> dict[str, Any]:
    """A clip. Its video and thumbnail are there once it is ready."""
    url = f"{address(generation)}/clips/{clip.position}"
    ready = clip.status == ClipStatus.READY
    return {
        "id": str(clip.pk),
        "position": clip.position,
        "status": clip.status,
        "duration_seconds": float(clip.duration_seconds),
        "bought_seconds": None if clip.bought_seconds is None else float(clip.bought_seconds),
        "reused": clip.is_reused,
        "scene": scene_output(clip.scene),
        "fingerprint": clip.fingerprint,
        "provider": clip.provider,
        "model": clip.model,
        "seed": clip.seed,
        "cost_usd": dollars(clip.cost_usd),
        "video": {"url": f"{url}/video", **_bytes(clip.video)} if ready and clip.video else None,
        "thumbnail_url": f"{url}/thumbnail" if ready and clip.thumbnail_id else None,
    }


def asset_output(asset: Asset) -> dict[str, Any]:
    """A reference picture."""
    url = asset_address(asset)
    return {
        "id": str(asset.pk),
        "kind": asset.kind,
        **_bytes(asset),
        "width": asset.width,
        "height": asset.height,
        "created_at": moment(asset.created_at),
        "links": {"self": url, "content": f"{url}/content"},
    }


def asset_address(asset: Asset) -> str:
    """Where a reference picture is found."""
    return f"{settings.PUBLIC_URL}/api/v1/assets/{asset.pk}"


def storyboard_output(storyboard: dict[str, Any]) -> dict[str, Any]:
    """A storyboard, as stored or as just written."""
    return {**storyboard, "scenes": [scene_output(scene) for scene in storyboard["scenes"]]}


def scene_output(scene: dict[str, Any]) -> dict[str, Any]:
    """A scene, its duration as a number (it is stored as exact text)."""
    return {**scene, "duration_seconds": float(scene["duration_seconds"])}


def dollars(amount: Decimal | None) -> str | None:
    """Money is text, so that no client rounds it; a text task may cost a hundredth of a cent."""
    return None if amount is None else f"{amount:.6f}"


def moment(when: datetime | None) -> str | None:
    """RFC 3339, in UTC."""
    return None if when is None else when.astimezone(UTC).isoformat().replace("+00:00", "Z")
