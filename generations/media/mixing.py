"""Two frames, or two sounds, as one: what is seen and heard while a clip gives way to the next."""

from typing import Any

import numpy
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from generations.media.transitions import DISSOLVE, WIPE

#: Part of a fade, around its middle, that is wholly black: at least the frames next to the middle.
BLACK_PART = 0.16
#: Black in video range, for each plane.
_BLACK = (16, 128, 128)

Samples = NDArray[numpy.int16]


def frame_blended(transition: str, old: VideoFrame, new: VideoFrame, share: float) -> VideoFrame:
    """One frame of a transition, of two in 4:2:0."""
    result = VideoFrame(new.width, new.height, "yuv420p")
    for number, black in enumerate(_BLACK):
        before, after, target = (_plane(frame, number) for frame in (old, new, result))
        if transition == WIPE:
            _wipe(before, after, target, share)
        elif transition == DISSOLVE:
            target[:] = _mixed(before, after, share)
        elif share < 0.5:
            target[:] = _mixed(before, black, min(1.0, 2 * share / (1 - BLACK_PART)))
        else:
            target[:] = _mixed(after, black, min(1.0, 2 * (1 - share) / (1 - BLACK_PART)))
    return result


def sound_blended(old: Samples, new: Samples) -> Samples:
    """One sound gives way to another of the same length. The two together are never louder than either."""
    share = (numpy.arange(len(new), dtype=numpy.float32) + 1)[:, None] / (len(new) + 1)
    mixed: Samples = numpy.rint(old * (1 - share) + new * share).astype(numpy.int16)
    return mixed


def _plane(frame: VideoFrame, number: int) -> NDArray[numpy.uint8]:
    plane = frame.planes[number]
    rows: NDArray[numpy.uint8] = numpy.frombuffer(memoryview(plane), numpy.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]


def _mixed(before: NDArray[numpy.uint8], after: Any, share: float) -> NDArray[numpy.uint16]:
    # In 256ths: whole numbers are mixed in half the time.
    weight = round(share * 256)
    mixed: NDArray[numpy.uint16] = before * numpy.uint16(256 - weight)
    mixed += numpy.asarray(after, numpy.uint16) * numpy.uint16(weight)
    mixed += numpy.uint16(128)
    mixed >>= 8
    return mixed


def _wipe(
    before: NDArray[numpy.uint8], after: NDArray[numpy.uint8], target: NDArray[numpy.uint8], share: float
) -> None:
    """The new comes in from the left. The edge is between the same pixels in all planes."""
    edge = round(share * after.shape[1])
    target[:, :edge], target[:, edge:] = after[:, :edge], before[:, edge:]
