"""The clips joined into one video: their streams are copied, and only transitions are encoded."""

from collections.abc import Mapping
from typing import Any

from generations.media.assembly import clips_assemble
from generations.models import Clip, Generation
from generations.services.storyboards import clip_edges
from generations.stages.base import StageWork
from storage_app.models import AssetKind


def execute(work: StageWork) -> Mapping[str, Any]:
    generation = work.generation
    clips = Clip.objects.filter(generation=generation).select_related("video").order_by("position")
    sources = [work.fetch(clip.video, f"clip-{clip.position:03}.mp4") for clip in clips]
    target = work.directory / "video.mp4"
    overlaps = [clip_edges(generation, clip.position).handle for clip in clips][:-1]
    clips_assemble(sources, target, transition=generation.transition, overlaps=overlaps, report=work.report)
    return {"video": work.keep(target, AssetKind.VIDEO)}


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    generation.video_id = output["video"]
    generation.save(update_fields=["video"])
