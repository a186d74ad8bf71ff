"""Draws one clip, frame by frame."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import skia

from generations.media.encoder import FrameEncoder
from generations.providers.animatic.camera import Camera
from generations.providers.animatic.composition import compose
from generations.providers.animatic.families import FAMILIES
from generations.providers.animatic.hero import add_hero, hero_of
from generations.providers.animatic.picture import Moment, Picture, Pixels
from generations.providers.animatic.typography import add_title
from generations.providers.animatic.weather import paint_vignette, paint_weather
from generations.providers.base import ClipSpec

#: Settings whose painters place the weather themselves, or have none.
INDOORS = ("interior", "space", "abstract")
#: Frames between two reports of progress.
_REPORT_EVERY = 6


def render_clip(spec: ClipSpec, into: Path, report: Callable[[float], None]) -> tuple[str, ...]:
    """Draw and encode a clip; answer the warnings for the client."""
    drawing = Drawing(spec)
    keyframes_at = spec.edges.cuts(drawing.scene_frames)
    with FrameEncoder(into, spec.frame, keyframes_at=keyframes_at) as encoder:
        for index in range(drawing.frames):
            encoder.write(drawing.frame(index).data)
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
        picture.cull()
        self._picture = picture
        self._camera = Camera(scene.camera, frame.width, frame.height, float(scene.duration_seconds))
        self._fps = frame.fps
        self._pixels = np.zeros((frame.height, frame.width, 4), np.uint8)
        self._canvas = skia.Canvas(
            self._pixels, skia.ColorType.kBGRA_8888_ColorType, skia.AlphaType.kPremul_AlphaType
        )

    def frame(self, index: int) -> Pixels:
        """The pixels of one frame: blue, green, red, alpha. The next call overwrites them."""
        fraction = index / max(1, self.scene_frames - 1)
        moment = Moment(index / self._fps, fraction, self._camera.pose(fraction), self._picture.bounds)
        for item in self._picture.items:
            item.draw(self._canvas, moment)
        return self._pixels
