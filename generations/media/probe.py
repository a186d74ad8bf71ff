"""What a media file really holds: its packets are counted, nothing is decoded, and no name is believed."""

import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.codec.context import ThreadType
from av.container import InputContainer

from generations.media.ffmpeg import MAX_PIXELS, SOURCE_FORMATS, UNREADABLE, MediaError

MAX_STREAMS = 8
MAX_PACKETS = 500_000
_OPEN_OPTIONS = {"format_whitelist": SOURCE_FORMATS, "protocol_whitelist": "file"}
_TIMEOUT_SECONDS = 15.0
_COLOUR_UNSPECIFIED = 2


@dataclass(frozen=True)
class MediaInfo:
    """The measured facts. Durations and `frames` come from the packets, not from what a header claims.

    `keyframes` are the numbers of the frames that need no other, counted from 0.
    """

    container: str
    size_bytes: int
    duration_seconds: float
    bit_rate: int
    faststart: bool
    width: int
    height: int
    fps: float
    constant_rate: bool
    time_base: Fraction
    frames: int
    keyframes: frozenset[int]
    video_seconds: float
    video_codec: str
    video_profile: str
    video_header: bytes = field(repr=False)
    pixel_format: str
    colour_tagged: bool
    audio_codec: str | None
    audio_seconds: float
    sample_rate: int
    channels: int


def probe(path: Path) -> MediaInfo:
    """Measure a video. Raises MediaError `media.unreadable` for all else, playlists and scripts included."""
    with open_video(path) as container:
        return _measure(container, path)


@contextmanager
def open_video(path: Path) -> Iterator[InputContainer]:
    """Open this file and nothing that it points at. What cannot be read inside is `media.unreadable`."""
    try:
        with av.open(f"file:{path}", options=_OPEN_OPTIONS, timeout=_TIMEOUT_SECONDS) as container:
            for stream in container.streams.video:
                # Otherwise each decoder would start a thread for each core.
                stream.codec_context.thread_type = ThreadType.NONE
                stream.codec_context.thread_count = 1
            yield container
    except av.FFmpegError as error:
        raise MediaError(f"{UNREADABLE}: {error.strerror}", code="media.unreadable") from error


def _measure(container: InputContainer, path: Path) -> MediaInfo:
    if not container.streams.video or len(container.streams) > MAX_STREAMS:
        raise MediaError("The file holds no picture, or too many streams.", code="media.unreadable")
    video, audio = container.streams.video[0], next(iter(container.streams.audio), None)
    if not 0 < video.width * video.height <= MAX_PIXELS:
        raise MediaError(f"The picture is {video.width} by {video.height}.", code="media.unreadable")
    spans = _spans(container.demux([video, audio] if audio else [video]))
    pictures = spans.get(video.index)
    if pictures is None:
        raise MediaError("The file holds no frame of picture.", code="media.unreadable")
    sound = spans.get(audio.index) if audio else None
    video_seconds = pictures.seconds(video.time_base)
    audio_seconds = sound.seconds(audio.time_base) if audio and sound else 0.0
    size_bytes = path.stat().st_size
    duration_seconds = max(video_seconds, audio_seconds)
    return MediaInfo(
        container=container.format.name,
        size_bytes=size_bytes,
        duration_seconds=duration_seconds,
        bit_rate=round(8 * size_bytes / duration_seconds) if duration_seconds else 0,
        faststart=_is_faststart(path),
        width=video.width,
        height=video.height,
        fps=float(video.average_rate or 0),
        constant_rate=pictures.is_regular(),
        time_base=video.time_base or Fraction(0),
        frames=len(pictures.times),
        keyframes=pictures.keyframes(),
        video_seconds=video_seconds,
        video_codec=video.codec_context.name,
        video_profile=video.codec_context.profile or "",
        video_header=video.codec_context.extradata or b"",
        pixel_format=video.codec_context.pix_fmt or "",
        colour_tagged=video.codec_context.colorspace != _COLOUR_UNSPECIFIED,
        audio_codec=audio.codec_context.name if audio and sound else None,
        audio_seconds=audio_seconds,
        sample_rate=audio.sample_rate if audio and sound else 0,
        channels=audio.channels if audio and sound else 0,
    )


@dataclass
class _Span:
    """When the packets of one stream are shown, in ticks of its clock."""

    times: list[int] = field(default_factory=list)
    key_times: list[int] = field(default_factory=list)
    end: int = 0

    def seconds(self, time_base: Fraction | None) -> float:
        # What lies before zero is the encoder's run-in, which players do not play.
        return float((self.end - max(0, min(self.times))) * (time_base or 0))

    def keyframes(self) -> frozenset[int]:
        """The numbers of the frames that a cut may be made before, in the order in which they are shown."""
        keys = set(self.key_times)
        return frozenset(number for number, time in enumerate(sorted(self.times)) if time in keys)

    def is_regular(self) -> bool:
        """Whether no frame is more than a tick away from where a constant rate puts it."""
        times = sorted(self.times)
        step = (times[-1] - times[0]) / max(1, len(times) - 1)
        return all(abs(time - times[0] - index * step) <= 1 for index, time in enumerate(times))


def _spans(packets: Iterable[Any]) -> dict[int, _Span]:
    spans: dict[int, _Span] = {}
    for count, packet in enumerate(packets):
        if count > MAX_PACKETS:
            raise MediaError("The file holds too many packets.", code="media.unreadable")
        if packet.is_corrupt:
            raise MediaError("The file is cut off.", code="media.unreadable")
        if packet.pts is not None:
            span = spans.setdefault(packet.stream_index, _Span())
            span.times.append(packet.pts)
            if packet.is_keyframe:
                span.key_times.append(packet.pts)
            span.end = max(span.end, packet.pts + (packet.duration or 0))
    return spans


def _is_faststart(path: Path) -> bool:
    """Whether the index of an MP4 comes before its data, so that a browser can start at once."""
    with path.open("rb") as file:
        while len(header := file.read(8)) == 8:
            size, kind = struct.unpack(">I4s", header)
            if kind in (b"moov", b"mdat"):
                return bool(kind == b"moov")
            if size < 8:
                return False
            file.seek(size - 8, 1)
    return False
