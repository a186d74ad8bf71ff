"""Water and wet ground: what is above is mirrored, and the mirror moves."""

import math
from dataclasses import dataclass

import numpy as np
import skia

from generations.providers.animatic.brush import downward, fill, linear, on_top
from generations.providers.animatic.camera import Pose
from generations.providers.animatic.colour import WHITE, Colour, mix
from generations.providers.animatic.picture import (
    SMOOTH,
    Moment,
    Picture,
    Pixels,
    as_image,
    empty_surface,
    pixels_of,
)

#: Rows that sway together.
_STRIP = 3


@dataclass(frozen=True)
class Surface:
    """What a reflecting surface is like."""

    colour: Colour
    near: Colour
    clarity: float  # How much of the mirror shows, 0 to 1.
    ripple: float  # How far the mirror is bent, in hundredths of the shorter side.
    blur: float = 1.2  # Downward, in the same measure.


def add_water(picture: Picture, top: float, surface: Surface, *, depth: float = 0.45) -> "Water":
    """Mirror all that has been painted so far in a surface that begins at the row `top`."""
    across = int(0.16 * picture.width)
    above = picture.snapshot(across)
    height = int(picture.bottom - top)
    pixels = _mirror(picture, above, round(top), height, surface)
    water = Water(picture, pixels, round(top), across, depth, surface)
    picture.add(water)
    return water


def _mirror(picture: Picture, above: Pixels, top: int, height: int, surface: Surface) -> Pixels:
    target = empty_surface(above.shape[1], height)
    canvas = target.getCanvas()
    canvas.drawPaint(downward(0, height, surface.colour, surface.near))
    down = surface.blur * picture.unit
    paint = skia.Paint(ImageFilter=skia.ImageFilters.Blur(0.25 * down, down))
    canvas.saveLayer(None, paint)
    reach = min(top, height)
    mirrored = np.ascontiguousarray(above[top - reach : top][::-1])
    if reach < height:
        mirrored = np.concatenate([mirrored, np.repeat(mirrored[-1:], height - reach, axis=0)])
    image = as_image(np.ascontiguousarray(mirrored))
    fade = linear((0, 0), (0, height), [(WHITE, surface.clarity), (WHITE, 0.55 * surface.clarity)])
    canvas.drawImage(image, 0, 0)
    fade.setBlendMode(skia.BlendMode.kDstIn)
    canvas.drawPaint(fade)
    canvas.restore()
    shade = linear((0, 0), (0, height), [(surface.near, 0.0), (surface.near, 0.55)])
    canvas.drawPaint(on_top(shade))
    return pixels_of(target)


@dataclass
class Water:
    """The mirror, bent by waves that grow toward the eye."""

    picture: Picture
    pixels: Pixels
    top: int
    across: int
    depth: float
    surface: Surface

    def solid_from(self, pose: Pose) -> float:
        """Nothing shows through below its edge."""
        return self.top + pose.shift(self.depth)[1] + 1

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the mirror as the waves bend it now."""
        scale = moment.pose.scale(self.depth)
        dx, dy = moment.pose.shift(self.depth)
        first, bounds = max(0, round(self.top + dy)), moment.bounds
        if first >= bounds.bottom:
            return
        rows = np.arange(bounds.bottom - first) / scale
        # The mirror is blurred downward, so the nearest row does.
        places = np.rint(rows + self._bend(rows, moment.seconds)).astype(int)
        bent = as_image(self.pixels[places.clip(0, len(self.pixels) - 1)])
        middle = self.picture.width / 2
        left = middle + (bounds.left - middle - dx) / scale + self.across
        width = (bounds.right - bounds.left) / scale
        sampling = skia.SamplingOptions() if scale == 1 else SMOOTH
        left = round(left) if scale == 1 else left
        for start in range(0, len(rows), _STRIP):
            end = min(start + _STRIP, len(rows))
            sway = self._sway(float(rows[start]), moment.seconds)
            source = skia.Rect.MakeXYWH(left + sway, start, width, end - start)
            target = skia.Rect.MakeLTRB(bounds.left, first + start, bounds.right, first + end)
            canvas.drawImageRect(bent, source, target, sampling)

    def _bend(self, rows: np.ndarray, seconds: float) -> np.ndarray:
        near = 0.15 + rows / self.picture.height * 2.2
        size = self.surface.ripple * self.picture.unit * near
        spread = np.log1p(rows / (2.2 * self.picture.unit))
        return np.asarray(
            size * (np.sin(13 * spread - 2.3 * seconds) + 0.6 * np.sin(29 * spread - 3.6 * seconds + 1.0))
        )

    def _sway(self, row: float, seconds: float) -> int:
        near = 0.2 + row / self.picture.height * 1.6
        spread = math.log1p(row / (2.2 * self.picture.unit))
        swing = math.sin(21 * spread - 2.0 * seconds) + 0.5 * math.sin(47 * spread + 2.9 * seconds)
        return round(min(1.3, near) * self.surface.ripple * self.picture.unit * swing)


class Glitter:
    """Short bright dashes on water below a light."""

    def __init__(self, picture: Picture, x: float, top: float, *, colour: Colour, count: int = 90) -> None:
        chance = picture.chance
        self._picture, self._top = picture, top
        self._paint = fill(mix(colour, WHITE, 0.4))
        reach = picture.bottom - top
        self._dashes = []
        for _ in range(count):
            down = chance.random() ** 1.6
            spread = picture.unit * (4 + 26 * down)
            self._dashes.append(
                (x + chance.gauss(0, 0.5) * spread, top + 0.01 * reach + down * reach, chance.random(), down)
            )

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the dashes that shine at this moment."""
        unit = self._picture.unit
        for x, y, phase, down in self._dashes:
            level = math.sin(2 * math.pi * (moment.seconds / (1.1 + phase) + phase * 7))
            if level > 0.1:
                x, y, _ = self._picture.project(moment, 0.45, x, y, framed=False)
                width, height = unit * (0.6 + 2.6 * down) * level, unit * (0.10 + 0.26 * down)
                self._paint.setAlphaf(0.75 * level)
                canvas.drawOval(
                    skia.Rect.MakeLTRB(x - width, y - height / 2, x + width, y + height / 2), self._paint
                )
