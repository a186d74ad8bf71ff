"""The last look at a finished video: is it what was promised, and is there something to see?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from generations.media import layout
from generations.media.ffmpeg import ffmpeg_run, source
from generations.media.frame import FrameFormat
from generations.media.probe import MediaInfo, probe
from pathlib import Path

DURATION_TOLERANCE = 0.02
TIMEOUT_SECONDS = 300
BLACK_SECONDS = 1
SILENT_SECONDS = 2
#: Two keyframes in a row that are the same picture, which motion does not give.
FROZEN_SECONDS = layout.KEYFRAME_SECONDS - 0.1

_SIGHTING = re.compile(r"(black|freeze|silence)_(start|end): ?(\d+(?:\.\d+)?)")
_NAMES = {"black": "black", "freeze": "frozen", "silence": "silent"}


@dataclass(frozen=True)
class Inspection:
    """Sentences for people. With errors the video is not what was asked for; warnings are worth a look."""

    errors: list[str]
    warnings: list[str]
    info: MediaInfo


def video_inspect(
    video: Path, *, frame: FrameFormat, duration_seconds: float | Decimal, sound_expected: bool = False
) -> Inspection:
    """Check a finished video against what was asked for. Silence is a warning where sound was expected."""
    info = probe(video)
    errors = [*_picture_errors(info, frame), *_time_errors(info, frame, float(duration_seconds))]
    return Inspection(errors, list(_warnings(video, info, sound_expected)), info)


def _picture_errors(info: MediaInfo, frame: FrameFormat) -> Iterator[str]:
    if (info.width, info.height) != (frame.width, frame.height):
        yield f"The picture is {info.width} by {info.height}, not {frame.width} by {frame.height}."
    if (info.video_codec, info.pixel_format) != ("h264", "yuv420p"):
        yield f"The picture is {info.video_codec} {info.pixel_format}, not h264 yuv420p."
    if info.audio_codec != "aac":
        yield f"The sound is {info.audio_codec or 'missing'}, not aac."
    if not info.faststart:
        yield "The index is at the end of the file, so that browsers have to load all of it first."


def _time_errors(info: MediaInfo, frame: FrameFormat, duration_seconds: float) -> Iterator[str]:
    a_frame = 1 / frame.fps
    if abs(info.video_seconds - duration_seconds) > max(a_frame, DURATION_TOLERANCE * duration_seconds):
        yield f"It plays for {info.video_seconds:.2f} seconds, not {duration_seconds:.2f}."
    if not info.constant_rate or abs(info.fps - frame.fps) > DURATION_TOLERANCE:
        yield f"It does not show {frame.fps} frames in each second."
    if info.audio_codec and abs(info.audio_seconds - info.video_seconds) > a_frame:
        yield f"The sound lasts {info.audio_seconds:.2f} seconds, the picture {info.video_seconds:.2f}."


def _warnings(video: Path, info: MediaInfo, sound_expected: bool) -> Iterator[str]:
    # A keyframe every two seconds is enough to see black and still ones, and takes a fifth of the time.
    small = "scale=160:-2:flags=fast_bilinear"
    looking = f"{small},blackdetect=d={BLACK_SECONDS},freezedetect=d={FROZEN_SECONDS}"
    arguments = ["-v", "info", "-skip_frame", "nokey", *source(video), "-map", "0:v", "-vf", looking]
    if sound_expected and info.audio_codec:
        arguments += ["-map", "0:a", "-af", f"silencedetect=noise=-60dB:d={SILENT_SECONDS}"]
    log = ffmpeg_run([*arguments, "-f", "null", "-"], timeout_seconds=TIMEOUT_SECONDS)
    for name, start, end in _stretches(log, info.duration_seconds):
        yield f"It is {name} from {start:.1f} to {end:.1f} seconds."


def _stretches(log: str, duration_seconds: float) -> Iterator[tuple[str, float, float]]:
    started: dict[str, float] = {}
    for kind, edge, second in _SIGHTING.findall(log):
        if edge == "start":
            started[kind] = float(second)
        else:
            yield _NAMES[kind], started.pop(kind, 0.0), float(second)
    for kind, start in started.items():
        yield _NAMES[kind], start, duration_seconds
