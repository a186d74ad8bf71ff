"""What falls and floats in front of the scene: rain, snow, fog, dust, fireflies, and the vignette."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import skia
from numpy.random import default_rng

from generations.providers.animatic.brush import Point, add_glow, fill, glow, premultiplied, stroke, wave
from generations.providers.animatic.colour import WHITE, Colour, mix
from generations.providers.animatic.noise import cloud_field
from generations.providers.animatic.picture import (
    SMOOTH,
    Moment,
    Painter,
    Picture,
    Sheet,
    empty_surface,
    pixels_of,
)


def paint_weather(picture: Picture, *, outdoors: bool = True) -> None:
    """The weather between the scene and the eye."""
    match picture.look.weather:
        case "rain":
            add_rain(picture, heavy=False)
        case "storm":
            add_rain(picture, heavy=True)
        case "snow":
            add_snow(picture)
        case "fog":
            add_mist(picture, top=0.2 * picture.height, alpha=0.5, front=True)
        case _ if outdoors:
            add_floating(picture)


class Falling:
    """A tile of drops or flakes that is repeated over the frame and moves without end."""

    def __init__(self, tile: Sheet, *, velocity: tuple[float, float], sway: float = 0.0) -> None:
        self._tile = tile
        self._velocity = velocity
        self._sway = sway

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Cover the frame with the tile, at whole pixels: it moves too fast for fractions to show."""
        width, height = self._tile.width, self._tile.height
        x = self._velocity[0] * moment.seconds + self._sway * wave(moment.seconds, 3.7)
        y = self._velocity[1] * moment.seconds
        left, top = round(x) % width - width, round(y) % height - height
        bounds = moment.bounds
        for across in range(left, bounds.right, width):
            for down in range(top, bounds.bottom, height):
                if across + width > bounds.left and down + height > bounds.top:
                    self._tile.draw(canvas, across, down)


def add_rain(picture: Picture, *, heavy: bool) -> None:
    """Streaks at two distances, driven by the wind."""
    unit, chance = picture.unit, picture.chance
    wind = (-0.34 if heavy else -0.12) * (-1 if picture.composition.mirrored else 1)
    colour = mix(picture.look.haze, WHITE, 0.55)
    planes = ((3.2, 0.10, 0.20, 150, 120), (6.5, 0.17, 0.26, 46, 190))
    for length, width, alpha, count, speed in planes:
        tile = _tile(picture)
        for _ in range(int(count * (1.6 if heavy else 1.0))):
            x, y = chance.uniform(0, tile.width()), chance.uniform(0, tile.height())
            size = chance.uniform(0.6, 1.2)
            paint = stroke(colour, max(0.8, width * unit * size), alpha * chance.uniform(0.5, 1.2))
            dx, dy = wind * length * size * unit, length * size * unit
            _repeated(tile, partial(_draw_streak, (x, y), (x + dx, y + dy), paint))
        velocity = speed * unit * (1.25 if heavy else 1.0)
        picture.add(Falling(Sheet(pixels_of(tile)), velocity=(wind * velocity, velocity)))


def add_snow(picture: Picture) -> None:
    """Flakes at three distances; the nearest are out of focus."""
    unit, chance = picture.unit, picture.chance
    for size, alpha, count, speed in ((0.24, 0.75, 150, 7.0), (0.46, 0.8, 60, 12.0), (1.3, 0.32, 9, 21.0)):
        tile = _tile(picture)
        for _ in range(count):
            x, y = chance.uniform(0, tile.width()), chance.uniform(0, tile.height())
            radius = unit * size * chance.uniform(0.6, 1.3)
            paint = fill(WHITE, alpha * chance.uniform(0.6, 1.0))
            if size > 1:
                paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.BlurStyle.kNormal_BlurStyle, radius * 0.35))
            _repeated(tile, partial(_draw_flake, (x, y), radius, paint))
        velocity = (-2.2 * unit * size, speed * unit)
        picture.add(Falling(Sheet(pixels_of(tile)), velocity=velocity, sway=unit * (0.8 + size)))


def add_mist(
    picture: Picture, *, top: float, alpha: float, front: bool = False, colour: Colour | None = None
) -> None:
    """A bank of mist that drifts sideways, from `top` down."""
    width, height = 256, 96
    field = cloud_field(picture.chance, width, height, cells=3, octaves=4)
    rows = np.linspace(0, 1, height)[:, None]
    density = np.clip(field * 1.5 - 0.25, 0, 1) * np.sin(np.pi * np.clip(rows * 0.92 + 0.04, 0, 1)) ** 0.8
    if front:
        density = np.maximum(density, 0.35 * np.sin(np.pi * np.clip(rows * 0.8, 0, 1)))
    tint = colour or mix(picture.look.haze, WHITE, 0.12 if not picture.look.night else 0.0)
    pixels = np.empty((height, width, 4), np.uint8)
    for channel, part in enumerate((tint[2], tint[1], tint[0], 1.0)):
        pixels[..., channel] = density * alpha * part * 255
    size = int(1.5 * picture.width), int(1.08 * picture.height - top)
    surface = empty_surface(*size)
    surface.getCanvas().drawImageRect(premultiplied(pixels), skia.Rect.MakeIWH(*size), SMOOTH)
    speed = 2.4 * picture.unit * (1 if picture.chance.random() < 0.5 else -1)
    picture.add(Bank(surface.makeImageSnapshot(), round(top), speed))


@dataclass
class Bank:
    """A wide strip that repeats without a seam as it drifts. Soft, so whole pixels do."""

    image: skia.Image
    top: int
    speed: float

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw it across the frame."""
        width = self.image.width()
        left = round(self.speed * moment.seconds) % width - width
        top = self.top + round(moment.pose.shift(0.4)[1])
        for x in range(left, moment.bounds.right, width):
            if x + width > moment.bounds.left:
                canvas.drawImage(self.image, x, top)


def add_floating(picture: Picture) -> None:
    """What floats in clear air: fireflies on a warm night, dust in low light, else nothing much."""
    look = picture.look
    if look.night and picture.scene.setting in ("forest", "mountains", "interior"):
        add_motes(picture, count=16, colour=mix(look.light(0), (1.0, 0.93, 0.55), 0.6), size=1.5, pulse=True)
    elif look.time in ("dawn", "dusk"):
        add_motes(picture, count=22, colour=look.key, size=0.8, pulse=False)


def add_motes(picture: Picture, *, count: int, colour: Colour, size: float, pulse: bool) -> None:
    """Small lights that wander."""
    chance = picture.chance
    motes = [
        (
            chance.uniform(0, picture.width),
            chance.uniform(0.35 * picture.height, 0.97 * picture.height),
            chance.random(),
            chance.choice((0.6, 0.8, 1.0)),
        )
        for _ in range(count)
    ]
    images = {
        scale: glow(colour, max(3, round(size * scale * picture.unit)), 0.9) for scale in (0.6, 0.8, 1.0)
    }
    picture.add(Motes(motes, images, picture.unit, pulse))


@dataclass
class Motes:
    """Fireflies, dust or embers."""

    motes: list[tuple[float, float, float, float]]
    images: dict[float, skia.Image]
    unit: float
    pulse: bool
    rise: float = 0.5

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw each where its wandering has brought it."""
        for x, y, phase, size in self.motes:
            dx, dy = moment.pose.shift(size)
            x += dx + self.unit * (3.0 * wave(moment.seconds, 7 + 3 * phase, phase) + moment.seconds * 0.6)
            y += dy + self.unit * (
                1.8 * wave(moment.seconds, 5 + 2 * phase, 2 * phase) - self.rise * moment.seconds
            )
            level = 0.5 + 0.5 * wave(moment.seconds, 2.4 + phase, phase) if self.pulse else 0.45
            add_glow(canvas, self.images[size], x, y, level)


def paint_vignette(picture: Picture) -> None:
    """Darkened corners, which lead the eye to the middle."""
    width, height = picture.width, picture.height
    x = (np.arange(width, dtype=np.float32) + 0.5) / width * 2 - 1
    y = (np.arange(height, dtype=np.float32) + 0.5) / height * 2 - 1
    distance = np.sqrt(x[None, :] ** 2 * 0.85 + y[:, None] ** 2 * 0.75)
    strength = {"dramatic": 0.55, "mysterious": 0.6, "epic": 0.5, "joyful": 0.24}.get(
        picture.scene.mood, 0.38
    )
    level = np.clip((distance - 0.55) / 0.9, 0, 1) ** 1.7 * strength
    rng = default_rng(1)
    dither = rng.random(level.shape, np.float32)
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., 3] = level * 255 + dither * (level > 0)
    picture.add(Overlay(premultiplied(pixels)))


@dataclass
class Overlay:
    """A picture that covers the frame and does not move."""

    image: skia.Image

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Lay it over the frame."""
        canvas.drawImage(self.image, 0, 0)


def _draw_streak(start: Point, end: Point, paint: skia.Paint, canvas: skia.Canvas) -> None:
    canvas.drawLine(*start, *end, paint)


def _draw_flake(middle: Point, radius: float, paint: skia.Paint, canvas: skia.Canvas) -> None:
    canvas.drawCircle(*middle, radius, paint)


def _tile(picture: Picture) -> skia.Surface:
    return empty_surface(round(picture.width * 0.8) + 37, round(picture.height * 0.9) + 53)


def _repeated(tile: skia.Surface, painter: Painter) -> None:
    """Paint so that what leaves the tile on one side comes in on the other."""
    canvas = tile.getCanvas()
    for across in (-tile.width(), 0, tile.width()):
        for down in (-tile.height(), 0, tile.height()):
            canvas.save()
            canvas.translate(across, down)
            painter(canvas)
            canvas.restore()
