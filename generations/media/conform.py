"""Bringing one clip, whoever made it, into the form that all clips share."""

import shutil
from decimal import Decimal
from pathlib import Path

from generations.media import layout
from generations.media.ffmpeg import MediaError, ffmpeg_run, source
from generations.media.frame import FrameFormat
from generations.media.probe import MediaInfo, probe
from generations.media.transitions import NO_EDGES, Edges
from generations.media.whole import whole_file
from videogen.kernel.progress import ReportProgress

#: The last frame is held for what is missing, but not for longer than the clip itself plays.
SHORTEST_PART = 0.5
TIMEOUT_SECONDS = 600
#: What a video without colour tags means: the standard of its time, which players tell by its height.
HIGH_DEFINITION_LINES = 720


def clip_conform(
    clip: Path,
    target: Path,
    *,
    frame: FrameFormat,
    duration_seconds: Decimal,
    trusted: bool,
    edges: Edges = NO_EDGES,
    sound: bool = True,
    report: ReportProgress | None = None,
) -> MediaInfo:
    """Write `clip` to `target` in the common form, with exactly the frames that `duration_seconds` needs.

    Its handle comes on top of those: what the clip has left over, then its last frame held, in silence.
    A trusted clip that measures as conformed is taken as it is; everything else is encoded, filling
    the frame. Without `sound`, the clip's own is left out. Raises MediaError: `media.unreadable`,
    `media.too_short` when less than half is there, and ffmpeg's own.
    """
    info = probe(clip)
    scene = frame.frames(float(duration_seconds))
    frames, keyframes_at = scene + edges.handle, edges.cuts(scene)
    is_wanted = sound or info.audio_codec is None
    is_right = is_conformed(info, frame=frame, frames=frames) and info.keyframes.issuperset(keyframes_at)
    if trusted and is_wanted and is_right:
        _take(clip, target)
        return info
    if info.video_seconds < SHORTEST_PART * float(duration_seconds):
        raise MediaError(
            f"The clip plays for {info.video_seconds:.2f} of {duration_seconds} seconds.",
            code="media.too_short",
        )
    with whole_file(target) as part:
        ffmpeg_run(
            [
                *[*source(clip), *_streams(info, frame, frames, sound)],
                *[*_output(frame, frames, keyframes_at), f"file:{part}"],
            ],
            timeout_seconds=TIMEOUT_SECONDS,
            report=report,
            duration_seconds=duration_seconds,
        )
    return probe(target)


def is_conformed(info: MediaInfo, *, frame: FrameFormat, frames: int) -> bool:
    """Whether a clip has the common form and exactly that many frames."""
    picture = (info.video_codec, info.video_profile, info.pixel_format, info.width, info.height)
    clock = (info.constant_rate, info.time_base.denominator, info.frames)
    return (
        picture == ("h264", "High", "yuv420p", frame.width, frame.height)
        and clock == (True, layout.time_scale(frame), frames)
        and (info.audio_codec is None or _sound_fits(info))
    )


def _sound_fits(info: MediaInfo) -> bool:
    form = (info.audio_codec, info.sample_rate, info.channels)
    exact = abs(info.audio_seconds - info.video_seconds) * layout.SAMPLE_RATE < 1
    return exact and form == ("flac", layout.SAMPLE_RATE, layout.CHANNELS)


def _take(clip: Path, target: Path) -> None:
    with whole_file(target) as part:
        part.unlink(missing_ok=True)
        try:
            part.hardlink_to(clip)
        except OSError:  # Another file system, or one without links.
            shutil.copyfile(clip, part)


def _streams(info: MediaInfo, frame: FrameFormat, frames: int, sound: bool) -> list[str]:
    picture = ["-map", "0:v:0", "-vf", _picture(info, frame)]
    if not (info.audio_codec and sound):
        return picture
    end = layout.samples(frame, frames)
    # Sound that starts late or has holes keeps its place; then it is cut or padded to the picture's length.
    filters = f"aresample={layout.SAMPLE_RATE}:async=1:first_pts=0,{layout.SOUND},apad,atrim=end_sample={end}"
    return [*picture, "-map", "0:a:0", "-af", filters, *layout.SOUND_CODEC]


def _picture(info: MediaInfo, frame: FrameFormat) -> str:
    matrix = "bt709" if not info.colour_tagged and info.height >= HIGH_DEFINITION_LINES else "auto"
    size = f"{frame.width}:{frame.height}"
    return ",".join(
        [
            "scale=iw*sar:ih",
            f"scale={size}:force_original_aspect_ratio=increase:flags=lanczos+accurate_rnd"
            f":in_color_matrix={matrix}:out_color_matrix=bt709:out_range=tv",
            f"crop={size}",
            f"fps={frame.fps}:start_time=0",
            "tpad=stop=-1:stop_mode=clone",
            layout.LABELS,
        ]
    )


def _output(frame: FrameFormat, frames: int, keyframes_at: list[int]) -> list[str]:
    codec = layout.video_codec(frame, threads=2, keyframes_at=keyframes_at)
    return [*codec, "-frames:v", str(frames), *layout.CLEAN]
