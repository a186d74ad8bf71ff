"""From the storyboard to the clips of a generation."""

import hashlib
import json

from analysis.contracts import Scene, Storyboard
from generations.media.frame import FrameFormat, frame_format
from generations.models import Clip, Generation
from generations.providers.base import ClipSpec
from generations.services.events import event_record
from generations.services.planning import clip_spec
from generations.services.requests import request_of


def storyboard_adopt(*, generation: Generation, storyboard: Storyboard) -> None:
    """Store the storyboard and plan a clip for each scene. The lock is held."""
    specs = [(scene, _spec(generation, scene)) for scene in storyboard.scenes]
    Clip.objects.bulk_create(
        Clip(
            generation=generation,
            position=scene.position,
            scene=scene.model_dump(mode="json"),
            duration_seconds=scene.duration_seconds,
            fingerprint=fingerprint(spec, provider=generation.provider),
            provider=generation.provider,
            model=spec.model,
            seed=spec.seed,
        )
        for scene, spec in specs
    )
    generation.storyboard = storyboard.model_dump(mode="json")
    generation.clip_count = len(specs)
    generation.save(update_fields=["storyboard", "clip_count"])
    event_record(generation=generation, type="storyboard.ready", stage="micro_prompts", clip_count=len(specs))


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
    )


def fingerprint(spec: ClipSpec, *, provider: str) -> str:
    """SHA-256 over all that a clip is made from. Equal fingerprints mean equal clips."""
    made_from = {
        "provider": provider,
        "model": spec.model,
        "scene": spec.scene.model_dump(mode="json"),
        "frame": [spec.frame.width, spec.frame.height, spec.frame.fps],
        "seed": spec.seed,
        "style": spec.style,
        "captions": spec.captions,
    }
    return hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()


def _spec(generation: Generation, scene: Scene) -> ClipSpec:
    return clip_spec(scene, generation_frame(generation), request_of(generation), generation.model)
