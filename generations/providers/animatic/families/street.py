"""A street between houses, signs on both sides, light on the road, and cars that come and go."""

from dataclasses import dataclass

import skia

from generations.providers.animatic.brush import (
    add_glow,
    downward,
    fill,
    glow,
    linear,
    polygon,
    radial,
    stroke,
)
from generations.providers.animatic.buildings import lamp_colours, paint_sign, paint_windows
from generations.providers.animatic.colour import WHITE, mix
from generations.providers.animatic.picture import Moment, Picture
from generations.providers.animatic.sky import paint_sky
from generations.providers.animatic.water import Surface, add_water
from generations.providers.animatic.weather import add_mist


@dataclass(frozen=True)
class Row:
    """A pair of house fronts, left and right: how far away, how far in they reach, how high they are."""

    distance: float
    depth: float
    inner: float
    height: float


ROWS = (
    Row(0.80, 0.12, 0.455, 0.26),
    Row(0.58, 0.22, 0.39, 0.42),
    Row(0.36, 0.36, 0.29, 0.62),
    Row(0.15, 0.55, 0.155, 0.95),
)


def paint_street(picture: Picture) -> None:
    """From the end of the street to the kerb."""
    look = picture.look
    paint_sky(picture)
    _paint_end_glow(picture)
    for row in ROWS:
        paint_fronts(picture, row)
        if row.distance > 0.3:
            add_mist(picture, top=picture.horizon - 0.2 * picture.height, alpha=0.16 * look.hazy)
    _paint_wires(picture)
    wet = look.weather in ("rain", "storm") or (look.night and look.weather != "snow")
    road = look.surface("#d9e0ea" if look.weather == "snow" else "#4a4e57", 0.12)
    near = look.surface("#aeb9c8" if look.weather == "snow" else "#23262d")
    clarity = 0.85 if wet else 0.2
    add_water(
        picture,
        picture.horizon + 0.5 * picture.unit,
        Surface(road, near, clarity, 0.35 if wet else 0.0, blur=3.2),
        depth=0.5,
    )
    paint_markings(picture, wet=wet)
    picture.add(Traffic(picture, wet=wet))
    picture.hero_stands_here()
    paint_kerb(picture)


def _paint_end_glow(picture: Picture) -> None:
    """Light at the end of the street."""
    look = picture.look
    colour = mix(look.haze, look.light(0), 0.5 * look.lamps)
    centre, radius = (picture.width / 2, picture.horizon), 46 * picture.unit
    picture.paint(
        0.03,
        lambda canvas: canvas.drawCircle(
            *centre, radius, radial(centre, radius, colour, 0.5 + 0.3 * look.lamps)
        ),
        soft=True,
        blur=0,
    )


def paint_fronts(picture: Picture, row: Row) -> None:
    """The houses of one distance on both sides."""
    chance = picture.chance
    middle = picture.width / 2
    reach = max(picture.width, 0.9 * picture.height)
    inner = (0.5 - row.inner) * reach
    houses = []
    for side in (-1, 1):
        x = inner * chance.uniform(0.9, 1.1)
        while x < 0.66 * picture.width + inner:
            width = reach * (1 - row.distance) * chance.uniform(0.13, 0.22) + 4 * picture.unit
            height = row.height * picture.height * chance.uniform(0.72, 1.08)
            near, far = sorted((middle + side * x, middle + side * (x + width)))
            houses.append((side, near, picture.horizon - height, far))
            x += width

    def painter(canvas: skia.Canvas) -> None:
        for side, left, top, right in houses:
            _paint_house(
                canvas, picture, row, (left, top, right, picture.horizon + 0.02 * picture.height), side
            )

    picture.paint(row.depth, painter)


def _paint_house(
    canvas: skia.Canvas, picture: Picture, row: Row, box: tuple[float, float, float, float], side: int
) -> None:
    look, chance = picture.look, picture.chance
    left, top, right, bottom = box
    near = 1 - row.distance
    wall = look.surface(
        chance.choice(("#7b6f73", "#5f6a7a", "#84776a", "#59626b", "#75607a")), row.distance * 0.9
    )
    rect = skia.Rect.MakeLTRB(*box)
    canvas.drawRect(
        rect, downward(top, bottom, mix(wall, look.dark, 0.18), mix(wall, look.light(0), 0.22 * look.lamps))
    )
    window = picture.unit * (0.5 + 2.4 * near**1.4)
    paint_windows(
        canvas,
        chance,
        look,
        (left, top, right, bottom - 9 * near * picture.unit),
        window,
        wall=wall,
        distance=row.distance,
    )
    shade = mix(wall, look.dark, 0.55)
    edge = 0.5 * picture.unit * near
    inner = left if side > 0 else right
    canvas.drawRect(skia.Rect.MakeLTRB(inner - edge, top, inner + edge, bottom), fill(shade, 0.6))
    canvas.drawRect(skia.Rect.MakeLTRB(left - edge, top - edge, right + edge, top + edge), fill(shade))
    _paint_shop(canvas, picture, row, box)
    for _ in range(chance.choice((1, 2, 2))):
        _paint_hanging_sign(canvas, picture, row, box, side)


def _paint_shop(
    canvas: skia.Canvas, picture: Picture, row: Row, box: tuple[float, float, float, float]
) -> None:
    """A lit shop on the ground floor, with an awning."""
    look, chance = picture.look, picture.chance
    left, _, right, bottom = box
    near = 1 - row.distance
    tall = 8.5 * near * picture.unit
    warm = mix(
        chance.choice(lamp_colours(look)), look.surface("#cfc3ae", row.distance), 0.85 - 0.85 * look.lamps
    )
    inset = 0.12 * (right - left)
    glass = skia.Rect.MakeLTRB(left + inset, bottom - 0.86 * tall, right - inset, bottom)
    canvas.drawRect(glass, downward(bottom - tall, bottom, mix(warm, WHITE, 0.2), warm))
    ink = fill(mix(look.dark, warm, 0.25), 0.55)
    for index in range(1, 4):
        x = left + inset + (right - left - 2 * inset) * index / 4
        canvas.drawRect(
            skia.Rect.MakeLTRB(
                x - 0.15 * near * picture.unit, bottom - 0.86 * tall, x + 0.15 * near * picture.unit, bottom
            ),
            ink,
        )
    awning = mix(
        look.surface(chance.choice(look.brand), row.distance, tint=0), look.accent(chance.randrange(3)), 0.4
    )
    top = bottom - tall
    shape = polygon(
        [
            (left + 0.7 * inset, top),
            (right - 0.7 * inset, top),
            (right - 0.3 * inset, top + 0.26 * tall),
            (left + 0.3 * inset, top + 0.26 * tall),
        ]
    )
    canvas.drawPath(shape, fill(mix(awning, look.dark, 0.25 + 0.2 * row.distance)))


def _paint_hanging_sign(
    canvas: skia.Canvas, picture: Picture, row: Row, box: tuple[float, float, float, float], side: int
) -> None:
    look, chance, near = picture.look, picture.chance, 1 - row.distance
    left, top, right, bottom = box
    wide = picture.unit * (0.8 + 3.6 * near)
    tall = wide * chance.uniform(2.2, 4.4)
    inner = left if side > 0 else right
    x = inner - side * wide * chance.uniform(-0.5, 0.9)
    y = chance.uniform(max(top, 0.08 * picture.height), max(top + 1, bottom - tall - 9 * near * picture.unit))
    lit = look.lamps * (1.0 if look.night else 0.75)
    colour = (
        look.light(chance.randrange(4))
        if lit
        else look.surface(look.accent(chance.randrange(4)), row.distance)
    )
    paint_sign(
        canvas,
        picture,
        (x - wide / 2, y, x + wide / 2, y + tall),
        mix(colour, look.haze, 0.5 * row.distance),
        lit=lit,
    )


def _paint_wires(picture: Picture) -> None:
    """Cables across the street, hanging a little."""
    look, chance = picture.look, picture.chance
    lines = [
        (chance.uniform(0.08, 0.5) * picture.horizon, chance.uniform(-0.05, 0.05) * picture.height)
        for _ in range(5)
    ]

    def painter(canvas: skia.Canvas) -> None:
        for y, slope in lines:
            path = skia.Path()
            path.moveTo(picture.left, y)
            path.quadTo(picture.width / 2, y + 9 * picture.unit, picture.right, y + slope)
            canvas.drawPath(path, stroke(look.dark, 0.14 * picture.unit, 0.55))

    picture.paint(0.4, painter)


def paint_markings(picture: Picture, *, wet: bool) -> None:
    """Kerbs and the dashes of the road, in perspective."""
    look, unit = picture.look, picture.unit
    white = mix(look.surface("#e8e6df"), look.haze, 0.2)
    x, y = picture.width / 2, picture.horizon

    def painter(canvas: skia.Canvas) -> None:
        bottom = picture.bottom
        for index in range(14):
            near = (index / 14) ** 2.4, ((index + 0.45) / 14) ** 2.4
            tops = [y + (bottom - y) * share for share in near]
            widths = [unit * (0.12 + 2.2 * share) for share in near]
            shape = polygon(
                [
                    (x - widths[0], tops[0]),
                    (x + widths[0], tops[0]),
                    (x + widths[1], tops[1]),
                    (x - widths[1], tops[1]),
                ]
            )
            canvas.drawPath(shape, fill(white, 0.34 if wet else 0.6))
        for side in (-1, 1):
            far, close = x + side * 7 * unit, x + side * 0.95 * max(picture.width, picture.height)
            pavement = polygon(
                [
                    (far, y),
                    (far + side * 1.5 * unit, y),
                    (close + side * picture.width, bottom),
                    (close, bottom),
                ]
            )
            stone = mix(look.surface("#8d8f96"), look.dark, 0.15)
            canvas.drawPath(
                pavement, linear((0, y), (0, bottom), [(stone, 0.25), (stone, 0.45 if not wet else 0.22)])
            )

    picture.paint(0.5, painter, blur=0)


class Traffic:
    """Cars as one sees them at night: pairs of lights that come nearer, pairs that leave."""

    def __init__(self, picture: Picture, *, wet: bool) -> None:
        look, chance = picture.look, picture.chance
        self._picture, self._wet = picture, wet
        self._cars = [(chance.random(), index % 2 == 0) for index in range(6)]
        self._body = mix(look.surface("#2c313c", 0.1), look.dark, 0.3)
        bright = max(0.35, look.lamps)
        self._glows = {
            True: [
                glow(mix(look.key, (1.0, 0.95, 0.8), 0.7), max(3, round(size * picture.unit)), bright)
                for size in (1.2, 2.4, 4.2, 7)
            ],
            False: [
                glow((1.0, 0.18, 0.14), max(3, round(size * picture.unit)), bright)
                for size in (1.2, 2.4, 4.2, 7)
            ],
        }

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the cars, the farthest first."""
        seen = []
        for phase, coming in self._cars:
            along = (phase + moment.seconds * (0.075 if coming else 0.055)) % 1.0
            seen.append(((along if coming else 1 - along), coming))
        for along, coming in sorted(seen):
            self._draw_car(canvas, moment, along, coming)

    def _draw_car(self, canvas: skia.Canvas, moment: Moment, along: float, coming: bool) -> None:
        picture = self._picture
        near = along**2.6
        if not 0.004 < near < 0.62:
            return
        side = 1 if coming else -1
        fade = min(1.0, (0.62 - near) * 8, near * 60)
        x = picture.width / 2 + side * picture.unit * (3.0 + 95 * near)
        x, y, scale = picture.project(moment, 0.5, x, picture.horizon + picture.unit * (0.6 + 62 * near))
        s = picture.unit * (0.6 + 17 * near) * scale
        body = skia.Rect.MakeLTRB(x - 0.62 * s, y - 0.72 * s, x + 0.62 * s, y)
        canvas.drawRoundRect(body, 0.22 * s, 0.22 * s, fill(self._body, fade))
        cabin = skia.Rect.MakeLTRB(x - 0.46 * s, y - 1.08 * s, x + 0.46 * s, y - 0.55 * s)
        canvas.drawRoundRect(cabin, 0.2 * s, 0.2 * s, fill(mix(self._body, picture.look.haze, 0.18), fade))
        image = self._glows[coming][min(3, int(near * 9))]
        for way in (-1, 1):
            lamp_x, lamp_y = x + way * 0.44 * s, y - 0.42 * s
            canvas.drawCircle(lamp_x, lamp_y, 0.085 * s, fill(WHITE if coming else (1.0, 0.25, 0.2), fade))
            add_glow(canvas, image, lamp_x, lamp_y, fade)
            if self._wet:
                add_glow(canvas, image, lamp_x, y + 0.75 * s, 0.5 * fade)


def paint_kerb(picture: Picture) -> None:
    """Near the eye: a lamp post at one side and the edge of the pavement."""
    look, unit = picture.look, picture.unit
    dark = mix(look.surface("#1b1f29"), look.dark, 0.55)
    warm = mix(look.graded((1.0, 0.82, 0.5)), look.light(1), 0.3)
    side = -1 if picture.composition.shot.hero_x > 0.5 else 1
    x = picture.width * (0.5 + side * 0.43)
    top = 0.16 * picture.height

    def painter(canvas: skia.Canvas) -> None:
        canvas.drawRect(skia.Rect.MakeLTRB(x - 0.5 * unit, top, x + 0.5 * unit, picture.bottom), fill(dark))
        arm = skia.Path()
        arm.moveTo(x, top + 4 * unit)
        arm.quadTo(x, top - 2 * unit, x - side * 9 * unit, top - 1.4 * unit)
        canvas.drawPath(arm, stroke(dark, 0.7 * unit))
        lamp = x - side * 9.5 * unit, top - 0.6 * unit
        if look.lamps > 0.3:
            canvas.drawCircle(*lamp, 15 * unit, radial(lamp, 15 * unit, warm, 0.5 * look.lamps))
        canvas.drawRoundRect(
            skia.Rect.MakeLTRB(
                lamp[0] - 2.2 * unit, lamp[1] - 0.9 * unit, lamp[0] + 2.2 * unit, lamp[1] + 0.3 * unit
            ),
            0.6 * unit,
            0.6 * unit,
            fill(dark),
        )
        if look.lamps > 0.3:
            canvas.drawOval(
                skia.Rect.MakeLTRB(
                    lamp[0] - 1.7 * unit, lamp[1] - 0.2 * unit, lamp[0] + 1.7 * unit, lamp[1] + 0.7 * unit
                ),
                fill(mix(warm, WHITE, 0.5)),
            )

    picture.paint(0.95, painter, framed=False, blur=0.12)
