"""Space: nebulae, planets, rings and dust. The hour turns the light, the weather thickens the dust."""

import math

import numpy as np
import skia

from generations.providers.animatic.brush import add_glow, fill, glow, linear, premultiplied, radial
from generations.providers.animatic.colour import BLACK, WHITE, Colour, mix, with_lightness
from generations.providers.animatic.noise import cloud_field
from generations.providers.animatic.picture import Moment, Picture
from generations.providers.animatic.sky import Twinkle
from generations.providers.animatic.weather import add_motes


def paint_space(picture: Picture) -> None:
    """From the farthest stars to the rocks that pass."""
    look, chance = picture.look, picture.chance
    _paint_deep(picture)
    dust = {"clear": 0.75, "cloudy": 1.0, "rain": 0.8, "snow": 0.7, "fog": 1.2, "storm": 1.1}[look.weather]
    for index in range(2):
        _paint_nebula(picture, index, dust)
    _paint_stars(picture)
    side = 1 if picture.composition.sun_x < 0.5 else -1
    big = {"wide": 0.24, "medium": 0.34, "close": 0.60}[picture.composition.shot.framing] * picture.unit * 100
    x = picture.width * (0.5 + side * chance.uniform(0.12, 0.30))
    y = picture.height * chance.uniform(0.42, 0.64) + (0.35 * big if big > 50 * picture.unit else 0)
    paint_planet(picture, (x, y), big, depth=0.25, light=-side, index=0, ringed=chance.random() < 0.5)
    small = big * chance.uniform(0.12, 0.26)
    moon = (x - side * big * chance.uniform(1.15, 1.6), y - big * chance.uniform(0.3, 0.8))
    paint_planet(picture, moon, small, depth=0.4, light=-side, index=1, ringed=False)
    picture.add(ShootingStar(picture))
    picture.hero_stands_here()
    _paint_rocks(picture)
    add_motes(picture, count=20, colour=mix(look.light(1), WHITE, 0.4), size=0.7, pulse=False)


def _paint_deep(picture: Picture) -> None:
    """The darkness, and the light of a sun that is nearly in the picture: the hour says how nearly."""
    look = picture.look
    lift, sun = {"dawn": (0.28, 0.5), "day": (0.36, 0.8), "dusk": (0.24, 0.5), "night": (0.15, 0.1)}[
        look.time
    ]
    edge, middle = with_lightness(look.brand[0], 0.10), with_lightness(look.brand[-1], 0.8 * lift)
    glare = mix(look.key, look.sky[2], 0.55)
    place = picture.composition.sun_x * picture.width, 0.12 * picture.height

    def painter(canvas: skia.Canvas) -> None:
        ends = (0, 0), (picture.width, picture.height)
        canvas.drawPaint(linear(*ends, [(edge, 1.0), (middle, 1.0), (mix(edge, BLACK, 0.4), 1.0)]))
        canvas.drawPaint(radial(place, 110 * picture.unit, glare, sun))

    picture.paint(0, painter, framed=False, blur=0, soft=True)


def _paint_nebula(picture: Picture, index: int, dust: float) -> None:
    look = picture.look
    width, height = 224, 128
    field = cloud_field(picture.chance, width, height, cells=3)
    other = cloud_field(picture.chance, width, height, cells=4)
    y, x = np.mgrid[0:height, 0:width]
    band = np.exp(-(((y / height - 0.5) + (x / width - 0.5) * (0.6 - index)) ** 2) * 9)
    level = np.clip(field * 1.7 - 0.55, 0, 1) * band * 0.85 * dust
    first, second = np.array(look.light(index)[::-1]), np.array(look.accent(index + 1)[::-1])
    share = np.clip(other * 1.4 - 0.2, 0, 1)[..., None]
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., :3] = ((first * share + second * (1 - share)) * level[..., None] * 200).clip(0, 255)
    pixels[..., 3] = level * 200
    image = premultiplied(pixels)

    def painter(canvas: skia.Canvas) -> None:
        area = skia.Rect.MakeLTRB(
            -0.15 * picture.width, -0.15 * picture.height, 1.15 * picture.width, 1.15 * picture.height
        )
        canvas.drawImageRect(image, area, skia.SamplingOptions(skia.CubicResampler.Mitchell()))

    drift = (1 - 2 * index) * 0.3 * picture.unit
    picture.paint(
        0.03,
        painter,
        framed=False,
        soft=True,
        blur=0,
        overscan=0.03,
        motion=lambda seconds: (drift * (seconds - picture.seconds / 2), 0.0),
    )


def _paint_stars(picture: Picture) -> None:
    chance, unit = picture.chance, picture.unit
    area = picture.width * picture.height / (100 * unit) ** 2
    for depth, count in ((0.04, 340), (0.10, 90)):
        _paint_star_plane(picture, depth, int(count * area))
    bright = [
        (chance.uniform(0, picture.width), chance.uniform(0, picture.height), chance.random())
        for _ in range(14)
    ]
    picture.add(Twinkle(bright, glow(mix(picture.look.light(0), WHITE, 0.6), max(3, round(2.0 * unit)), 0.9)))


def _paint_star_plane(picture: Picture, depth: float, count: int) -> None:
    chance, unit = picture.chance, picture.unit
    stars = [
        (
            chance.uniform(picture.left, picture.right),
            chance.uniform(-0.1, 1.1) * picture.height,
            chance.random() ** 3,
        )
        for _ in range(count)
    ]

    def painter(canvas: skia.Canvas) -> None:
        for x, y, size in stars:
            tint = mix(WHITE, picture.look.light(int(size * 30)), 0.35)
            canvas.drawCircle(x, y, unit * (0.06 + 0.16 * size + depth), fill(tint, 0.35 + 0.6 * size))

    picture.paint(depth, painter, framed=False, blur=0, soft=depth < 0.05)


def paint_planet(
    picture: Picture,
    place: tuple[float, float],
    radius: float,
    *,
    depth: float,
    light: int,
    index: int,
    ringed: bool,
) -> None:
    """A banded world with a night side, a bright limb, and perhaps a ring."""
    look, chance = picture.look, picture.chance
    x, y = place
    base, second = look.accent(index), mix(look.accent(index + 1), WHITE, 0.2)
    bands = [
        (chance.uniform(-1, 1), chance.uniform(0.03, 0.16), chance.uniform(0.12, 0.5)) for _ in range(11)
    ]
    lit_x = x + light * 0.55 * radius
    dark = mix(look.dark, BLACK, 0.45)
    turn = chance.uniform(-22, 22)

    def ring(canvas: skia.Canvas, front: bool) -> None:
        canvas.save()
        canvas.clipRect(
            skia.Rect.MakeLTRB(
                -4 * radius, 0 if front else -4 * radius, 4 * radius, 4 * radius if front else 0
            )
        )
        for reach, wide, alpha in ((1.45, 0.10, 0.75), (1.66, 0.16, 0.5), (1.9, 0.06, 0.65)):
            paint = skia.Paint(
                Color=fill(second, alpha).getColor(),
                AntiAlias=True,
                Style=skia.Paint.kStroke_Style,
                StrokeWidth=wide * radius * 0.8,
            )
            canvas.save()
            canvas.scale(1, 0.24)
            canvas.drawCircle(0, 0, reach * radius, paint)
            canvas.restore()
        canvas.restore()

    def globe(canvas: skia.Canvas) -> None:
        canvas.save()
        canvas.clipPath(_circle(radius), True)
        canvas.drawPaint(fill(base))
        for offset, tall, alpha in bands:
            top = offset * radius
            canvas.drawOval(
                skia.Rect.MakeLTRB(-1.3 * radius, top - tall * radius, 1.3 * radius, top + tall * radius),
                fill(second, alpha),
            )
        canvas.restore()

    def painter(canvas: skia.Canvas) -> None:
        canvas.drawCircle(
            x,
            y,
            1.28 * radius,
            radial((x + light * 0.1 * radius, y), 1.28 * radius, mix(base, look.key, 0.4), 0.75),
        )
        canvas.save()
        canvas.translate(x, y)
        canvas.rotate(turn)
        if ringed:
            ring(canvas, False)
        globe(canvas)
        canvas.restore()
        shade = skia.GradientShader.MakeRadial(
            (lit_x, y - 0.45 * radius),
            1.75 * radius,
            [fill(dark, 0).getColor(), fill(dark, 0.12).getColor(), fill(dark, 0.94).getColor()],
            [0.0, 0.45, 1.0],
        )
        canvas.drawCircle(x, y, radius, skia.Paint(Shader=shade, AntiAlias=True, Dither=True))
        bright = mix(look.key, WHITE, 0.4)
        ends = (x + light * radius, y), (x - light * 0.3 * radius, y)
        rim = linear(*ends, [(bright, 0.85), (look.key, 0.0)])
        rim.setStyle(skia.Paint.kStroke_Style)
        rim.setStrokeWidth(0.03 * radius)
        canvas.drawCircle(x, y, 0.985 * radius, rim)
        if ringed:
            canvas.translate(x, y)
            canvas.rotate(turn)
            ring(canvas, True)

    picture.paint(depth, painter, framed=False, blur=0)


def _circle(radius: float) -> skia.Path:
    path = skia.Path()
    path.addCircle(0, 0, radius)
    return path


def _paint_rocks(picture: Picture) -> None:
    """A belt of rocks that crosses slowly; the nearest are out of focus."""
    for depth, count, size, blur in ((0.6, 16, 1.3, 0.0), (1.1, 4, 5.0, 0.7)):
        _paint_rock_plane(picture, depth, count, size, blur)


def _paint_rock(canvas: skia.Canvas, picture: Picture, x: float, y: float, radius: float) -> None:
    chance, look = picture.chance, picture.look
    points = []
    for corner in range(9):
        angle = 2 * math.pi * corner / 9
        reach = radius * chance.uniform(0.72, 1.1)
        points.append((x + reach * math.cos(angle), y + 0.8 * reach * math.sin(angle)))
    path = skia.Path()
    path.addPoly([skia.Point(*point) for point in points], True)
    stone: Colour = mix(with_lightness(look.brand[0], 0.34), (0.4, 0.38, 0.4), 0.5)
    light = -1 if picture.composition.sun_x >= 0.5 else 1
    ends = (x - light * radius, y - radius), (x + light * radius, y + radius)
    canvas.drawPath(
        path, linear(*ends, [(mix(stone, look.dark, 0.85), 1.0), (mix(stone, look.dark, 0.4), 1.0)])
    )
    canvas.drawPath(path, linear(*ends[::-1], [(look.key, 0.30), (look.key, 0.0)]))


def _paint_rock_plane(picture: Picture, depth: float, count: int, size: float, blur: float) -> None:
    chance, unit = picture.chance, picture.unit
    rocks = [
        (
            chance.uniform(-0.1, 1.1) * picture.width,
            chance.gauss(0.86, 0.09) * picture.height,
            size * unit * chance.uniform(0.4, 1.3),
        )
        for _ in range(count)
    ]

    def painter(canvas: skia.Canvas) -> None:
        for x, y, radius in rocks:
            _paint_rock(canvas, picture, x, y, radius)

    speed = unit * (0.6 + depth)
    picture.paint(
        depth,
        painter,
        framed=False,
        blur=blur,
        overscan=0.12,
        motion=lambda seconds: (speed * (seconds - picture.seconds / 2), 0.0),
    )


class ShootingStar:
    """A streak that crosses now and then."""

    def __init__(self, picture: Picture) -> None:
        chance = picture.chance
        self._picture = picture
        self._flights = [
            (chance.uniform(0.1, 0.8) * picture.seconds, chance.uniform(0.2, 0.9), chance.uniform(0.05, 0.3))
            for _ in range(max(1, round(picture.seconds / 4)))
        ]
        self._head = glow(mix(picture.look.key, WHITE, 0.6), max(3, round(1.6 * picture.unit)), 1.0)

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the flight of this moment."""
        for start, across, down in self._flights:
            age = (moment.seconds - start) / 0.8
            if 0 < age < 1:
                unit = self._picture.unit
                x, y = (
                    across * self._picture.width - 46 * unit * age,
                    down * self._picture.height + 22 * unit * age,
                )
                alpha = math.sin(math.pi * age)
                tail = linear((x, y), (x + 20 * unit, y - 9.6 * unit), [(WHITE, 0.9 * alpha), (WHITE, 0.0)])
                tail.setStyle(skia.Paint.kStroke_Style)
                tail.setStrokeWidth(0.35 * unit)
                canvas.drawLine(x, y, x + 20 * unit, y - 9.6 * unit, tail)
                add_glow(canvas, self._head, x, y, alpha)
