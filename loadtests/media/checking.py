"""A joined video is compared only where it is whole: its length, its sound, and a blended frame."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from generations.media.frame import FrameFormat
from generations.media.probe import open_video, probe
from generations.media.transitions import HANDLE_SECONDS

TOLERANCE_SECONDS = 0.1
#: In the middle of a transition a frame is so far from both clips, as a share of what lies between them.
LEAST_SHARE = 0.2

Picture = npt.NDArray[np.int16]


def faults(
    target: Path,
    frame: FrameFormat,
    *,
    seconds: float,
    has_sound: bool,
    blends: tuple[Path, ...],
    scene_seconds: float,
) -> Iterator[str]:
    """What the video lacks. `blends` are its clips where they give way softly, after `scene_seconds` each."""
    found = probe(target)
    if abs(found.video_seconds - seconds) > TOLERANCE_SECONDS:
        yield f"it lasts {found.video_seconds:.2f} seconds, not {seconds:.2f}"
    if has_sound and abs(found.audio_seconds - seconds) > TOLERANCE_SECONDS:
        yield f"its sound lasts {found.audio_seconds:.2f} seconds, not {seconds:.2f}"
    if blends and not is_blended(target, blends, frame, scene_seconds):
        yield "no frame of its first transition is blended"


def is_blended(target: Path, clips: tuple[Path, ...], frame: FrameFormat, scene_seconds: float) -> bool:
    """Whether the middle of the first transition is neither the one clip's picture nor the other's."""
    scene, middle = frame.frames(scene_seconds), frame.frames(HANDLE_SECONDS) // 2
    old, new = picture(clips[0], scene + middle), picture(clips[1], middle)
    mixed = picture(target, scene + middle)
    return min(distance(mixed, old), distance(mixed, new)) > LEAST_SHARE * distance(old, new)


def picture(path: Path, number: int) -> Picture:
    """The frame of this number, from 0, in grey."""
    with open_video(path) as container:
        found = next(islice(container.decode(video=0), number, None))
        return found.to_ndarray(format="gray").astype(np.int16)


def distance(one: Picture, other: Picture) -> float:
    return float(np.abs(one - other).mean())
