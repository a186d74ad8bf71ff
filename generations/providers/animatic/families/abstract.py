"""No place at all: ribbons of colour that flow, soft discs, light. For words and brands."""

import math

import skia

from generations.providers.animatic.brush import add_glow, curve, fill, glow, linear, radial, stroke, wave
from generations.providers.animatic.colour import WHITE, mix, with_lightness
from generations.providers.animatic.picture import Moment, Picture
from generations.providers.animatic.weather import add_mist

_LEVEL = {"dawn": 0.62, "day": 0.80, "dusk": 0.40, "night": 0.20}


def paint_abstract(picture: Picture) -> None:
    """A ground, discs behind, ribbons before, points of light."""
    look = picture.look
    _paint_ground(picture)
    _paint_discs(picture)
    ribbons = 5
    for index in range(ribbons):
        picture.add(Ribbon(picture, index, ribbons))
    if look.weather in ("cloudy", "fog"):
        add_mist(picture, top=0.3 * picture.height, alpha=0.3, colour=mix(look.light(0), WHITE, 0.3))
    picture.add(Lights(picture))
    picture.hero_stands_here()


def _paint_ground(picture: Picture) -> None:
    look = picture.look
    level = _LEVEL[look.time] * (0.85 if look.weather == "storm" else 1.0)
    first, last = (
        look.graded(with_lightness(look.brand[k], level + shift)) for k, shift in ((0, 0.0), (-1, 0.10))
    )
    x, y = picture.composition.sun_x * picture.width, 0.3 * picture.height

    def painter(canvas: skia.Canvas) -> None:
        ends = (0, 0), (0.4 * picture.width, picture.height)
        canvas.drawPaint(linear(*ends, [(last, 1.0), (mix(first, last, 0.4), 1.0), (first, 1.0)]))
        reach = 90 * picture.unit
        canvas.drawCircle(x, y, reach, radial((x, y), reach, mix(look.light(1), WHITE, 0.4), 0.55))

    picture.paint(0, painter, framed=False, blur=0, soft=True)


def _paint_discs(picture: Picture) -> None:
    """Great circles out of focus, far behind; thin rings nearer."""
    for depth, count, sizes, blur in ((0.15, 4, (14, 30), 1.6), (0.4, 3, (6, 13), 0.0)):
        _paint_disc_plane(picture, depth, count, sizes, blur)


class Ribbon:
    """A band of colour with a wavy upper edge that never stands still."""

    def __init__(self, picture: Picture, index: int, count: int) -> None:
        look, chance = picture.look, picture.chance
        self._picture, self._share = picture, index / (count - 1)
        level = _LEVEL[look.time]
        colour = look.graded(
            with_lightness(
                look.brand[index % len(look.brand)], min(0.86, 0.30 + 0.55 * level + 0.07 * (index % 3))
            )
        )
        self._colour = mix(
            colour, look.graded(with_lightness(look.brand[0], level * 0.55)), 0.35 + 0.3 * self._share
        )
        self._edge = mix(self._colour, WHITE, 0.35)
        self._swings = [
            (chance.uniform(0.7, 1.6), chance.random(), chance.choice((-1, 1)) * chance.uniform(7, 12))
            for _ in range(3)
        ]
        speed = {"storm": 1.8, "rain": 1.3}.get(look.weather, 1.0)
        self._speed = speed * (1.5 if picture.scene.mood == "energetic" else 1.0)

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw it in the shape of this moment."""
        picture = self._picture
        base = picture.height * (0.46 + 0.52 * self._share)
        dx, dy = moment.pose.shift(0.2 + 0.7 * self._share)
        points = []
        for step in range(-1, 14):
            along = step / 12
            lift = sum(
                math.sin(2 * math.pi * (along * k + phase + moment.seconds * self._speed / period))
                / (index + 1)
                for index, (k, phase, period) in enumerate(self._swings)
            )
            points.append(
                (
                    along * picture.width + dx * 0.3,
                    base + dy - 0.075 * picture.height * lift * moment.pose.scale(1),
                )
            )
        line = curve(points)
        shape = skia.Path(line)
        shape.lineTo(points[-1][0], picture.bottom)
        shape.lineTo(points[0][0], picture.bottom)
        shape.close()
        canvas.drawPath(shape, fill(self._colour))
        canvas.drawPath(line, stroke(self._edge, 0.28 * picture.unit, 0.5))


def _paint_disc_plane(
    picture: Picture, depth: float, count: int, sizes: tuple[int, int], blur: float
) -> None:
    look, chance, unit = picture.look, picture.chance, picture.unit
    discs = [
        (
            chance.uniform(0.02, 0.98) * picture.width,
            chance.uniform(0.05, 0.95) * picture.height,
            unit * chance.uniform(*sizes),
            chance.randrange(4),
        )
        for _ in range(count)
    ]

    def painter(canvas: skia.Canvas) -> None:
        for x, y, radius, hue in discs:
            colour = look.light(hue) if look.time in ("dusk", "night") else look.accent(hue)
            if blur:
                canvas.drawCircle(
                    x,
                    y,
                    radius,
                    linear((x, y - radius), (x, y + radius), [(colour, 0.55), (colour, 0.05)]),
                )
            else:
                canvas.drawCircle(x, y, radius, stroke(mix(colour, WHITE, 0.3), 0.3 * unit, 0.5))
                canvas.drawCircle(
                    x,
                    y,
                    0.86 * radius,
                    linear((x, y - radius), (x, y + radius), [(WHITE, 0.26), (WHITE, 0.0)]),
                )

    picture.paint(
        depth,
        painter,
        blur=blur,
        overscan=0.02,
        motion=lambda seconds: (
            1.6 * unit * wave(seconds, 9, depth),
            1.2 * unit * wave(seconds, 7, depth),
        ),
    )


class Lights:
    """Points that rise and breathe."""

    def __init__(self, picture: Picture) -> None:
        chance, look = picture.chance, picture.look
        self._picture = picture
        self._glows = [
            glow(mix(look.light(k), WHITE, 0.35), max(4, round(size * picture.unit)), 0.55)
            for k, size in ((0, 1.4), (1, 3.2), (2, 6.0))
        ]
        self._points = [
            (chance.random(), chance.random(), chance.random(), chance.randrange(3)) for _ in range(26)
        ]

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw each at its height."""
        picture = self._picture
        for x, y, phase, kind in self._points:
            rise = (y - moment.seconds * (0.012 + 0.012 * kind)) % 1.0
            across = x * picture.width + 2 * picture.unit * wave(moment.seconds, 6, phase)
            add_glow(
                canvas,
                self._glows[kind],
                across,
                rise * picture.height,
                math.sin(math.pi * rise) * (0.6 + 0.4 * wave(moment.seconds, 3, phase)),
            )
