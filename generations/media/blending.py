"""The frames of a transition: decoded, blended, and encoded. Nothing else is."""

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from generations.media import layout
from generations.media.ffmpeg import MediaError
from generations.media.frame import FrameFormat
from generations.media.mixing import frame_blended
from generations.media.probe import open_video
from generations.media.transitions import shares

#: One joint each; as many as conforming a clip takes.
MOST_THREADS = 2
#: BT.709, as its number in H.264.
_BT709 = 1
_VIDEO_RANGE = 1
#: What leaves the stream header as it is, and saves a third of the time: half a second in motion does not
#: need to be searched as well as what lasts.
_PRESET = "superfast"
#: `annexb=0`: lengths instead of start codes, as MP4 has it, so that nobody converts it on the way.
#: `no-mbtree`: in memory that has been used before, x264 sometimes grows another tree from the same pictures.
_PARAMETERS = "annexb=0:no-mbtree=1:rc-lookahead=0:b-adapt=0:scenecut=0:me=dia:partitions=none"


@dataclass(frozen=True)
class Joint:
    """Where a clip's handle lies over the beginning of the next clip, for so many frames."""

    before: Path
    after: Path
    frames: int


@contextmanager
def blended_joints(
    transition: str, clips: Sequence[Path], overlaps: Sequence[int]
) -> Iterator[Iterator[list[Packet]]]:
    """The coded frames of each joint that has any, in order, as `joint_encode` makes them meanwhile."""
    joints = [
        Joint(before, after, frames)
        for (before, after), frames in zip(pairwise(clips), overlaps, strict=False)
        if frames
    ]
    with ThreadPoolExecutor(max_workers=min(MOST_THREADS, os.cpu_count() or 1)) as pool:
        futures = [pool.submit(joint_encode, transition, joint) for joint in joints]
        try:
            yield (future.result() for future in futures)
        finally:
            for future in futures:
                future.cancel()


def joint_encode(transition: str, joint: Joint) -> list[Packet]:
    """The coded frames, times counted in frames from 0. They need no frame from outside.

    It takes one thread; several joints may be encoded at once. Raises MediaError `media.not_conformed`
    where a decoder that is set up for the clips could not play them.
    """
    with open_video(joint.before) as before, open_video(joint.after) as after:
        pictures = after.streams.video[0]
        encoder = _encoder(pictures)
        old, new = _last(before, joint.frames), _first(after, joint.frames)
        packets = list(_encoded(encoder, transition, old, new, joint.frames))
        if encoder.extradata != pictures.codec_context.extradata:
            raise MediaError(
                "The encoder of transitions and that of the clips do not agree; conform the clips again.",
                code="media.not_conformed",
            )
    if len(packets) != joint.frames:
        raise MediaError(f"A transition has {len(packets)} of {joint.frames} frames.", code="media.failed")
    return packets


def _encoded(
    encoder: VideoCodecContext,
    transition: str,
    old: Iterable[VideoFrame],
    new: Iterable[VideoFrame],
    count: int,
) -> Iterator[Packet]:
    for number, (share, before, after) in enumerate(zip(shares(count), old, new, strict=True)):
        frame = frame_blended(transition, before, after, share)
        frame.pts, frame.time_base = number, encoder.time_base
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _encoder(pictures: VideoStream) -> VideoCodecContext:
    """Set up so that the stream header is that of the clips, as `layout.video_codec` makes it."""
    frame = FrameFormat(pictures.width, pictures.height, round(float(pictures.average_rate or 0)))
    encoder = VideoCodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = frame.width, frame.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, frame.fps), Fraction(frame.fps)
    encoder.sample_aspect_ratio = Fraction(1)
    encoder.color_primaries = encoder.color_trc = encoder.colorspace = _BT709
    encoder.color_range = _VIDEO_RANGE
    encoder.thread_count = 1
    options = layout.x264_options(frame)
    own = {"preset": _PRESET, "x264-params": _PARAMETERS, "flags": options["flags"] + "+global_header"}
    encoder.options = options | own
    return encoder


def _first(clip: InputContainer, count: int) -> Iterator[VideoFrame]:
    return islice(clip.decode(clip.streams.video[0]), count)


def _last(clip: InputContainer, count: int) -> Iterator[VideoFrame]:
    """From the key frame there, which its conforming has put there."""
    pictures = clip.streams.video[0]
    start = (pictures.frames - count) * layout.FRAME_TICKS
    clip.seek(start, stream=pictures)
    for frame in clip.decode(pictures):
        if frame.pts is not None and frame.pts >= start:
            yield frame
