"""The bytes of videos, posters, clips and thumbnails: Range is honoured, or a signed URL answered."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from generations.api.base import ApiView, visible_generation
from generations.api.not_ready import not_ready
from generations.api.schema import operation
from generations.models import Clip
from generations.states import ClipStatus, GenerationStatus
from storage_app.responses import asset_response

RANGE = OpenApiParameter(
    "Range", OpenApiTypes.STR, OpenApiParameter.HEADER, description="Such as `bytes=0-1023`."
)


def media(operation_id: str, summary: str, code: str, media_type: str) -> Callable[[Any], Any]:
    """The document of an address that answers bytes."""
    return operation(
        operation_id,
        "Media",
        summary,
        f"404 with the code `{code}.not_ready` until it is there.",
        parameters=[RANGE],
        answers={
            (200, media_type): OpenApiResponse(OpenApiTypes.BINARY, description="The bytes."),
            (206, media_type): OpenApiResponse(
                OpenApiTypes.BINARY, description="The part that was asked for."
            ),
            302: OpenApiResponse(description="To a signed address that gives them for a while."),
            304: OpenApiResponse(description="You have them: `If-None-Match` is their `ETag`."),
        },
        problems=(404, 416),
    )


class VideoView(ApiView):
    """`/generations/{id}/video`."""

    @media("generations_video_get", "The video", "video", "video/mp4")
    def get(self, request: Request, generation_id: UUID) -> HttpResponseBase:
        generation = visible_generation(request, generation_id, load=["video"])
        if generation.status != GenerationStatus.COMPLETED or generation.video is None:
            raise not_ready("video", generation)
        return asset_response(request._request, generation.video, filename=f"{generation.pk}.mp4")


class PosterView(ApiView):
    """`/generations/{id}/poster`."""

    @media("generations_poster_get", "The poster", "poster", "image/jpeg")
    def get(self, request: Request, generation_id: UUID) -> HttpResponseBase:
        generation = visible_generation(request, generation_id, load=["poster"])
        if generation.status != GenerationStatus.COMPLETED or generation.poster is None:
            raise not_ready("poster", generation)
        return asset_response(request._request, generation.poster, filename=f"{generation.pk}.jpg")


class ClipVideoView(ApiView):
    """`/generations/{id}/clips/{position}/video`."""

    @media("generations_clips_video_get", "The video of a clip", "clip", "video/mp4")
    def get(self, request: Request, generation_id: UUID, position: int) -> HttpResponseBase:
        clip = visible_clip(request, generation_id, position)
        if clip.status != ClipStatus.READY or clip.video is None:
            raise not_ready("clip", clip.generation)
        return asset_response(request._request, clip.video, filename=f"{generation_id}-{position}.mp4")


class ClipThumbnailView(ApiView):
    """`/generations/{id}/clips/{position}/thumbnail`."""

    @media("generations_clips_thumbnail_get", "The thumbnail of a clip", "clip", "image/jpeg")
    def get(self, request: Request, generation_id: UUID, position: int) -> HttpResponseBase:
        clip = visible_clip(request, generation_id, position)
        if clip.status != ClipStatus.READY or clip.thumbnail is None:
            raise not_ready("clip", clip.generation)
        return asset_response(request._request, clip.thumbnail, filename=f"{generation_id}-{position}.jpg")


def visible_clip(request: Request, generation_id: UUID, position: int) -> Clip:
    """A clip of the caller's own generation."""
    generation = visible_generation(request, generation_id)
    clip: Clip | None = (
        generation.clips.filter(position=position).select_related("video", "thumbnail").first()
    )
    if clip is None and generation.clip_count == 0:
        raise not_ready("clip", generation)
    if clip is None:
        raise NotFound(f"There is no clip {position}; positions run from 1 to {generation.clip_count}.")
    return clip
