"""Frames in, a conformed clip out."""

import fcntl
import os
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from generations.media import layout
from generations.media.ffmpeg import FfmpegProcess, MediaError
from generations.media.frame import FrameFormat
from generations.media.planes import FORMAT, PlaneMaker, Planes, planes_bytes
from videogen.kernel.whole import part_of

#: What a pipe may hold without privileges. In the usual 64 KiB, writer and reader take turns for each frame.
_PIPE_BYTES = 2**20
#: Whole blocks, and motion sought to one side at a time: drawn plates move as one. It saves a quarter of the
#: encoder's time for a hundredth more bytes, and leaves the stream header as it is.
_PARAMETERS = "me=dia:partitions=none"


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
        self._maker = PlaneMaker(frame)
        self._frame_bytes = planes_bytes(frame)
        self._process = FfmpegProcess(
            [*_pixels(frame), *_output(frame, keyframes_at), f"file:{self._part}"],
            timeout_seconds=timeout_seconds,
            stdin=subprocess.PIPE,
        )
        assert self._process.stdin is not None  # noqa: S101 - FfmpegProcess was asked for a pipe.
        self._pipe = self._process.stdin.fileno()
        _enlarge(self._pipe)

    def write(self, pixels: bytes | bytearray | memoryview) -> None:
        """Append one frame: BGRA, row by row from the top, without padding. Alpha is ignored."""
        self.write_planes(self._maker.planes(pixels))

    def write_planes(self, planes: Planes) -> None:
        """Append one frame that a `PlaneMaker` has made."""
        rest = planes.data.cast("B")
        if len(rest) != self._frame_bytes:
            raise ValueError(f"The planes of a frame are {self._frame_bytes} bytes, not {len(rest)}.")
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


def _enlarge(pipe: int) -> None:
    # Where it is refused, as beyond a user's share of such memory, all works as well, more slowly.
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _pixels(frame: FrameFormat) -> list[str]:
    size = f"{frame.width}x{frame.height}"
    layout_of_bytes = ["-f", "rawvideo", "-pixel_format", FORMAT, "-video_size", size]
    return [*layout_of_bytes, "-framerate", str(frame.fps), "-i", "pipe:0"]


def _output(frame: FrameFormat, keyframes_at: Sequence[int]) -> list[str]:
    colours = ["-vf", layout.LABELS]
    # Two cost no more than one, and at 1080p a frame takes longer to encode than to draw.
    codec = layout.video_codec(frame, threads=2, keyframes_at=keyframes_at)
    return [*colours, *codec, "-x264-params", _PARAMETERS, *layout.CLEAN]
