"""High above the ground: seas of cloud, the sun, balloons and birds."""

import skia

from generations.providers.animatic.brush import curve, downward, fill, polygon, stroke, wave
from generations.providers.animatic.colour import WHITE, lightness, mix, with_lightness
from generations.providers.animatic.noise import rough_line
from generations.providers.animatic.picture import Moment, Picture
from generations.providers.animatic.sky import Birds, paint_sky
from generations.providers.animatic.weather import add_mist


def paint_heights(picture: Picture) -> None:
    """Banks of cloud, each nearer one larger and brighter at its edge."""
    look, height = picture.look, picture.height
    paint_sky(picture)
    _paint_peak(picture)
    rows = (
        (0.80, 0.10, 0.00, 3.0),
        (0.58, 0.20, 0.06, 5.0),
        (0.36, 0.36, 0.14, 7.5),
        (0.16, 0.55, 0.25, 11.0),
    )
    for index, (distance, depth, drop, size) in enumerate(rows):
        paint_bank(picture, distance, depth, picture.horizon + drop * height, size * picture.unit)
        if index == 1:
            picture.add(Birds(picture, count=7, height=0.7))
            picture.add(Balloons(picture))
        if index < 3:
            add_mist(picture, top=picture.horizon + (drop - 0.04) * height, alpha=0.22)
    picture.hero_stands_here()
    paint_bank(picture, 0.0, 0.9, 0.97 * height, 13 * picture.unit)
    if look.weather == "clear" and not look.night:
        picture.add(Birds(picture, count=4, height=0.35))


def paint_bank(picture: Picture, distance: float, depth: float, top: float, size: float) -> None:
    """A sea of cloud whose surface is round heads, lit from the sun's side."""
    look, chance = picture.look, picture.chance
    share = 0.30 + 0.7 * distance
    white = mix(
        look.sky_at(share),
        mix(look.key, WHITE, 0.5),
        (0.30 + 0.42 * look.sun_strength) * (0.35 if look.night else 1),
    )
    shade = mix(look.sky_at(0.25 + 0.5 * distance), look.ambient, 0.4)
    if look.weather in ("rain", "storm"):
        white, shade = (
            with_lightness(white, 0.82 * lightness(white)),
            with_lightness(shade, 0.75 * lightness(shade)),
        )
    rough = rough_line(chance, 60, start=5, roughness=0.5)
    heads, x, index = [], picture.left, 0
    while x < picture.right:
        radius = size * chance.uniform(0.45, 1.1)
        place = int((x - picture.left) / (picture.right - picture.left) * 59)
        heads.append((x, top + 0.7 * size - size * 0.9 * rough[place] * 0.8, radius))
        x += radius * chance.uniform(0.6, 1.0)
        index += 1
    way = -1 if picture.composition.sun_x < 0.5 else 1

    def painter(canvas: skia.Canvas) -> None:
        body = skia.Path()
        for x, y, radius in heads:
            body.addCircle(x, y, radius)
        body.addRect(skia.Rect.MakeLTRB(picture.left, top + 0.8 * size, picture.right, picture.bottom))
        canvas.drawPath(body, downward(top - 0.7 * size, top + 2.6 * size, white, shade))
        canvas.save()
        canvas.clipPath(body, True)
        for x, y, radius in heads:
            core = x - way * 0.24 * radius, y + 0.34 * radius
            canvas.drawCircle(*core, 0.92 * radius, fill(shade, 0.16))
        canvas.restore()

    speed = chance.choice((-1, 1)) * 0.5 * picture.unit * (1 - 0.5 * distance)
    picture.paint(
        depth,
        painter,
        blur=0.18 if depth < 0.8 else 1.0,
        overscan=0.03,
        motion=lambda seconds: (
            speed * (seconds - picture.seconds / 2),
            0.25 * picture.unit * wave(seconds, 6, distance),
        ),
    )


def _paint_peak(picture: Picture) -> None:
    """A far summit that stands out of the clouds."""
    look, chance = picture.look, picture.chance
    if chance.random() < 0.4:
        return
    x = picture.width * (1 - picture.composition.sun_x)
    tall = chance.uniform(0.14, 0.24) * picture.height
    rock = look.surface("#6b7890", 0.72)
    bright = mix(look.surface("#f4f7fb", 0.5, tint=0.05), look.key, 0.3)
    y = picture.horizon + 0.05 * picture.height

    def painter(canvas: skia.Canvas) -> None:
        top = y - tall
        canvas.drawPath(
            polygon(
                [
                    (x - 1.3 * tall, y),
                    (x - 0.5 * tall, top + 0.45 * tall),
                    (x, top),
                    (x + 0.4 * tall, top + 0.35 * tall),
                    (x + 1.4 * tall, y),
                ]
            ),
            downward(top, y, rock, look.haze),
        )
        snow = [
            (x, top),
            (x - 0.36 * tall, top + 0.33 * tall),
            (x - 0.18 * tall, top + 0.28 * tall),
            (x - 0.08 * tall, top + 0.45 * tall),
            (x + 0.06 * tall, top + 0.27 * tall),
            (x + 0.2 * tall, top + 0.38 * tall),
            (x + 0.36 * tall, top + 0.33 * tall),
        ]
        canvas.drawPath(polygon(snow), fill(bright, 0.9))

    picture.paint(0.06, painter)


class Balloons:
    """Hot-air balloons that hang in the air."""

    def __init__(self, picture: Picture) -> None:
        chance = picture.chance
        self._picture = picture
        self._balloons = [
            (
                chance.uniform(0.12, 0.9),
                chance.uniform(0.42, 0.86),
                chance.uniform(1.6, 3.2),
                chance.random(),
                index,
            )
            for index in range(chance.randint(2, 4))
        ]

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw each where the wind has brought it."""
        for across, down, size, phase, index in self._balloons:
            unit = self._picture.unit
            x = across * self._picture.width + 0.35 * unit * moment.seconds
            y = (
                down * self._picture.horizon
                - 0.2 * unit * moment.seconds
                + 0.5 * unit * wave(moment.seconds, 5, phase)
            )
            x, y, scale = self._picture.project(moment, 0.22, x, y)
            paint_balloon(canvas, self._picture, x, y, size * unit * scale, index, haze=0.35)


def paint_balloon(
    canvas: skia.Canvas, picture: Picture, x: float, y: float, s: float, index: int, *, haze: float
) -> None:
    """A balloon of radius `s` whose middle is at (x, y)."""
    look = picture.look
    first, second = (mix(look.surface(look.accent(index + k), tint=0), look.haze, haze) for k in (0, 1))
    outline = curve(
        [
            (x, y - s),
            (x + 0.72 * s, y - 0.7 * s),
            (x + s, y),
            (x + 0.62 * s, y + 0.8 * s),
            (x + 0.2 * s, y + 1.35 * s),
            (x - 0.2 * s, y + 1.35 * s),
            (x - 0.62 * s, y + 0.8 * s),
            (x - s, y),
            (x - 0.72 * s, y - 0.7 * s),
        ],
        closed=True,
    )
    canvas.drawPath(outline, fill(first))
    canvas.save()
    canvas.clipPath(outline, True)
    for offset in (-0.55, 0.0, 0.55):
        canvas.drawOval(
            skia.Rect.MakeLTRB(x + (offset - 0.14) * s, y - 1.05 * s, x + (offset + 0.14) * s, y + 1.5 * s),
            fill(second),
        )
    shade = skia.Rect.MakeLTRB(x + 0.25 * s, y - 1.1 * s, x + 1.1 * s, y + 1.5 * s)
    canvas.drawOval(shade, fill(look.dark, 0.16))
    canvas.restore()
    ink = mix(look.dark, look.haze, haze)
    for side in (-1, 1):
        canvas.drawLine(
            x + side * 0.18 * s, y + 1.33 * s, x + side * 0.13 * s, y + 1.7 * s, stroke(ink, 0.03 * s)
        )
    canvas.drawRoundRect(
        skia.Rect.MakeLTRB(x - 0.17 * s, y + 1.68 * s, x + 0.17 * s, y + 1.95 * s),
        0.05 * s,
        0.05 * s,
        fill(ink),
    )
