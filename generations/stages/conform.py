"""One clip brought to the one format that can be joined by copying."""

from collections.abc import Mapping
from typing import Any

from generations.media.conform import clip_conform
from generations.media.layout import KEYFRAME_SECONDS
from generations.media.poster import poster_write
from generations.models import Clip, Generation
from generations.providers.registry import provider_get
from generations.services.events import event_record
from generations.services.storyboards import clip_edges, generation_frame
from generations.stages.base import StageWork, one_clip
from generations.states import CLIP, ClipStatus
from storage_app.models import AssetKind

THUMBNAIL_WIDTH = 320


def execute(work: StageWork) -> Mapping[str, Any]:
    clip = one_clip(work.clip)
    source = work.fetch(clip.source, "source.mp4")
    target = work.directory / "clip.mp4"
    clip_conform(
        source,
        target,
        frame=generation_frame(work.generation),
        duration_seconds=clip.duration_seconds,
        edges=clip_edges(work.generation, clip.position),
        sound=work.generation.audio is not False,
        trusted=provider_get(clip.provider).capabilities().conformed,
        report=work.report,
    )
    thumbnail = work.directory / "thumbnail.jpg"
    middle = float(clip.duration_seconds) / 2
    # On a keyframe, so that one frame is decoded and not fifty.
    poster_write(target, thumbnail, at_seconds=middle - middle % KEYFRAME_SECONDS, width=THUMBNAIL_WIDTH)
    # What was conformed already is not kept twice.
    kept = str(clip.source_id) if target.samefile(source) else work.keep(target, AssetKind.CLIP)
    return {"video": kept, "thumbnail": work.keep(thumbnail, AssetKind.THUMBNAIL)}


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    clip = one_clip(clip)
    CLIP.move(clip, ClipStatus.READY, video_id=output["video"], thumbnail_id=output["thumbnail"])
    generation.clips_ready += 1
    generation.save(update_fields=["clips_ready"])
    event_record(generation=generation, type="clip.ready", stage="conform", position=clip.position)
