"""The last look: is it what was asked for? Then the poster, and the video is out."""

from collections.abc import Mapping
from typing import Any

from generations.media.inspection import video_inspect
from generations.media.poster import poster_time, poster_write
from generations.models import Clip, Generation
from generations.services.storyboards import generation_frame
from generations.stages.base import StageWork, warnings_add
from storage_app.models import AssetKind
from videogen.kernel.errors import DomainError


class VideoRejected(DomainError):
    """The assembled video is not what was asked for."""

    code = "media.rejected"
    retryable = False


def execute(work: StageWork) -> Mapping[str, Any]:
    generation = work.generation
    video = work.fetch(generation.video, "video.mp4")
    inspection = video_inspect(
        video, frame=generation_frame(generation), duration_seconds=generation.duration_seconds
    )
    if inspection.errors:
        raise VideoRejected("The video failed its checks: " + " ".join(inspection.errors))
    poster = work.directory / "poster.jpg"
    poster_write(video, poster, at_seconds=poster_time(video))
    return {"poster": work.keep(poster, AssetKind.POSTER), "warnings": list(inspection.warnings)}


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    generation.poster_id = output["poster"]
    warnings_add(generation, output)
    generation.save(update_fields=["poster", "warnings"])
