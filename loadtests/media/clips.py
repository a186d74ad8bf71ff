"""Clips to join: drawn scenes with a tone, conformed as the pipeline does it, for cuts or transitions."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from analysis.contracts import Scene
from generations.media.conform import clip_conform
from generations.media.ffmpeg import ffmpeg_run
from generations.media.frame import FrameFormat
from generations.media.transitions import CUT, DISSOLVE, edges_of
from generations.providers.animatic.provider import load_renderer
from generations.providers.base import ClipSpec

CLIPS = 6
SECONDS = Decimal(5)
SCENES: tuple[dict[str, Any], ...] = (
    {"setting": "city", "weather": "rain", "time_of_day": "night", "camera": "pan_left"},
    {"setting": "sea", "weather": "clear", "time_of_day": "dawn", "camera": "push_in"},
    {"setting": "forest", "weather": "clear", "time_of_day": "day", "camera": "push_in"},
    {"setting": "interior", "weather": "clear", "time_of_day": "dusk", "camera": "orbit"},
    {"setting": "mountains", "weather": "snow", "time_of_day": "day", "camera": "pan_right"},
    {"setting": "street", "weather": "rain", "time_of_day": "night", "camera": "tilt_up"},
)


def spec_of(number: int, frame: FrameFormat) -> ClipSpec:
    """One of the scenes, as `animatic` gets it."""
    scene = Scene(
        position=number + 1,
        duration_seconds=SECONDS,
        title="A cup for every day",
        micro_prompt=f"A reusable coffee cup, scene {number + 1}",
        subject="a cup",
        mood="calm",
        palette=["#0f766e", "#f59e0b", "#f8fafc"],
        **SCENES[number],
    )
    return ClipSpec(scene=scene, frame=frame, seed=7)


def clips_make(directory: Path, frame: FrameFormat) -> dict[str, list[Path]]:
    """The conformed clips: for `cut` and for transitions, and both of them `silent`, too."""
    sources = [_source(directory / f"source-{number}.mkv", number, frame) for number in range(CLIPS)]
    made = {kind: _conformed(directory, kind, sources, frame) for kind in (CUT, "transition")}
    silent = {f"{kind} silent": [_muted(clip) for clip in clips] for kind, clips in made.items()}
    return made | silent


def _source(target: Path, number: int, frame: FrameFormat) -> Path:
    drawn, spec = target.with_suffix(".mp4"), spec_of(number, frame)
    longer = replace(spec, scene=spec.scene.model_copy(update={"duration_seconds": SECONDS + 1}))
    load_renderer().render_clip(longer, drawn, lambda _: None)
    tone = f"sine=f={220 + 55 * number}:r=48000:d={SECONDS + 1},volume=0.3"
    noise = "anoisesrc=c=pink:r=48000:a=0.1"
    ffmpeg_run(
        [
            *["-i", str(drawn), "-f", "lavfi", "-i", tone, "-f", "lavfi", "-i", noise],
            *["-filter_complex", "[1][2]amix=duration=first,aformat=channel_layouts=stereo[a]"],
            *["-map", "0:v", "-map", "[a]", "-c:v", "copy", "-c:a", "flac", str(target)],
        ],
        timeout_seconds=60,
    )
    return target


def _conformed(directory: Path, kind: str, sources: list[Path], frame: FrameFormat) -> list[Path]:
    clips = []
    for number, source in enumerate(sources):
        clips.append(directory / f"{kind}-{number}.mp4")
        transition = CUT if kind == CUT else DISSOLVE
        clip_conform(
            source,
            clips[-1],
            frame=frame,
            duration_seconds=SECONDS,
            trusted=False,
            edges=edges_of(transition, [SECONDS] * CLIPS, number + 1, frame),
        )
    return clips


def _muted(clip: Path) -> Path:
    target = clip.with_name(f"{clip.stem}-silent.mp4")
    ffmpeg_run(["-i", str(clip), "-an", "-c", "copy", str(target)], timeout_seconds=60)
    return target
