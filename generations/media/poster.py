"""Still pictures of a video: its poster, and the thumbnails of its clips."""

from fractions import Fraction
from pathlib import Path

import av
import numpy
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from generations.media.ffmpeg import MediaError
from generations.media.probe import open_video
from generations.media.whole import whole_file

#: ffmpeg's scale for JPEG: 2 is the best, 31 the smallest.
JPEG_QUALITY = "3"
CANDIDATES = 9
SKETCH = (96, 54)
#: Mean brightness, of 255, below which a picture is taken to be a fade.
DARK = 24


def poster_time(video: Path) -> float:
    """The second that shows the video best: of a few spread over it, the most detailed and colourful."""
    with open_video(video) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        best, best_score = 0.0, -1.0
        for number in range(CANDIDATES):
            container.seek((container.duration or 0) * number // CANDIDATES)
            frame = next(container.decode(stream), None)
            if frame is not None and (score := _appeal(frame)) > best_score:
                best, best_score = float(frame.time or 0), score
        return best


def poster_write(video: Path, target: Path, *, at_seconds: float, width: int | None = None) -> None:
    """Write the picture at that time, or the last one there is, as a JPEG; scaled to `width` if given."""
    with open_video(video) as container:
        frame = _frame_at(container, at_seconds)
        jpeg = _jpeg(frame, width or frame.width)
    with whole_file(target) as part:
        part.write_bytes(jpeg)


def _frame_at(container: av.container.InputContainer, at_seconds: float) -> VideoFrame:
    container.seek(int(at_seconds * av.time_base))
    found = None
    for frame in container.decode(container.streams.video[0]):
        found = frame
        if frame.time is not None and frame.time >= at_seconds:
            break
    if found is None:
        raise MediaError("The video has no picture.", code="media.unreadable")
    return found


def _jpeg(frame: VideoFrame, width: int) -> bytes:
    height = 2 * round(width * frame.height / frame.width / 2)
    # A JPEG is BT.601 in full range, whatever the video was.
    picture = frame.reformat(
        width=width,
        height=height,
        format="yuvj420p",
        dst_colorspace=Colorspace.ITU601,
        dst_color_range=ColorRange.JPEG,
        interpolation="LANCZOS",
    )
    encoder = VideoCodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuvj420p"
    encoder.color_range = ColorRange.JPEG
    encoder.time_base = Fraction(1)
    encoder.options = {"qmin": JPEG_QUALITY, "qmax": JPEG_QUALITY, "flags": "+bitexact"}
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])


def _appeal(frame: VideoFrame) -> float:
    width, height = SKETCH
    sketch = frame.reformat(width=width, height=height, format="rgb24").to_ndarray().astype(numpy.float32)
    red, green, blue = sketch[..., 0], sketch[..., 1], sketch[..., 2]
    light = sketch.mean(axis=2)
    detail = float(numpy.abs(numpy.diff(light, axis=0)).mean() + numpy.abs(numpy.diff(light, axis=1)).mean())
    colour = float((red - green).std() + ((red + green) / 2 - blue).std())
    return (detail + colour) * (0.1 if light.mean() < DARK else 1.0)
