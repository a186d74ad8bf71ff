"""Clips to test with: our own, drawn frame by frame, and foreign ones as providers send them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import av
import numpy

from generations.media.encoder import FrameEncoder
from generations.media.ffmpeg import ffmpeg_run
from generations.media.frame import FrameFormat

SMALL = FrameFormat(width=160, height=90)


def picture(number: int, frame: FrameFormat = SMALL) -> memoryview:
    """A picture that no other number gives: a slanted rainbow that moves."""
    across, down = numpy.meshgrid(numpy.arange(frame.width), numpy.arange(frame.height))
    pixels = numpy.empty((frame.height, frame.width, 4), numpy.uint8)
    for channel, speed in enumerate((3, 5, 7, 0)):
        pixels[..., channel] = (across * (channel + 1) + down * 2 + number * speed) % 256
    return pixels.data


def own_clip(
    target: Path,
    *,
    seconds: float = 2,
    start: int = 0,
    frame: FrameFormat = SMALL,
    keyframes_at: Sequence[int] = (),
) -> Path:
    """A conformed clip; `start` makes it differ from others."""
    with FrameEncoder(target, frame, keyframes_at=keyframes_at) as encoder:
        for number in range(frame.frames(seconds)):
            encoder.write(picture(start + number, frame))
    return target


def solid_clip(
    target: Path,
    colour: tuple[int, int, int],
    *,
    frames: int,
    keyframes_at: Sequence[int] = (),
    frame: FrameFormat = SMALL,
) -> Path:
    """A conformed clip of one colour: red, green, blue."""
    with FrameEncoder(target, frame, keyframes_at=keyframes_at) as encoder:
        for _ in range(frames):
            encoder.write(bytes([*reversed(colour), 255]) * (frame.width * frame.height))
    return target


def foreign_clip(target: Path, video: str, *options: str, sound: str = "") -> Path:
    """A clip from ffmpeg's generators, such as `testsrc2=s=320x240:r=30:d=2`, coded as `options` say."""
    sources = ["-f", "lavfi", "-i", video, *(["-f", "lavfi", "-i", sound] if sound else [])]
    ffmpeg_run([*sources, *options, str(target)], timeout_seconds=30)
    return target


def packets_md5(*videos: Path) -> str:
    """One sum over the coded pictures of all the videos, in order."""
    digest = hashlib.md5(usedforsecurity=False)
    for video in videos:
        with av.open(str(video)) as container:
            for packet in container.demux(video=0):
                digest.update(bytes(packet))
    return digest.hexdigest()


def packet_sums(video: Path) -> list[str]:
    """One sum for each coded picture."""
    with av.open(str(video)) as container:
        packets = [bytes(packet) for packet in container.demux(video=0) if packet.size]
    return [hashlib.md5(packet, usedforsecurity=False).hexdigest() for packet in packets]


def pixels(video: Path) -> numpy.ndarray:
    """Red, green and blue of every frame."""
    with av.open(str(video)) as container:
        return numpy.array([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def pixel(video: Path, *, index: int = 0) -> tuple[int, int, int]:
    """Red, green and blue in the middle of a frame."""
    with av.open(str(video)) as container:
        frame = [frame for _, frame in zip(range(index + 1), container.decode(video=0), strict=False)][index]
        red, green, blue = frame.to_ndarray(format="rgb24")[frame.height // 2, frame.width // 2]
    return int(red), int(green), int(blue)
