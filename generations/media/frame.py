"""The size and rate of the picture."""

from dataclasses import dataclass

FRAMES_PER_SECOND = 24

ASPECT_RATIOS = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1), "4:5": (4, 5), "21:9": (21, 9)}
RESOLUTIONS = {"480p": 480, "720p": 720, "1080p": 1080}


@dataclass(frozen=True)
class FrameFormat:
    """Width and height in pixels (both even, as 4:2:0 needs), rate in frames per second."""

    width: int
    height: int
    fps: int = FRAMES_PER_SECOND

    def frames(self, seconds: float) -> int:
        """How many frames last that long."""
        return round(float(seconds) * self.fps)


def frame_format(*, aspect_ratio: str, resolution: str) -> FrameFormat:
    """The frame of an aspect ratio such as `16:9`; the resolution names its shorter side."""
    across, down = ASPECT_RATIOS[aspect_ratio]
    short = RESOLUTIONS[resolution]
    scale = short / min(across, down)
    return FrameFormat(width=_even(across * scale), height=_even(down * scale))


def _even(pixels: float) -> int:
    return 2 * round(pixels / 2)
