"""The last look at a finished video: is it what was promised, and is there something to see?"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy
from av.container import InputContainer
from av.video.frame import VideoFrame

from generations.media.frame import FrameFormat
from generations.media.probe import MediaInfo, open_video, probe

Piece = tuple[float, float]
Sketch = numpy.ndarray[Any, numpy.dtype[numpy.float32]]

DURATION_TOLERANCE = 0.02
#: How long a stretch must be to be worth a warning.
BLACK_SECONDS = 1.0
FROZEN_SECONDS = 2.0
SILENT_SECONDS = 2.0
#: Of 255: what is darker than this everywhere is black, and pictures that differ by less are the same.
BLACK_LEVEL = 24
SAME_LEVEL = 0.5
#: Of full scale; 60 dB below it.
SILENT_LEVEL = 0.001
SKETCH = (160, 90)


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
    with open_video(video) as container:
        black, frozen = _dull_pictures(container, info.video_seconds)
        sights = [("black", black, BLACK_SECONDS), ("frozen", frozen, FROZEN_SECONDS)]
    if sound_expected and info.audio_codec:
        with open_video(video) as container:
            sights.append(("silent", _silent_pieces(container), SILENT_SECONDS))
    for name, pieces, at_least in sights:
        for start, end in _joined(pieces):
            if end - start >= at_least:
                yield f"It is {name} from {start:.1f} to {end:.1f} seconds."


def _dull_pictures(container: InputContainer, end: float) -> tuple[list[Piece], list[Piece]]:
    """Where it is black, and where it is frozen, as far as the keyframes tell: at most two seconds apart."""
    stream = container.streams.video[0]
    stream.codec_context.skip_frame = "NONKEY"  # Decoding them all takes five times as long.
    frames = [(float(frame.time or 0), _sketch(frame)) for frame in container.decode(stream)]
    black, frozen, still = [], [], False
    for (start, sketch), following in zip_longest(frames, frames[1:]):
        if following:  # The last one lasts to the end, and is as still as the one before.
            still = float(numpy.abs(sketch - following[1]).mean()) < SAME_LEVEL
        piece = (start, following[0] if following else end)
        if float(sketch.max()) < BLACK_LEVEL:
            black.append(piece)
        elif still:
            frozen.append(piece)
    return black, frozen


def _sketch(frame: VideoFrame) -> Sketch:
    width, height = SKETCH
    return frame.reformat(width=width, height=height, format="rgb24").to_ndarray().astype(numpy.float32)


def _silent_pieces(container: InputContainer) -> list[Piece]:
    pieces = []
    for frame in container.decode(container.streams.audio[0]):
        if float(numpy.abs(frame.to_ndarray()).max()) < SILENT_LEVEL:
            start = float(frame.time or 0)
            pieces.append((start, start + frame.samples / frame.sample_rate))
    return pieces


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Pieces that touch, as one."""
    current: Piece | None = None
    for start, end in pieces:
        if current and start - current[1] < 0.01:
            current = (current[0], end)
        else:
            if current:
                yield current
            current = (start, end)
    if current:
        yield current
