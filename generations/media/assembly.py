"""Joining conformed clips into one video: the pictures are copied, the sound is encoded once.

Where they do not simply follow each other, only the frames of the transitions are encoded.

It happens in this process: the clips are our own, and starting ffmpeg takes as long as the work.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
from av import Packet
from av.audio.frame import AudioFrame
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from generations.media import layout
from generations.media.blending import blended_joints
from generations.media.ffmpeg import MediaError
from generations.media.mixing import Samples, sound_blended
from generations.media.probe import MediaInfo, open_video, probe
from generations.media.sound import EncodedTrack, SilentTrack, SoundTrack, samples_of, sound_frame
from generations.media.transitions import CUT, NO_EDGES, Edges
from generations.media.whole import whole_file
from videogen.kernel.progress import ReportProgress

_WRITE_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


def clips_assemble(
    clips: Sequence[Path],
    target: Path,
    *,
    transition: str = CUT,
    overlaps: Sequence[int] = (),
    title: str = "",
    report: ReportProgress | None = None,
) -> MediaInfo:
    """Write the clips one after the other to `target`, an MP4 that plays while it loads.

    Each clip but the last lies over the beginning of the next one for as many frames as `overlaps`
    says: the one's handle and the other's head, as they were conformed. Outside of those, not a byte
    of the pictures changes. There is always a sound track of the picture's length, silent where a clip
    is. Raises MediaError `media.not_conformed` when the clips do not share one form.
    """
    with ExitStack() as stack:
        # Each is opened once: opening decodes a frame, which is dearer than copying all of them.
        sources = [stack.enter_context(open_video(clip)) for clip in clips]
        _check_forms(sources)
        blended = stack.enter_context(blended_joints(transition, clips, overlaps))
        part = stack.enter_context(whole_file(target))
        output = stack.enter_context(av.open(str(part), "w", format="mp4", options=_WRITE_OPTIONS))
        output.metadata.update({"title": title} if title else {})
        video = output.add_stream_from_template(sources[0].streams.video[0])
        with_sound = any(source.streams.audio for source in sources)
        sound = EncodedTrack(output) if with_sound else SilentTrack(output)
        joint = _Joint(output, video, sound, tick=sources[0].streams.video[0].time_base or Fraction(0))
        for count, (source, edges) in enumerate(zip(sources, _edges(clips, overlaps), strict=True), start=1):
            if edges.head:
                joint.insert(next(blended))
            joint.append(source) if edges == NO_EDGES else joint.append_scene(source, edges)
            if report:
                report(count / len(sources))
        sound.close()
    return probe(target)


def _edges(clips: Sequence[Path], overlaps: Sequence[int]) -> Iterator[Edges]:
    frames = [0, *(overlaps or [0] * (len(clips) - 1)), 0]
    return (Edges(head, handle) for head, handle in pairwise(frames))


def _check_forms(sources: Sequence[InputContainer]) -> None:
    """Refuse clips unless one decoder setting plays the pictures of all."""
    pictures = [source.streams.video[0] for source in sources]
    forms = {(each.codec_context.extradata, each.width, each.height, each.time_base) for each in pictures}
    if len(forms) != 1:
        raise MediaError(
            f"{len(sources)} clips of {len(forms)} forms cannot be joined; conform them first.",
            code="media.not_conformed",
        )


@dataclass
class _Joint:
    """Where the next clip begins: after `ticks` of the picture's clock. `tail` is heard under its head."""

    output: OutputContainer
    video: VideoStream
    sound: SoundTrack
    tick: Fraction
    ticks: int = 0
    decoded_at: int = 0
    tail: Samples | None = None

    def append(self, source: InputContainer) -> None:
        begin = self.ticks
        picture, *sounds = source.streams.video[0], *source.streams.audio[:1]
        for packet in source.demux([picture, *sounds]):
            if packet.stream is picture:
                self._copy(packet, begin)
            else:
                for frame in packet.decode():
                    self.sound.append(cast(AudioFrame, frame))
            if not sounds:
                self._fill()
        self._fill()  # Sound that is a few samples short must not pull forward what follows.

    def insert(self, packets: Sequence[Packet]) -> None:
        """Coded frames of a transition, times counted in frames."""
        begin = self.ticks
        for packet in packets:
            packet.pts = (packet.pts or 0) * layout.FRAME_TICKS
            # The encoder's own are wrong where a transition is shorter than what it looks ahead.
            packet.dts = self.decoded_at + layout.FRAME_TICKS - begin
            packet.duration, packet.time_base = layout.FRAME_TICKS, self.tick
            self._copy(packet, begin)

    def append_scene(self, source: InputContainer, edges: Edges) -> None:
        """Copy what lies under no transition. The frames of its head have been inserted already."""
        picture, *sounds = source.streams.video[0], *source.streams.audio[:1]
        begin = self.ticks - edges.head * layout.FRAME_TICKS
        first, end = edges.head, picture.frames - edges.handle
        heard: list[AudioFrame] = []
        for packet in source.demux([picture, *sounds]):
            if packet.stream is not picture:
                heard += cast(list[AudioFrame], packet.decode())
            elif packet.pts is not None and _is_within(packet, first, end):
                self._copy(packet, begin)
        self._hear(samples_of(heard, self._samples(picture.frames)), edges, self._samples(end))

    def _hear(self, heard: Samples, edges: Edges, end: int) -> None:
        if self.tail is not None and edges.head:
            heard[: len(self.tail)] = sound_blended(self.tail, heard[: len(self.tail)])
        self.tail = heard[end:]
        if isinstance(self.sound, EncodedTrack):
            self.sound.append(sound_frame(heard[:end]))
        self._fill()

    def _samples(self, frames: int) -> int:
        return int(frames * layout.FRAME_TICKS * layout.SAMPLE_RATE * self.tick)

    def _copy(self, packet: "Packet[Stream]", begin: int) -> None:
        if packet.pts is None or packet.dts is None:
            return  # The empty packet that ends a stream.
        packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
        packet.stream = self.video
        self.output.mux(packet)
        self.ticks += packet.duration or 0
        self.decoded_at = packet.dts

    def _fill(self) -> None:
        self.sound.silence(until=int(self.ticks * layout.SAMPLE_RATE * self.tick))


def _is_within(packet: "Packet[Stream]", first: int, end: int) -> bool:
    """Whether a frame is among those to copy. Raises MediaError where its clip cannot be cut there."""
    number = (packet.pts or 0) // layout.FRAME_TICKS
    if number in (first, end) and not packet.is_keyframe:
        raise MediaError(
            f"A clip cannot be cut at frame {number}; conform it again.", code="media.not_conformed"
        )
    return first <= number < end
