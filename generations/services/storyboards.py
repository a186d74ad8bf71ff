"""From the storyboard to the clips of a generation."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from analysis.contracts import Scene, Storyboard
from generations.media.frame import FrameFormat, frame_format
from generations.media.transitions import CUT, NO_EDGES, Edges, edges_of
from generations.models import Clip, Generation
from generations.providers.base import ClipSpec
from generations.providers.durations import Fitted
from generations.providers.registry import hosted_provider
from generations.providers.video_models import video_model
from generations.services.events import event_record
from generations.services.offers import clip_spec, request_fit, scenes_fit
from generations.services.references import reference_files
from generations.services.requests import request_of


@dataclass(frozen=True)
class _AsWritten:
    """A storyboard for a provider that draws to measure."""

    storyboard: Storyboard
    warnings: tuple[str, ...] = ()

    @property
    def bought(self) -> list[None]:
        return [None] * len(self.storyboard.scenes)


def storyboard_adopt(*, generation: Generation, storyboard: Storyboard) -> None:
    """Store the storyboard, fitted to what the model can make, and plan its clips. The lock is held."""
    fitted = _fitted(generation, storyboard)
    generation.storyboard = fitted.storyboard.model_dump(mode="json")
    clips = zip(fitted.storyboard.scenes, fitted.bought, strict=True)
    Clip.objects.bulk_create(clip_planned(generation, scene, seconds) for scene, seconds in clips)
    generation.clip_count = len(fitted.storyboard.scenes)
    generation.warnings = list(dict.fromkeys([*generation.warnings, *fitted.warnings]))
    generation.save(update_fields=["storyboard", "clip_count", "warnings"])
    event_record(
        generation=generation,
        type="storyboard.ready",
        stage="micro_prompts",
        clip_count=generation.clip_count,
    )


def _fitted(generation: Generation, storyboard: Storyboard) -> Fitted | _AsWritten:
    if not hosted_provider(generation.provider):
        return _AsWritten(storyboard)
    model = video_model(generation.provider, generation.model)
    return scenes_fit(model, request_fit(model, request_of(generation)), storyboard)


def clip_planned(generation: Generation, scene: Scene, bought_seconds: Decimal | None) -> Clip:
    """A clip for a scene, as its generation's provider is to make it. Not saved."""
    frame = generation_frame(generation)
    request = request_of(generation)
    spec = clip_spec(
        scene,
        frame,
        request,
        generation.model,
        bought_seconds=bought_seconds,
        references=reference_files(generation),
        edges=clip_edges(generation, scene.position),
    )
    return Clip(
        generation=generation,
        position=scene.position,
        scene=scene.model_dump(mode="json"),
        duration_seconds=scene.duration_seconds,
        bought_seconds=bought_seconds,
        fingerprint=fingerprint(spec, provider=generation.provider),
        provider=generation.provider,
        model=spec.model,
        seed=spec.seed,
    )


def generation_frame(generation: Generation) -> FrameFormat:
    """The size and rate of its picture."""
    return frame_format(aspect_ratio=generation.aspect_ratio, resolution=generation.resolution)


def clip_spec_of(*, generation: Generation, clip: Clip) -> ClipSpec:
    """What the provider gets for a stored clip."""
    return ClipSpec(
        scene=Scene.model_validate(clip.scene),
        frame=generation_frame(generation),
        seed=clip.seed,
        style=generation.style,
        model=clip.model,
        aspect_ratio=generation.aspect_ratio,
        resolution=generation.resolution,
        audio=generation.audio,
        bought_seconds=clip.bought_seconds,
        references=reference_files(generation),
        edges=clip_edges(generation, clip.position),
    )


def clip_edges(generation: Generation, position: int) -> Edges:
    """Which frames of a clip are for transitions."""
    if generation.transition == CUT:
        return NO_EDGES
    seconds = [Decimal(scene["duration_seconds"]) for scene in (generation.storyboard or {})["scenes"]]
    return edges_of(generation.transition, seconds, position, generation_frame(generation))


def fingerprint(spec: ClipSpec, *, provider: str) -> str:
    """SHA-256 over all that a clip is made from. Equal fingerprints mean equal clips."""
    made_from: dict[str, Any] = {
        "provider": provider,
        "model": spec.model,
        "scene": spec.scene.model_dump(mode="json"),
        "frame": [spec.frame.width, spec.frame.height, spec.frame.fps],
        "seed": spec.seed,
        "style": spec.style,
        "captions": spec.captions,
    }
    if spec.bought_seconds is not None:
        made_from |= {"bought_seconds": str(spec.bought_seconds), "audio": spec.audio}
    if spec.references:
        made_from["references"] = [reference.sha256 for reference in spec.references]
    if spec.edges != NO_EDGES:
        made_from["edges"] = [spec.edges.head, spec.edges.handle]
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()
