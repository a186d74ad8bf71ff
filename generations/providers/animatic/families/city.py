"""A city skyline: towers in the haze, a river or an avenue of lights, and traffic."""

import skia

from generations.providers.animatic.brush import add_glow, downward, fill, glow, linear, stroke, wave
from generations.providers.animatic.buildings import paint_tower
from generations.providers.animatic.colour import WHITE, Colour, mix
from generations.providers.animatic.picture import Moment, Picture
from generations.providers.animatic.sky import Birds, paint_sky
from generations.providers.animatic.water import Surface, add_water
from generations.providers.animatic.weather import add_mist


def paint_city(picture: Picture) -> None:
    """From the farthest towers to the quay."""
    look, height = picture.look, picture.height
    paint_sky(picture)
    if look.lamps > 0.4:
        _paint_city_glow(picture)
    rows = ((0.80, 0.34, 3.4, 0.0), (0.55, 0.30, 4.6, 0.55), (0.30, 0.24, 6.0, 0.75), (0.12, 0.13, 8.0, 0.95))
    for distance, tall, wide, window in rows:
        paint_block(picture, distance, tall * height, wide * picture.unit, window * picture.unit)
        if distance > 0.25:
            add_mist(picture, top=picture.horizon - 0.16 * height, alpha=0.20 * look.hazy)
    if not look.night:
        picture.add(Birds(picture, count=5, height=0.3))
    far = mix(look.sky_at(0.85), look.surface("#31475c"), 0.45)
    rough = 1.3 if look.weather in ("rain", "storm") else 0.7
    top = picture.horizon + 0.05 * height
    paint_quay(picture, top)
    add_water(picture, top, Surface(far, look.surface("#101c2c"), 0.85, rough, blur=2.4), depth=0.5)
    picture.add(Ferry(picture, top))
    picture.hero_stands_here()
    paint_railing(picture)


def paint_block(picture: Picture, distance: float, tall: float, wide: float, window: float) -> None:
    """One row of towers, higher toward one place of the skyline."""
    chance = picture.chance
    crest = chance.uniform(0.25, 0.75)
    towers = []
    x = picture.left
    while x < picture.right:
        width = wide * chance.uniform(0.75, 1.7)
        near_crest = 1 - min(1.0, abs(x / picture.width - crest) * 1.5)
        height = tall * (0.32 + 0.68 * near_crest * chance.uniform(0.45, 1.0)) * chance.uniform(0.6, 1.0)
        towers.append((x, picture.horizon - height, x + width, picture.horizon + 0.06 * picture.height))
        x += width * chance.uniform(0.92, 1.25)
    materials = ("#5c6b82", "#6f7688", "#4c5c74", "#7d7480")

    def painter(canvas: skia.Canvas) -> None:
        for box in towers:
            material = chance.choice(materials)
            paint_tower(canvas, picture, box, distance=distance, window=window, material=material)

    picture.paint(0.06 + 0.42 * (1 - distance), painter)
    if window and picture.look.lamps > 0.5:
        spires = [(x0 + (x1 - x0) / 2, y0) for x0, y0, x1, _ in towers if y0 < picture.horizon - 0.6 * tall]
        picture.add(Blinkers(picture, spires, 0.06 + 0.42 * (1 - distance)))


class Blinkers:
    """Red lamps on high roofs."""

    def __init__(self, picture: Picture, places: list[tuple[float, float]], depth: float) -> None:
        self._picture, self._depth = picture, depth
        self._places = [(x, y, picture.chance.random()) for x, y in places]
        self._image = glow((1.0, 0.25, 0.2), max(3, round(1.1 * picture.unit)), 1.0)

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw those that are on."""
        for x, y, phase in self._places:
            level = wave(moment.seconds, 1.8, phase)
            if level > 0:
                x, y, _ = self._picture.project(moment, self._depth, x, y)
                add_glow(canvas, self._image, x, y, level)


def _paint_city_glow(picture: Picture) -> None:
    """The light of the streets on the air above them."""
    look = picture.look
    warm = mix(look.graded((1.0, 0.62, 0.38)), look.light(0), 0.45)

    def painter(canvas: skia.Canvas) -> None:
        top = picture.horizon - 0.34 * picture.height
        paint = linear((0, top), (0, picture.horizon), [(warm, 0.0), (warm, 0.40 * look.lamps)])
        canvas.drawRect(skia.Rect.MakeLTRB(picture.left, top, picture.right, picture.bottom), paint)

    picture.paint(0.02, painter, framed=False, soft=True, blur=0)


def paint_quay(picture: Picture, top: float) -> None:
    """The embankment with its lamps."""
    look, unit, chance = picture.look, picture.unit, picture.chance
    stone = look.surface("#3b4250", 0.08)
    warm = look.graded((1.0, 0.82, 0.5))
    lamps = []
    x = picture.left
    while x < picture.right:
        lamps.append(x)
        x += unit * chance.uniform(6, 8)

    def painter(canvas: skia.Canvas) -> None:
        base = top - 2.0 * unit
        for x in lamps:
            canvas.drawCircle(
                x, base - 1.4 * unit, 1.9 * unit, fill(mix(stone, look.surface("#31503f", 0.1), 0.8))
            )
        canvas.drawRect(
            skia.Rect.MakeLTRB(picture.left, base, picture.right, picture.bottom),
            downward(base, base + 3 * unit, mix(stone, look.key, 0.12), mix(stone, look.dark, 0.4)),
        )
        for x in lamps:
            canvas.drawLine(
                x + 3 * unit, base, x + 3 * unit, base - 3.4 * unit, stroke(look.dark, 0.16 * unit)
            )
            if look.lamps > 0.3:
                canvas.drawCircle(x + 3 * unit, base - 3.5 * unit, 2.2 * unit, fill(warm, 0.12 * look.lamps))
                canvas.drawCircle(x + 3 * unit, base - 3.5 * unit, 0.34 * unit, fill(mix(warm, WHITE, 0.4)))

    picture.paint(0.5, painter, framed=False)


class Ferry:
    """A boat with lit windows that crosses the water."""

    def __init__(self, picture: Picture, top: float) -> None:
        look = picture.look
        self._picture, self._top = picture, top
        self._x = picture.chance.uniform(0.05, 0.6) * picture.width
        self._hull = look.surface("#26303f")
        self._deck = look.surface("#d9dde4", 0.1)
        self._lamp: Colour = (
            look.graded((1.0, 0.86, 0.55)) if look.lamps > 0.3 else mix(self._hull, WHITE, 0.3)
        )
        self._shine = (
            glow(self._lamp, round(7 * picture.unit), 0.5 * look.lamps) if look.lamps > 0.3 else None
        )

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw it where it has come to."""
        unit = self._picture.unit
        x = self._x + 2.2 * unit * moment.seconds
        x, y, scale = self._picture.project(moment, 0.55, x, self._top + 3.2 * unit, framed=False)
        s = unit * scale
        y += 0.12 * s * wave(moment.seconds, 2.6)
        canvas.drawRoundRect(
            skia.Rect.MakeLTRB(x - 4.2 * s, y - 2.4 * s, x + 3.6 * s, y), 0.5 * s, 0.5 * s, fill(self._deck)
        )
        canvas.drawRoundRect(
            skia.Rect.MakeLTRB(x - 2.8 * s, y - 3.7 * s, x + 1.6 * s, y - 2 * s),
            0.4 * s,
            0.4 * s,
            fill(self._deck),
        )
        for index in range(7):
            canvas.drawRect(
                skia.Rect.MakeXYWH(x - 3.8 * s + index * 1.02 * s, y - 1.8 * s, 0.66 * s, 0.7 * s),
                fill(self._lamp),
            )
        hull = skia.Path()
        hull.addPoly(
            [
                skia.Point(x - 5 * s, y - 0.8 * s),
                skia.Point(x + 5.4 * s, y - 0.8 * s),
                skia.Point(x + 4.4 * s, y + 0.7 * s),
                skia.Point(x - 4.6 * s, y + 0.7 * s),
            ],
            True,
        )
        canvas.drawPath(hull, fill(self._hull))
        if self._shine:
            add_glow(canvas, self._shine, x, y + 1.2 * s)


def paint_railing(picture: Picture) -> None:
    """The near bank: a parapet to lean on."""
    look, unit = picture.look, picture.unit
    colour = mix(look.surface("#2a303c"), look.dark, 0.45)
    top = picture.height * 0.955

    def painter(canvas: skia.Canvas) -> None:
        area = skia.Rect.MakeLTRB(picture.left, top, picture.right, picture.bottom)
        canvas.drawRect(area, downward(top, picture.height, mix(colour, look.key, 0.14), look.dark))
        canvas.drawRect(
            skia.Rect.MakeLTRB(picture.left, top, picture.right, top + 0.35 * unit),
            fill(mix(colour, look.key, 0.4), 0.7),
        )

    picture.paint(0.95, painter, framed=False)
