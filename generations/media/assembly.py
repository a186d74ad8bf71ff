"""Joining conformed clips into one video: the pictures are copied, the sound is encoded once.

It happens in this process: the clips are our own, and starting ffmpeg takes as long as the work.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av import Packet
from av.audio.frame import AudioFrame
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from generations.media import layout
from generations.media.ffmpeg import MediaError
from generations.media.probe import MediaInfo, open_video, probe
from generations.media.sound import EncodedTrack, SilentTrack, SoundTrack
from generations.media.whole import whole_file
from videogen.kernel.progress import ReportProgress

_WRITE_OPTIONS = {"movflags": "+faststart", "fflags": "+bitexact"}


def clips_assemble(
    clips: Sequence[Path], target: Path, *, title: str = "", report: ReportProgress | None = None
) -> MediaInfo:
    """Write the clips one after the other to `target`, an MP4 that plays while it loads.

    Not a byte of the pictures changes. There is always a sound track of the picture's length, silent
    where a clip is. Raises MediaError `media.not_conformed` when the clips do not share one form.
    """
    with ExitStack() as stack:
        # Each is opened once: opening decodes a frame, which is dearer than copying all of them.
        sources = [stack.enter_context(open_video(clip)) for clip in clips]
        _check_forms(sources)
        part = stack.enter_context(whole_file(target))
        output = stack.enter_context(av.open(str(part), "w", format="mp4", options=_WRITE_OPTIONS))
        output.metadata.update({"title": title} if title else {})
        video = output.add_stream_from_template(sources[0].streams.video[0])
        with_sound = any(source.streams.audio for source in sources)
        sound = EncodedTrack(output) if with_sound else SilentTrack(output)
        joint = _Joint(output, video, sound, tick=sources[0].streams.video[0].time_base or Fraction(0))
        for count, source in enumerate(sources, start=1):
            joint.append(source)
            if report:
                report(count / len(sources))
        sound.close()
    return probe(target)


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
    """Where the next clip begins: after `ticks` of the picture's clock."""

    output: OutputContainer
    video: VideoStream
    sound: SoundTrack
    tick: Fraction
    ticks: int = 0

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

    def _copy(self, packet: "Packet[Stream]", begin: int) -> None:
        if packet.pts is None or packet.dts is None:
            return  # The empty packet that ends a stream.
        packet.pts, packet.dts = packet.pts + begin, packet.dts + begin
        packet.stream = self.video
        self.output.mux(packet)
        self.ticks += packet.duration or 0

    def _fill(self) -> None:
        self.sound.silence(until=int(self.ticks * layout.SAMPLE_RATE * self.tick))
