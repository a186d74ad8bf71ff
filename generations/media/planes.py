"""Drawn pixels as an encoder takes them: three planes, three eighths of the bytes."""

import numpy
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from generations.media.frame import FrameFormat

_BYTES_PER_PIXEL = 4
FORMAT = "yuv420p"

Planes = NDArray[numpy.uint8]


def planes_bytes(frame: FrameFormat) -> int:
    """How many bytes the planes of one frame take."""
    return frame.width * frame.height * 3 // 2


class PlaneMaker:
    """Turns BGRA into 4:2:0, BT.709 in video range. Keep it for a whole clip: it remembers how."""

    def __init__(self, frame: FrameFormat) -> None:
        self._shape = (frame.height, frame.width, _BYTES_PER_PIXEL)
        self._reformatter = VideoReformatter()

    def planes(self, pixels: bytes | bytearray | memoryview) -> Planes:
        """Luma, then blue and red chroma at half the size, without padding. Alpha is ignored.

        `pixels` is BGRA, row by row from the top. Raises ValueError when it is not one frame.
        """
        flat, (height, width, depth) = numpy.frombuffer(pixels, numpy.uint8), self._shape
        if flat.size != height * width * depth:
            raise ValueError(f"A frame is {height * width * depth} bytes, not {flat.size}.")
        made = self._reformatter.reformat(
            VideoFrame.from_numpy_buffer(flat.reshape(self._shape), "bgra"),
            format=FORMAT,
            # Coarser ways are no quicker where the size stays.
            interpolation=Interpolation.BICUBIC,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
        planes: Planes = made.to_ndarray().reshape(-1).view(numpy.uint8)
        return planes
