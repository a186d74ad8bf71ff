"""Small moving pictures of any size and length, each kind made once."""

import math
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from generations.media.ffmpeg import ffmpeg_run
from generations.testing.video_servers.faults import Fault

_LOCK = threading.Lock()


@dataclass(frozen=True)
class Shape:
    """What can be said about a video without looking at it."""

    width: int
    height: int
    seconds: float
    audio: bool
    fps: int = 24


_MADE: dict[Shape, bytes] = {}


def video(shape: Shape) -> bytes:
    """An MP4 of this shape."""
    if shape not in _MADE:
        with _LOCK:  # One at a time, and for the others it is ready then.
            if shape not in _MADE:
                _MADE[shape] = _encoded(shape)
    return _MADE[shape]


def size_of(aspect_ratio: str, short_side: int) -> tuple[int, int]:
    """Width and height, both even."""
    across, _, down = aspect_ratio.partition(":")
    ratio = int(across) / int(down)
    width = short_side * max(ratio, 1.0)
    height = short_side / min(ratio, 1.0)
    return math.floor(width / 2) * 2, math.floor(height / 2) * 2


def bent(shape: Shape, fault: Fault | None) -> Shape:
    """What a fault makes of it."""
    if not fault:
        return shape
    match fault.kind:
        case "short_clip":
            return replace(shape, seconds=fault.seconds or shape.seconds / 2)
        case "other_size":
            width, _, height = (fault.message or "640x360").partition("x")
            return replace(shape, width=int(width), height=int(height))
        case "other_fps":
            return replace(shape, fps=int(fault.message or 12))
        case "silent":
            return replace(shape, audio=False)
        case "with_audio":
            return replace(shape, audio=True)
    return shape


def _encoded(shape: Shape) -> bytes:
    picture = f"testsrc2=size={shape.width}x{shape.height}:rate={shape.fps}:duration={shape.seconds}"
    sound = f"sine=frequency=440:sample_rate=44100:duration={shape.seconds}"
    sources = ["-f", "lavfi", "-i", picture, *(["-f", "lavfi", "-i", sound] if shape.audio else [])]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "video.mp4"
        ffmpeg_run([*sources, *coding, "-movflags", "+faststart", str(target)], timeout_seconds=120)
        return target.read_bytes()
