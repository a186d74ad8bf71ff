"""A desert: mesas in the haze, dunes with one lit flank, a wind that carries sand."""

import skia

from generations.providers.animatic.brush import (
    Point,
    curve,
    downward,
    fill,
    land,
    linear,
    polygon,
    stroke,
    veil,
)
from generations.providers.animatic.colour import Colour, mix
from generations.providers.animatic.noise import rough_line
from generations.providers.animatic.picture import Picture
from generations.providers.animatic.sky import Birds, paint_sky
from generations.providers.animatic.weather import add_mist


def paint_desert(picture: Picture) -> None:
    """From the mesas to the near crest."""
    look = picture.look
    paint_sky(picture)
    for distance, height in ((0.84, 0.15), (0.62, 0.11)):
        _paint_mesas(picture, distance, height * picture.height)
    add_mist(picture, top=picture.horizon - 0.07 * picture.height, alpha=0.32 * look.hazy)
    if not look.night:
        picture.add(Birds(picture, count=3, height=0.4))
    for depth, distance, drop, swell in (
        (0.22, 0.52, 0.0, 0.035),
        (0.36, 0.33, 0.055, 0.05),
        (0.54, 0.16, 0.14, 0.065),
        (0.74, 0.04, 0.26, 0.07),
    ):
        paint_dune(picture, depth, distance, drop * picture.height, swell * picture.height)
        if 0.3 < depth < 0.6:
            _paint_cacti(picture, depth, distance, drop * picture.height)
    add_mist(
        picture, top=picture.horizon + 0.06 * picture.height, alpha=0.16, colour=look.surface("#e8c48e", 0.3)
    )
    picture.hero_stands_here()


def paint_dune(picture: Picture, depth: float, distance: float, drop: float, swell: float) -> None:
    """A crest with a sharp edge: light on one flank, shade on the other."""
    look, chance = picture.look, picture.chance
    sand = look.surface("#eef0f4" if look.weather == "snow" else "#d9a866", distance)
    bright = mix(sand, look.key, 0.30 * look.sun_strength + 0.05)
    shade = mix(mix(sand, look.ambient, 0.25), look.dark, 0.16)
    base = picture.horizon + drop
    rough = rough_line(chance, 14, start=3, roughness=0.3)
    step = (picture.right - picture.left) / 13
    line: list[Point] = [(picture.left + i * step, base - swell * rough[i]) for i in range(14)]
    peaks = [i for i in range(1, 13) if line[i][1] < line[i - 1][1] and line[i][1] <= line[i + 1][1]]
    way = 1 if picture.composition.sun_x < 0.5 else -1

    def painter(canvas: skia.Canvas) -> None:
        shape = land(line, picture.bottom, smooth=True)
        canvas.drawPath(
            shape, downward(base - swell, base + 0.30 * picture.height, bright, mix(sand, look.dark, 0.28))
        )
        canvas.save()
        canvas.clipPath(shape, True)
        for peak in peaks:
            _paint_lee(canvas, picture, line[peak], step * way, swell, shade)
        _paint_ripples(canvas, picture, base, mix(sand, look.dark, 0.4), distance)
        canvas.drawPaint(veil(base - swell, base + 0.05 * picture.height, look.haze, 0.25 * distance, 0.0))
        canvas.restore()

    picture.paint(depth, painter)


def _paint_lee(
    canvas: skia.Canvas, picture: Picture, crest: Point, step: float, swell: float, shade: Colour
) -> None:
    """The flank away from the sun, below an edge that winds down from the crest."""
    x, y = crest
    bend = picture.chance.uniform(0.4, 0.9) * step
    edge = [
        (x, y - 2),
        (x - 0.35 * bend, y + 0.9 * swell),
        (x + 0.25 * bend, y + 2.4 * swell),
        (x - 0.4 * bend, y + 5.5 * swell),
    ]
    path = curve(edge)
    path.lineTo(x + 3.2 * step, y + 5.5 * swell)
    path.lineTo(x + 3.2 * step, y - 2)
    path.close()
    far = linear((x, 0), (x + 2.6 * step, 0), [(shade, 0.6), (shade, 0.0)])
    canvas.drawPath(path, far)


def _paint_ripples(canvas: skia.Canvas, picture: Picture, base: float, ink: Colour, distance: float) -> None:
    chance, unit = picture.chance, picture.unit
    if distance > 0.25:
        return
    for _ in range(34):
        x, y = chance.uniform(picture.left, picture.right), base + chance.uniform(0.01, 0.3) * picture.height
        length = unit * chance.uniform(5, 16)
        line = curve(
            [(x, y), (x + 0.35 * length, y - 0.5 * unit), (x + 0.7 * length, y + 0.3 * unit), (x + length, y)]
        )
        canvas.drawPath(line, stroke(ink, 0.14 * unit, 0.22))


def _paint_mesas(picture: Picture, distance: float, height: float) -> None:
    look, chance = picture.look, picture.chance
    rock = look.surface("#a3573c", distance)
    lit = mix(rock, look.key, 0.3 * look.sun_strength)
    shapes, x = [], picture.left
    while x < picture.right:
        width = height * chance.uniform(1.0, 3.2)
        shapes.append((x, width, height * chance.uniform(0.45, 1.0)))
        x += width * chance.uniform(1.2, 2.4)

    def painter(canvas: skia.Canvas) -> None:
        base = picture.horizon + 0.05 * picture.height
        for x, width, tall in shapes:
            top = picture.horizon - tall
            cliff = top + 0.45 * tall
            outline = polygon(
                [
                    (x, base),
                    (x + 0.16 * width, cliff),
                    (x + 0.2 * width, top),
                    (x + 0.8 * width, top + 0.03 * tall),
                    (x + 0.84 * width, cliff),
                    (x + width, base),
                ]
            )
            canvas.drawPath(outline, downward(top, base, lit, mix(rock, look.haze, 0.5)))
            for _ in range(7):
                px = x + width * chance.uniform(0.22, 0.8)
                canvas.drawLine(px, top + 0.05 * tall, px, cliff, stroke(look.dark, 0.02 * width, 0.10))
        ground = skia.Rect.MakeLTRB(picture.left, picture.horizon, picture.right, picture.bottom)
        canvas.drawRect(ground, fill(mix(rock, look.haze, 0.55)))

    picture.paint(0.06 + 0.12 * (1 - distance), painter)


def _paint_cacti(picture: Picture, depth: float, distance: float, drop: float) -> None:
    look, chance, unit = picture.look, picture.chance, picture.unit
    colour = mix(look.surface("#3f6b4a", distance), look.dark, 0.2)
    places = [(chance.uniform(0.02, 0.98) * picture.width, chance.uniform(5, 9.5) * unit) for _ in range(3)]

    def painter(canvas: skia.Canvas) -> None:
        for x, size in places:
            base = picture.horizon + drop + 0.05 * picture.height
            paint = stroke(colour, 0.15 * size)
            canvas.drawLine(x, base, x, base - size, paint)
            for way, low, high in ((-1, 0.35, 0.72), (1, 0.5, 0.9)):
                arm = skia.Path()
                arm.moveTo(x, base - low * size)
                arm.quadTo(x + way * 0.3 * size, base - low * size, x + way * 0.3 * size, base - high * size)
                canvas.drawPath(arm, stroke(colour, 0.11 * size))
            shine = stroke(mix(colour, look.key, 0.4 * look.sun_strength), 0.03 * size)
            canvas.drawLine(x - 0.03 * size, base - 0.1 * size, x - 0.03 * size, base - 0.95 * size, shine)

    picture.paint(depth, painter)
