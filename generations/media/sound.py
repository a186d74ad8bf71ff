"""The sound of a whole video, AAC-LC, made while its clips are joined."""

from collections.abc import Iterable
from typing import Protocol

import av
import numpy
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

from generations.media import layout
from generations.media.mixing import Samples

BIT_RATE = 128_000
FRAME_SAMPLES = 1024
#: The encoder's run-in. Players skip what lies before zero.
PRIMING_SAMPLES = 1024


class SoundTrack(Protocol):
    """A sound track that is written from its beginning to its end. Positions are in samples."""

    def append(self, frame: AudioFrame) -> None:
        """The next piece of sound."""

    def silence(self, *, until: int) -> None:
        """Nothing to hear from where the track ends now."""

    def close(self) -> None:
        """Write what is still held back."""


class EncodedTrack:
    """Sound, decoded and encoded again as one stream, so that joints are not heard."""

    def __init__(self, output: OutputContainer) -> None:
        self._output = output
        self._stream = _aac_stream(output)
        self._cut = av.AudioResampler("fltp", "stereo", layout.SAMPLE_RATE, frame_size=FRAME_SAMPLES)
        self.samples = 0
        self._encoded = 0

    def append(self, frame: AudioFrame) -> None:
        self.samples += frame.samples
        frame.pts = None
        self._encode(self._cut.resample(frame))

    def silence(self, *, until: int) -> None:
        if until > self.samples:
            self.append(_quiet_frame(until - self.samples))

    def close(self) -> None:
        self._encode(self._cut.resample(None))
        self._output.mux(self._stream.encode(None))

    def _encode(self, frames: list[AudioFrame]) -> None:
        for frame in frames:
            frame.pts = self._encoded
            self._encoded += frame.samples
            self._output.mux(self._stream.encode(frame))


class SilentTrack:
    """Silence: one packet, written again and again. Encoding it would take longer than all else together."""

    def __init__(self, output: OutputContainer) -> None:
        self._output = output
        self._stream = _aac_stream(output)
        packets = self._stream.encode(_quiet_frame(FRAME_SAMPLES)) + self._stream.encode(None)
        self._packet = bytes(packets[-1])
        self._written = -PRIMING_SAMPLES
        self.samples = 0

    def append(self, frame: AudioFrame) -> None:
        raise TypeError("A silent track takes no sound.")

    def silence(self, *, until: int) -> None:
        self.samples = until
        while self._written + FRAME_SAMPLES <= until:
            self._write(FRAME_SAMPLES)

    def close(self) -> None:
        if rest := self.samples - self._written:
            self._write(rest)

    def _write(self, samples: int) -> None:
        packet = av.Packet(self._packet)
        packet.stream = self._stream
        packet.time_base = self._stream.codec_context.time_base
        packet.pts = packet.dts = self._written
        packet.duration = samples
        self._output.mux(packet)
        self._written += samples


def _aac_stream(output: OutputContainer) -> AudioStream:
    # The `fast` coder takes half the time of the default one; at this rate the difference is not heard.
    options = {"aac_coder": "fast", "flags": "+bitexact"}
    stream = output.add_stream("aac", rate=layout.SAMPLE_RATE, options=options)
    stream.layout, stream.bit_rate = "stereo", BIT_RATE
    return stream


def samples_of(frames: Iterable[AudioFrame], count: int) -> Samples:
    """So many samples of a clip's sound, of both channels; silence for what there is not."""
    samples = numpy.zeros((count, layout.CHANNELS), numpy.int16)
    end = 0
    for frame in frames:
        piece = frame.to_ndarray().reshape(-1, layout.CHANNELS)[: count - end]
        samples[end : end + len(piece)] = piece
        end += len(piece)
    return samples


def sound_frame(samples: Samples) -> AudioFrame:
    """Samples of both channels, as what an encoder takes."""
    interleaved = numpy.ascontiguousarray(samples).reshape(1, -1)
    frame = AudioFrame.from_ndarray(interleaved, format="s16", layout="stereo")
    frame.sample_rate = layout.SAMPLE_RATE
    return frame


def _quiet_frame(samples: int) -> AudioFrame:
    frame = AudioFrame(format="s16", layout="stereo", samples=samples)
    frame.sample_rate = layout.SAMPLE_RATE
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    return frame
