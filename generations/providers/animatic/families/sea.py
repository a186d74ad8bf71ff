"""The sea: headlands, sails, a mirror of light, and the shore."""

import math

import skia

from generations.providers.animatic.brush import (
    add_glow,
    downward,
    fill,
    glow,
    land,
    linear,
    polygon,
    stroke,
    wave,
)
from generations.providers.animatic.colour import WHITE, mix
from generations.providers.animatic.noise import rough_line
from generations.providers.animatic.picture import Moment, Picture
from generations.providers.animatic.sky import Birds, paint_sky
from generations.providers.animatic.water import Glitter, Surface, add_water
from generations.providers.animatic.weather import add_mist


def paint_sea(picture: Picture) -> None:
    """From the headlands on the horizon to the sand."""
    look = picture.look
    paint_sky(picture)
    for distance, height, share in ((0.85, 0.055, 0.55), (0.62, 0.10, 0.34)):
        paint_headland(picture, distance, height * picture.height, share)
    if picture.look.lamps > 0.5:
        picture.add(Beacon(picture))
    rough = {"clear": 0.9, "rain": 1.5, "storm": 2.4}.get(look.weather, 1.1)
    far = mix(look.sky_at(0.92), look.surface("#2c7f9e", 0.25), 0.5)
    add_water(picture, picture.horizon, Surface(far, look.surface("#0d4a66"), 0.62, rough, blur=1.8))
    if look.sun_strength > 0.2:
        x = picture.composition.sun_x * picture.width
        picture.add(Glitter(picture, x, picture.horizon, colour=look.key, count=150))
    picture.add(Swell(picture))
    picture.add(Sails(picture))
    if not look.night:
        picture.add(Birds(picture, count=picture.chance.randint(3, 6), height=0.6))
    if look.weather in ("fog", "snow", "rain"):
        add_mist(picture, top=picture.horizon - 0.1 * picture.height, alpha=0.35)
    picture.hero_stands_here()
    paint_shore(picture)


def paint_headland(picture: Picture, distance: float, height: float, share: float) -> None:
    """Land that runs out into the sea from one side."""
    chance, look = picture.chance, picture.look
    rough = rough_line(chance, 200, start=7, roughness=0.55)
    colour = look.surface("#47596b", distance)
    lit = mix(colour, look.key, 0.25 * look.sun_strength)
    right = chance.random() < 0.5
    line = []
    for index in range(200):
        along = index / 199
        inward = along if not right else 1 - along
        level = max(0.0, 1 - inward / share) ** 0.65
        y = picture.horizon + 2 - height * level * (0.72 + 0.4 * rough[index])
        line.append((picture.left + along * (picture.right - picture.left), min(picture.horizon + 2, y)))

    def painter(canvas: skia.Canvas) -> None:
        paint = downward(picture.horizon - height, picture.horizon, lit, mix(colour, look.haze, 0.3))
        canvas.drawPath(land(line, picture.horizon + 2), paint)

    picture.paint(0.08 + 0.2 * (1 - distance), painter)


def paint_shore(picture: Picture) -> None:
    """Sand or rocks at the lower edge, and the last of a wave."""
    look, unit, chance = picture.look, picture.unit, picture.chance
    sand = look.surface("#dcc093" if look.weather != "snow" else "#e8edf4")
    rough = rough_line(chance, 30, start=3, roughness=0.3)
    tilt = chance.choice((-1, 1)) * 0.05 * picture.height
    step = (picture.right - picture.left) / 29
    line = [
        (picture.left + i * step, picture.height * 0.965 + tilt * (i / 29 - 0.5) + rough[i] * 1.4 * unit)
        for i in range(30)
    ]

    def painter(canvas: skia.Canvas) -> None:
        top = min(y for _, y in line)
        wet = land([(x, y - 1.3 * unit) for x, y in line], picture.bottom, smooth=True)
        canvas.drawPath(wet, fill(mix(sand, look.dark, 0.4), 0.75))
        shape = land(line, picture.bottom, smooth=True)
        canvas.drawPath(shape, downward(top, top + 0.14 * picture.height, sand, mix(sand, look.dark, 0.45)))
        foam = land([(x, y - 1.5 * unit) for x, y in line], picture.bottom, smooth=True)
        canvas.drawPath(foam, stroke(mix(look.haze, WHITE, 0.5), 0.5 * unit, 0.7))

    picture.paint(0.9, painter, framed=False)


class Swell:
    """Long low waves that come toward the eye."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._light = mix(picture.look.haze, WHITE, 0.25)
        self._waves = [
            (picture.chance.random(), picture.chance.uniform(-0.1, 1.0), picture.chance.uniform(0.10, 0.34))
            for _ in range(26)
        ]

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the crests that catch light."""
        picture = self._picture
        reach = picture.height - picture.horizon
        for phase, x, length in self._waves:
            along = (phase + moment.seconds * 0.035) % 1.0
            down = along**2.2
            left, y, _ = picture.project(
                moment, 0.45, x * picture.width, picture.horizon + 3 + down * reach, framed=False
            )
            width = length * picture.width * (0.25 + down)
            height = picture.unit * (0.08 + 0.4 * down)
            alpha = 0.26 * math.sin(math.pi * along) * (0.6 + 0.4 * wave(moment.seconds, 3, phase))
            canvas.drawOval(skia.Rect.MakeXYWH(left, y, width, height), fill(self._light, max(0.0, alpha)))


class Sails:
    """A sailing boat or two, far out."""

    def __init__(self, picture: Picture) -> None:
        chance, look = picture.chance, picture.look
        self._picture = picture
        self._boats = [
            (chance.uniform(0.15, 0.85), chance.uniform(3.0, 5.5), chance.random())
            for _ in range(chance.randint(1, 3))
        ]
        self._sail = mix(look.surface("#fff7ea", 0.1), look.accent(1), 0.35)
        self._hull = look.surface("#2b2f3a", 0.15)
        self._lamp = glow(look.light(1), max(3, round(2.2 * picture.unit)), 0.9) if look.lamps > 0.5 else None

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw them as they sail and nod."""
        picture = self._picture
        for place, size, phase in self._boats:
            x = place * picture.width + 0.5 * picture.unit * moment.seconds
            x, y, scale = picture.project(moment, 0.35, x, picture.horizon + 0.25 * size * picture.unit)
            s = size * picture.unit * scale
            canvas.save()
            canvas.translate(x, y)
            canvas.rotate(2.2 * wave(moment.seconds, 3.4, phase))
            canvas.drawPath(
                polygon([(-0.5 * s, -0.16 * s), (0.5 * s, -0.16 * s), (0.36 * s, 0), (-0.38 * s, 0)]),
                fill(self._hull),
            )
            canvas.drawPath(polygon([(0, -1.3 * s), (0, -0.22 * s), (0.48 * s, -0.22 * s)]), fill(self._sail))
            canvas.drawPath(
                polygon([(-0.05 * s, -1.15 * s), (-0.05 * s, -0.22 * s), (-0.38 * s, -0.22 * s)]),
                fill(mix(self._sail, self._hull, 0.2)),
            )
            canvas.restore()
            if self._lamp:
                add_glow(canvas, self._lamp, x, y - 0.5 * s, 0.7 + 0.3 * wave(moment.seconds, 2, phase))


class Beacon:
    """A small lighthouse whose beam turns."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._x = picture.width * picture.chance.choice((0.12, 0.88))
        self._colour = mix(picture.look.light(0), WHITE, 0.5)
        self._tower = picture.look.surface("#8b93a8", 0.35)
        self._lamp = glow(self._colour, max(4, round(5 * picture.unit)), 0.9)

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the tower, the lamp and where its beam points."""
        unit = self._picture.unit
        x, y, scale = self._picture.project(moment, 0.16, self._x, self._picture.horizon - 4 * unit)
        s = unit * scale
        top = y - 5.2 * s
        canvas.drawPath(
            polygon(
                [(x - 0.8 * s, y + 5 * s), (x - 0.5 * s, top), (x + 0.5 * s, top), (x + 0.8 * s, y + 5 * s)]
            ),
            fill(self._tower),
        )
        turn = wave(moment.seconds, 6.0)
        reach = 60 * s * turn
        beam = linear((x, top), (x + reach, top), [(self._colour, 0.34), (self._colour, 0.0)])
        spread = 5 * s * abs(turn)
        canvas.drawPath(
            polygon(
                [(x, top - 0.3 * s), (x + reach, top - spread), (x + reach, top + spread), (x, top + 0.3 * s)]
            ),
            beam,
        )
        add_glow(canvas, self._lamp, x, top, 1 - 0.55 * abs(turn))
