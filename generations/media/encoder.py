"""Frames in, a conformed clip out."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from generations.media import layout
from generations.media.ffmpeg import FfmpegProcess, MediaError
from generations.media.frame import FrameFormat
from videogen.kernel.whole import part_of

BYTES_PER_PIXEL = 4


class FrameEncoder:
    """Encodes the frames that are written to it. `target` appears with all of them in it, or not at all.

    Frames whose numbers are in `keyframes_at` begin groups of their own.
    Use it as a context manager, in the thread that it was made in: ffmpeg ends with that thread.
    """

    def __init__(
        self,
        target: Path,
        frame: FrameFormat,
        *,
        keyframes_at: Sequence[int] = (),
        timeout_seconds: float = 900,
    ) -> None:
        self.frames = 0
        self._target = target
        self._part = part_of(target)
        self._frame_bytes = frame.width * frame.height * BYTES_PER_PIXEL
        self._process = FfmpegProcess(
            [*_pixels(frame), *_output(frame, keyframes_at), f"file:{self._part}"],
            timeout_seconds=timeout_seconds,
            stdin=subprocess.PIPE,
        )
        assert self._process.stdin is not None  # noqa: S101 - FfmpegProcess was asked for a pipe.
        self._pipe = self._process.stdin.fileno()

    def write(self, pixels: bytes | bytearray | memoryview) -> None:
        """Append one frame: BGRA, row by row from the top, without padding. Alpha is ignored."""
        rest = memoryview(pixels).cast("B")
        if len(rest) != self._frame_bytes:
            raise ValueError(f"A frame is {self._frame_bytes} bytes, not {len(rest)}.")
        try:
            while rest:
                rest = rest[os.write(self._pipe, rest) :]
        except BrokenPipeError:
            self._process.finish()  # It ended early, and this says why.
            raise
        self.frames += 1

    def _finish(self) -> None:
        self._process.finish()
        if not self.frames:
            raise MediaError("A clip needs at least one frame.")
        self._part.replace(self._target)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            with self._process:
                if error is None:
                    self._finish()
        finally:
            self._part.unlink(missing_ok=True)


def _pixels(frame: FrameFormat) -> list[str]:
    size = f"{frame.width}x{frame.height}"
    layout_of_bytes = ["-f", "rawvideo", "-pixel_format", "bgra", "-video_size", size]
    return [*layout_of_bytes, "-framerate", str(frame.fps), "-i", "pipe:0"]


def _output(frame: FrameFormat, keyframes_at: Sequence[int]) -> list[str]:
    colours = ["-vf", f"scale=out_color_matrix=bt709:out_range=tv,{layout.LABELS}"]
    # Two cost no more than one, and at 1080p a frame takes longer to encode than to draw.
    codec = layout.video_codec(frame, threads=2, keyframes_at=keyframes_at)
    return [*colours, *codec, *layout.CLEAN]
