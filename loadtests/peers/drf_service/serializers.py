"""A generation as a ModelSerializer."""

from typing import Any, ClassVar

from django.conf import settings
from rest_framework import serializers

from generations.media.frame import ASPECT_RATIOS, RESOLUTIONS, frame_format
from generations.models import Generation
from generations.services.plans import eta_seconds


def dollars() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=14, decimal_places=6, read_only=True)


class CostSerializer(serializers.ModelSerializer[Generation]):
    estimated_usd, actual_usd, analysis_usd, reserved_usd = (dollars() for _ in range(4))

    class Meta:
        model = Generation
        fields = ["estimated_usd", "actual_usd", "analysis_usd", "reserved_usd"]


class GenerationSerializer(serializers.ModelSerializer[Generation]):
    eta_seconds = serializers.SerializerMethodField()
    queue_position = serializers.IntegerField(read_only=True)
    seed = serializers.IntegerField(required=False, min_value=0)
    max_cost_usd = serializers.DecimalField(
        max_digits=14, decimal_places=6, required=False, allow_null=True, default=None
    )
    duration_seconds = serializers.IntegerField(min_value=4, max_value=180, default=15)
    aspect_ratio = serializers.ChoiceField(list(ASPECT_RATIOS), default="16:9")
    resolution = serializers.ChoiceField(list(RESOLUTIONS), default="720p")
    provider = serializers.ChoiceField(["auto", "animatic"], default="auto")
    video = serializers.SerializerMethodField()
    cost = CostSerializer(source="*", read_only=True)
    parent_id = serializers.UUIDField(read_only=True)
    links = serializers.SerializerMethodField()

    class Meta:
        model = Generation
        written = [
            "prompt",
            "duration_seconds",
            "aspect_ratio",
            "resolution",
            "style",
            "transition",
            "brand",
            "references",
            "provider",
            "model",
            "audio",
            "approval",
            "max_cost_usd",
            "seed",
            "metadata",
        ]
        read_only_fields: ClassVar = [
            "id",
            "status",
            "stage",
            "percentage",
            "eta_seconds",
            "queue_position",
            "routing",
            "clip_count",
            "clips_ready",
            "video",
            "error",
            "cost",
            "warnings",
            "version",
            "parent_id",
            "created_at",
            "updated_at",
            "started_at",
            "finished_at",
            "estimated_completion",
            "links",
        ]
        fields = [*written, *read_only_fields]

    def get_eta_seconds(self, generation: Generation) -> int | None:
        return eta_seconds(generation)

    def get_video(self, generation: Generation) -> dict[str, Any] | None:
        if generation.status != "completed" or generation.video is None:
            return None
        url = self._url(generation)
        frame = frame_format(aspect_ratio=generation.aspect_ratio, resolution=generation.resolution)
        return {
            "url": f"{url}/video",
            "poster_url": f"{url}/poster" if generation.poster_id else None,
            "duration_seconds": generation.duration_seconds,
            "width": frame.width,
            "height": frame.height,
            "size_bytes": generation.video.size_bytes,
            "sha256": generation.video.sha256,
            "media_type": generation.video.media_type,
        }

    def get_links(self, generation: Generation) -> dict[str, str]:
        url = self._url(generation)
        parts = {part: f"{url}/{part}" for part in ("events", "clips", "storyboard", "cancel", "video")}
        websocket = f"{settings.PUBLIC_WS_URL}/ws/generations/{generation.pk}"
        return {"self": url, **parts, "websocket": websocket}

    def _url(self, generation: Generation) -> str:
        return f"{settings.PUBLIC_URL}/api/v1/generations/{generation.pk}"
