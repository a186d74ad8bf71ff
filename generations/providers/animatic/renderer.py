"""Draws one clip, frame by frame."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from generations.media.drawers import frames_drawn
from generations.media.encoder import FrameEncoder
from generations.media.planes import PlaneMaker, planes_bytes
from generations.providers.animatic.camera import Camera
from generations.providers.animatic.composition import compose
from generations.providers.animatic.families import FAMILIES
from generations.providers.animatic.hero import add_hero, hero_of
from generations.providers.animatic.picture import Moment, Picture, Pixels, canvas_on
from generations.providers.animatic.typography import add_title
from generations.providers.animatic.weather import paint_vignette, paint_weather
from generations.providers.base import ClipSpec

#: Settings whose painters place the weather themselves, or have none.
INDOORS = ("interior", "space", "abstract")
#: Frames between two reports of progress.
_REPORT_EVERY = 6
#: Two draw as quickly as the encoder's two threads encode; each costs memory.
PROCESSES = min(2, os.cpu_count() or 1)


def render_clip(
    spec: ClipSpec, into: Path, report: Callable[[float], None], *, processes: int = PROCESSES
) -> tuple[str, ...]:
    """Draw and encode a clip; answer the warnings for the client."""
    drawing, maker = Drawing(spec), PlaneMaker(spec.frame)
    keyframes_at = spec.edges.cuts(drawing.scene_frames)
    with (
        frames_drawn(
            lambda index: maker.planes(drawing.frame(index).data),
            frames=drawing.frames,
            frame_bytes=planes_bytes(spec.frame),
            processes=processes,
        ) as frames,
        # Begun after the processes: a copy of the pipe in them would keep ffmpeg waiting for more.
        FrameEncoder(into, spec.frame, keyframes_at=keyframes_at) as encoder,
    ):
        for index, planes in enumerate(frames):
            encoder.write_planes(planes)
            if index % _REPORT_EVERY == 0:
                report(index / drawing.frames)
    report(1.0)
    return drawing.warnings


class Drawing:
    """All that one clip is drawn from. Equal specs draw equal pixels."""

    def __init__(self, spec: ClipSpec) -> None:
        scene, frame = spec.scene, spec.frame
        self.scene_frames = frame.frames(float(scene.duration_seconds))
        self.frames = self.scene_frames + spec.edges.handle
        composition = compose(
            scene, spec.seed, portrait=frame.width < frame.height, has_hero=hero_of(scene) is not None
        )
        picture = Picture(scene, frame, spec.seed, composition)
        FAMILIES[scene.setting](picture)
        add_hero(picture)
        if scene.setting not in INDOORS:
            paint_weather(picture)
        paint_vignette(picture)
        self.warnings = add_title(picture, scene.title) if spec.captions else ()
        self._camera = Camera(scene.camera, frame.width, frame.height, float(scene.duration_seconds))
        picture.cull((self._camera.pose(0), self._camera.pose(self._fraction(self.frames))))
        self._picture = picture
        self._fps = frame.fps
        self._pixels = np.zeros((frame.height, frame.width, 4), np.uint8)
        self._canvas = canvas_on(self._pixels)

    def frame(self, index: int) -> Pixels:
        """The pixels of one frame: blue, green, red, alpha. The next call overwrites them."""
        fraction = self._fraction(index)
        moment = Moment(index / self._fps, fraction, self._camera.pose(fraction), self._picture.bounds)
        for item in self._picture.items:
            item.draw(self._canvas, moment)
        return self._pixels

    def _fraction(self, index: int) -> float:
        return index / max(1, self.scene_frames - 1)
