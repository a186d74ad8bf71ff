"""The one form that every clip is brought into, so that clips join by copying their pictures.

MP4; H.264 High, 4:2:0, BT.709 in video range, constant rate, closed groups of two seconds; where
there is sound, 48 kHz stereo FLAC of the picture's length. The sound stays lossless because each
AAC encoding adds 21 ms of its own: it becomes AAC once, when the whole is assembled.
"""

from collections.abc import Iterable

from generations.media.frame import FrameFormat

SAMPLE_RATE = 48_000
CHANNELS = 2
KEYFRAME_SECONDS = 2
CRF = 20
FRAME_TICKS = 512
#: At 720p, `superfast` saves a third of the time for a quarter more bytes; `fast` takes three times as long.
PRESET = "veryfast"
#: How finely motion is sought: it saves a quarter of the time, for a fifteenth more bytes and no loss.
SUBPIXEL = "1"

#: How each picture is labelled. It shows in the stream header, which has to be the same in all clips.
LABELS = "setsar=1,setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv,format=yuv420p"
SOUND = f"aformat=sample_fmts=s16:sample_rates={SAMPLE_RATE}:channel_layouts=stereo"
SOUND_CODEC = ("-c:a", "flac", "-compression_level", "1")
#: Nothing of what the source says about itself, and nothing that changes from one run to the next.
CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-f", "mp4")


def time_scale(frame: FrameFormat) -> int:
    """Ticks per second of the picture's clock."""
    return frame.fps * FRAME_TICKS


def samples(frame: FrameFormat, frames: int) -> int:
    """How many samples of sound last as long as that many frames."""
    return frames * SAMPLE_RATE // frame.fps


def x264_options(frame: FrameFormat) -> dict[str, str]:
    """What makes the stream header what it is. Clips with another one could not be joined with these."""
    keyframes = {"g": str(frame.fps * KEYFRAME_SECONDS), "flags": "+cgop"}
    return {"preset": PRESET, "subq": SUBPIXEL, "crf": str(CRF), "profile": "high", **keyframes}


def video_codec(frame: FrameFormat, *, threads: int, keyframes_at: Iterable[int] = ()) -> list[str]:
    """Output arguments for the picture. `threads` is fixed, so that equal pictures give equal bytes.

    Frames at `keyframes_at` begin a group of their own: there, a clip can be cut by copying.
    """
    quality = [part for name, value in x264_options(frame).items() for part in (f"-{name}:v", value)]
    keyframes = ["-threads", str(threads)]
    if forced := "+".join(f"eq(n,{number})" for number in keyframes_at):
        keyframes += ["-force_key_frames", f"expr:{forced}"]
    clock = ["-r", str(frame.fps), "-fps_mode", "cfr", "-video_track_timescale", str(time_scale(frame))]
    return ["-c:v", "libx264", *quality, *keyframes, *clock]
