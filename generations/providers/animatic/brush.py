"""Paints, paths and sprites that every drawing uses."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import skia

from generations.providers.animatic.colour import Colour, argb

Point = tuple[float, float]


def fill(colour: Colour, alpha: float = 1.0) -> skia.Paint:
    """A plain colour."""
    return skia.Paint(Color=argb(colour, alpha), AntiAlias=True)


def stroke(colour: Colour, width: float, alpha: float = 1.0) -> skia.Paint:
    """A line with round ends."""
    return skia.Paint(
        Color=argb(colour, alpha),
        AntiAlias=True,
        Style=skia.Paint.kStroke_Style,
        StrokeWidth=width,
        StrokeCap=skia.Paint.kRound_Cap,
        StrokeJoin=skia.Paint.kRound_Join,
    )


def linear(
    start: Point, end: Point, colours: Sequence[tuple[Colour, float]], places: Sequence[float] | None = None
) -> skia.Paint:
    """A gradient of colours and alphas from point to point. Dithered, so that dark skies do not band."""
    shader = skia.GradientShader.MakeLinear(
        [start, end], [argb(colour, alpha) for colour, alpha in colours], list(places) if places else None
    )
    return skia.Paint(Shader=shader, AntiAlias=True, Dither=True)


def downward(top: float, bottom: float, *colours: Colour) -> skia.Paint:
    """A gradient from top to bottom."""
    return linear((0, top), (0, bottom), [(colour, 1.0) for colour in colours])


def veil(top: float, bottom: float, colour: Colour, first: float, last: float) -> skia.Paint:
    """One colour that grows from one alpha to another, from top to bottom."""
    return linear((0, top), (0, bottom), [(colour, first), (colour, last)])


def radial(centre: Point, radius: float, colour: Colour, alpha: float) -> skia.Paint:
    """A soft round light."""
    steps = 6
    shares = [index / steps for index in range(steps + 1)]
    shader = skia.GradientShader.MakeRadial(
        centre, radius, [argb(colour, alpha * (1 - share) ** 2.2) for share in shares], shares
    )
    return skia.Paint(Shader=shader, AntiAlias=True, Dither=True)


def lit(paint: skia.Paint) -> skia.Paint:
    """The same paint, added to what is below it as light is."""
    paint.setBlendMode(skia.BlendMode.kScreen)
    return paint


def on_top(paint: skia.Paint) -> skia.Paint:
    """The same paint, kept to where something has been drawn already."""
    paint.setBlendMode(skia.BlendMode.kSrcATop)
    return paint


def polygon(points: Sequence[Point]) -> skia.Path:
    """A closed shape with straight sides."""
    path = skia.Path()
    path.addPoly([skia.Point(*point) for point in points], True)
    return path


def curve(points: Sequence[Point], *, closed: bool = False) -> skia.Path:
    """A smooth line through the points (Catmull-Rom)."""
    path = skia.Path()
    path.moveTo(*points[0])
    count = len(points)
    for index in range(count if closed else count - 1):
        before, here, there, after = (_at(points, index + step, closed) for step in (-1, 0, 1, 2))
        path.cubicTo(
            here[0] + (there[0] - before[0]) / 6,
            here[1] + (there[1] - before[1]) / 6,
            there[0] - (after[0] - here[0]) / 6,
            there[1] - (after[1] - here[1]) / 6,
            *there,
        )
    if closed:
        path.close()
    return path


def land(line: Sequence[Point], bottom: float, *, smooth: bool = False) -> skia.Path:
    """The ground below a line, down to `bottom`."""
    path = curve(line) if smooth else polygon_open(line)
    path.lineTo(line[-1][0], bottom)
    path.lineTo(line[0][0], bottom)
    path.close()
    return path


def polygon_open(points: Sequence[Point]) -> skia.Path:
    """An open line with straight pieces."""
    path = skia.Path()
    path.addPoly([skia.Point(*point) for point in points], False)
    return path


def blurred(radius: float) -> skia.Paint:
    """For a picture or a layer that is to be softened."""
    return skia.Paint(ImageFilter=skia.ImageFilters.Blur(radius, radius))


def blurred_edge(radius: float) -> skia.MaskFilter:
    """For one shape that is to be softened: much quicker than a layer."""
    return skia.MaskFilter.MakeBlur(skia.BlurStyle.kNormal_BlurStyle, radius)


@lru_cache(maxsize=128)
def glow(colour: Colour, radius: int, strength: float = 1.0) -> skia.Image:
    """A round light to be added with `ADD`; its middle is at (radius, radius)."""
    axis = (np.arange(2 * radius) + 0.5 - radius) / radius
    distance = np.minimum(1, np.hypot(axis[None, :], axis[:, None]))
    level = (
        strength * (0.65 * (1 - distance) ** 2.4 + 0.35 * np.exp(-((distance * 7) ** 2))) * (1 - distance**6)
    )
    pixels = np.zeros((2 * radius, 2 * radius, 4), np.uint8)
    for channel, part in enumerate((colour[2], colour[1], colour[0], 1.0)):
        pixels[..., channel] = np.clip(level * part * 255, 0, 255)
    return premultiplied(pixels)


def premultiplied(pixels: np.ndarray) -> skia.Image:
    """Skia's view of an array of blue, green, red and alpha."""
    return skia.Image.fromarray(
        pixels, skia.ColorType.kBGRA_8888_ColorType, skia.AlphaType.kPremul_AlphaType, copy=True
    )


def add_glow(canvas: skia.Canvas, image: skia.Image, x: float, y: float, alpha: float = 1.0) -> None:
    """Add a light at a place. Whole pixels: it is soft, and Skia is ten times quicker at them."""
    paint = skia.Paint(BlendMode=skia.BlendMode.kPlus, Alphaf=min(1.0, max(0.0, alpha)))
    canvas.drawImage(
        image, round(x - image.width() / 2), round(y - image.height() / 2), skia.SamplingOptions(), paint
    )


def wave(seconds: float, period: float, phase: float = 0.0) -> float:
    """A slow swing from -1 to 1."""
    return math.sin(2 * math.pi * (seconds / period + phase))


def _at(points: Sequence[Point], index: int, closed: bool) -> Point:
    return points[index % len(points)] if closed else points[min(max(index, 0), len(points) - 1)]
