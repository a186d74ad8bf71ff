"""Joining clips beside what one would run instead, in one run and in turn; and how fast `animatic` draws.

The clips are six of five seconds, 720p, with sound, conformed as the pipeline does it. The order
changes with each round; a ratio is that of one round. Exits with 1 where a cut takes 1.5 times as
long as ffmpeg's copying that does the same, a transition 3 times, or a clip longer to draw than to play.
With sound, that is `-c:v copy -c:a aac`; the ratio to the literal `-c copy` stands beside it.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from generations.media.ffmpeg import ffmpeg_binary
from generations.media.frame import FrameFormat, frame_format
from generations.providers.animatic.provider import load_renderer
from loadtests.media.checking import faults
from loadtests.media.clips import CLIPS, SECONDS, clips_make, spec_of
from loadtests.media.peers import MOVIEPY, Way, ways
from loadtests.own_stack import sigterm_leaves

REPORT = Path("out/bench-media.json")
RESOLUTIONS = ("720p", "1080p")
Result = dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="default: 5")
    options = parser.parse_args()
    if not MOVIEPY.exists():
        sys.exit("MoviePy is missing: `make bench-media` installs it in an environment of its own.")
    console, frame = Console(), frame_format(aspect_ratio="16:9", resolution="720p")
    sigterm_leaves()
    with TemporaryDirectory() as scratch, console.status("Making clips …") as status:
        directory = Path(scratch)
        every = ways(clips_make(directory, frame), frame, directory)
        status.update("Joining them …")
        joined = measure(every, options.rounds, directory / "video.mp4", frame)
        status.update("Drawing …")
        drawn = {resolution: draw(resolution, directory / "clip.mp4") for resolution in RESOLUTIONS}
    result = report(every, joined, drawn)
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps(result, indent=2) + "\n")
    show(console, result)
    return 0 if not result["missed"] else 1


def measure(every: list[Way], rounds: int, target: Path, frame: FrameFormat) -> dict[str, list[float]]:
    """Seconds, for each way and round. All are run once before: then nothing is read for the first time."""
    seconds: dict[str, list[float]] = {way.name: [] for way in every}
    for number in range(rounds + 1):
        turn = number % len(every)
        for way in [*every[turn:], *every[:turn]]:
            started = time.perf_counter()
            way.run(target)
            if number:
                seconds[way.name].append(time.perf_counter() - started)
            else:
                check(way, target, frame)
    return seconds


def check(way: Way, target: Path, frame: FrameFormat) -> None:
    """What is not whole is not compared."""
    found = faults(
        target,
        frame,
        seconds=float(SECONDS) * CLIPS,
        has_sound=way.has_sound,
        blends=way.blends,
        scene_seconds=float(SECONDS),
    )
    if wrong := list(found):
        sys.exit(f"{way.name} made another video: {'; '.join(wrong)}.")


def draw(resolution: str, target: Path) -> list[float]:
    """Seconds of video in each second, for each scene: from its description to the encoded clip."""
    frame, renderer = frame_format(aspect_ratio="16:9", resolution=resolution), load_renderer()
    factors = []
    for number in range(CLIPS):
        started = time.perf_counter()
        renderer.render_clip(spec_of(number, frame), target, lambda _: None)
        factors.append(float(SECONDS) / (time.perf_counter() - started))
    return factors


def report(every: list[Way], joined: dict[str, list[float]], drawn: dict[str, list[float]]) -> Result:
    rows = {way.name: row(way, joined) for way in every}
    speeds = {resolution: spread(factors) for resolution, factors in drawn.items()}
    missed = [name for name, its in rows.items() if its["limit"] and its["ratio"]["median"] >= its["limit"]]
    missed += [f"animatic {resolution}" for resolution, its in speeds.items() if its["median"] < 1]
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": "make bench-media",
        "machine": machine(),
        "clips": CLIPS,
        "clip_seconds": float(SECONDS),
        "joined": rows,
        "animatic_seconds_per_second": speeds,
        "missed": missed,
    }


def row(way: Way, joined: dict[str, list[float]]) -> Result:
    facts = {"does": way.does, "base": way.base, "copy": way.copy, "limit": way.limit}
    ratios = {"ratio": ratio(joined, way, way.base), "copy_ratio": ratio(joined, way, way.copy)}
    return facts | {"seconds": spread(joined[way.name])} | ratios


def ratio(joined: dict[str, list[float]], way: Way, other: str) -> dict[str, float]:
    """How many times as long as the other it takes, round by round."""
    return spread(own / its for own, its in zip(joined[way.name], joined[other], strict=True))


def spread(values: Iterable[float]) -> dict[str, float]:
    ordered = sorted(values)
    return {"min": ordered[0], "median": statistics.median(ordered), "max": ordered[-1]}


def machine() -> Result:
    packages = {name: version(name) for name in ("av", "numpy", "skia-python", "imageio-ffmpeg")}
    return {
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "system": platform.platform(),
        "python": platform.python_version(),
        "ffmpeg": Path(ffmpeg_binary()).name,
        **packages,
    }


def show(console: Console, result: Result) -> None:
    table = Table(
        *("", "does", "seconds", "times copy + AAC", "times -c copy", "limit"),
        title=f"{result['clips']} clips of {result['clip_seconds']:g} s, 720p",
        caption="Times: minimum, median, maximum. Where there is no sound, -c copy is what the limit is for.",
    )
    for name, its in result["joined"].items():
        encoding, copying = (
            " ".join(f"{times:.2f}" for times in its[kind].values()) for kind in ("ratio", "copy_ratio")
        )
        limit = f"< {its['limit']:g}" if its["limit"] else ""
        own = "" if its["base"] == its["copy"] else encoding
        table.add_row(name, its["does"], f"{its['seconds']['median']:.2f}", own, copying, limit)
    speeds = Table("animatic", "min", "median", "max", "limit", title="Seconds of video in a second")
    for resolution, its in result["animatic_seconds_per_second"].items():
        speeds.add_row(resolution, *(f"{factor:.2f}" for factor in its.values()), "≥ 1")
    console.print(table, speeds)
    cores, load = result["machine"]["cores"], result["machine"]["load_average"]
    console.print(f"On {cores} cores, load average {load:.1f}. Written to {REPORT}.")
    if result["missed"]:
        console.print(f"Missed: {', '.join(result['missed'])}.", style="red")


if __name__ == "__main__":
    sys.exit(main())
