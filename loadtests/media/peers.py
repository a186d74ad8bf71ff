"""The ways to join clips: ours, and what one would run instead."""

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from generations.media import layout
from generations.media.assembly import clips_assemble
from generations.media.ffmpeg import ffmpeg_binary
from generations.media.frame import FrameFormat
from generations.media.transitions import CUT, DISSOLVE, FADE, HANDLE_SECONDS, WIPE

ROOT = Path(__file__).resolve().parents[2]
MOVIEPY = ROOT / ".venv/moviepy/bin/python"
SOFT = (FADE, DISSOLVE, WIPE)
COPY, COPY_SILENT = "ffmpeg -c copy", "ffmpeg -c copy, silent"
COPY_AAC = "ffmpeg -c:v copy -c:a aac"
#: With the coder that we use, too: ffmpeg's own takes longer.
AAC = ("-c:a", "aac", "-aac_coder", "fast", "-b:a", "128k")


@dataclass(frozen=True)
class Way:
    """One way to join the clips. `limit` is how many times as long as `base` it may take.

    `copy` is the literal copying of the same clips. `blends` are the clips that give way softly.
    """

    name: str
    does: str
    run: Callable[[Path], None]
    base: str
    limit: float | None = None
    copy: str = COPY
    has_sound: bool = True
    blends: tuple[Path, ...] = ()


def ways(clips: Mapping[str, list[Path]], frame: FrameFormat, directory: Path) -> list[Way]:
    """All of them. What is compared with another does the same work, so far as there is such."""
    kept = "pictures copied, sound encoded once"
    copied, aac = ["-c", "copy"], ["-c:v", "copy", *AAC]
    cut, soft, blends = clips[CUT], clips["transition"], tuple(clips["transition"])
    blended, crossfades = f"{kept}, joints blended", "all blended, all encoded"
    return [
        Way(COPY_AAC, kept, _ffmpeg(directory, cut, aac), COPY_AAC),
        Way("cut", kept, _ours(cut, CUT, frame), COPY_AAC, 1.5),
        *(Way(name, blended, _ours(soft, name, frame), COPY_AAC, 3.0, blends=blends) for name in SOFT),
        Way(COPY, "everything copied, FLAC stays", _ffmpeg(directory, cut, copied), COPY_AAC),
        Way("ffmpeg, all encoded", "all encoded", _encoded(cut, frame), COPY_AAC),
        Way("MoviePy", "all encoded", _moviepy(cut, 0), COPY_AAC),
        Way("MoviePy, crossfades", crossfades, _moviepy(soft, HANDLE_SECONDS), COPY_AAC, blends=blends),
        *_silent_ways(clips, frame, directory, copied),
    ]


def _silent_ways(
    clips: Mapping[str, list[Path]], frame: FrameFormat, directory: Path, copied: list[str]
) -> list[Way]:
    """Without sound, `-c copy` does what we do, but for the silent track.

    Transitions have no limit here: it copies all in less time than their frames take to decode.
    """
    cut, soft = clips["cut silent"], clips["transition silent"]
    silent = "pictures copied, silent track"
    own = partial(Way, base=COPY_SILENT, copy=COPY_SILENT)
    copying = _ffmpeg(directory, cut, copied)
    return [
        own(COPY_SILENT, "pictures copied, no sound", copying, has_sound=False),
        own("cut, silent", silent, _ours(cut, CUT, frame), limit=1.5),
        *(
            own(f"{name}, silent", f"{silent}, joints blended", _ours(soft, name, frame), blends=tuple(soft))
            for name in SOFT
        ),
    ]


def _ours(clips: list[Path], transition: str, frame: FrameFormat) -> Callable[[Path], None]:
    def run(target: Path) -> None:
        overlaps = [] if transition == CUT else [frame.frames(HANDLE_SECONDS)] * (len(clips) - 1)
        clips_assemble(clips, target, transition=transition, overlaps=overlaps)

    return run


def _ffmpeg(directory: Path, clips: list[Path], codecs: list[str]) -> Callable[[Path], None]:
    script = directory / f"{clips[0].stem}.txt"
    script.write_text("ffconcat version 1.0\n" + "".join(f"file '{clip}'\n" for clip in clips))
    options = ["-f", "concat", "-safe", "0", "-i", str(script), *codecs, "-movflags", "+faststart"]
    return partial(_process, [ffmpeg_binary(), "-v", "error", "-y", *options])


def _encoded(clips: list[Path], frame: FrameFormat) -> Callable[[Path], None]:
    inputs = [part for clip in clips for part in ("-i", str(clip))]
    pads = "".join(f"[{number}:v][{number}:a]" for number in range(len(clips)))
    graph = ["-filter_complex", f"{pads}concat=n={len(clips)}:v=1:a=1[v][a]", "-map", "[v]", "-map", "[a]"]
    codecs = [*layout.video_codec(frame, threads=2), *AAC, "-movflags", "+faststart"]
    return partial(_process, [ffmpeg_binary(), "-v", "error", "-y", *inputs, *graph, *codecs])


def _moviepy(clips: list[Path], overlap: float) -> Callable[[Path], None]:
    script = ROOT / "loadtests/media/moviepy_join.py"

    def run(target: Path) -> None:
        _process([str(MOVIEPY), str(script), str(overlap)], target, *clips)

    return run


def _process(command: list[str], *files: Path) -> None:
    subprocess.run([*command, *map(str, files)], check=True)
