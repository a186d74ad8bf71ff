"""A room: a large window with the world outside it, things on shelves, light on the floor."""

import skia

from generations.providers.animatic.brush import (
    curve,
    downward,
    fill,
    linear,
    lit,
    polygon,
    radial,
    stroke,
    wave,
)
from generations.providers.animatic.buildings import paint_tower
from generations.providers.animatic.colour import WHITE, mix
from generations.providers.animatic.picture import Moment, Picture
from generations.providers.animatic.sky import paint_sky
from generations.providers.animatic.weather import add_mist, add_motes, paint_weather


def paint_interior(picture: Picture) -> None:
    """What is outside, the weather there, then the room around the window."""
    picture.horizon = picture.height * (0.50 + 0.1 * (picture.composition.horizon - 0.5))
    paint_sky(picture)
    for distance, tall, wide, window in ((0.8, 0.20, 5, 0.0), (0.55, 0.14, 8, 0.75)):
        _paint_outside(picture, distance, tall * picture.height, wide * picture.unit, window * picture.unit)
    add_mist(picture, top=picture.horizon - 0.12 * picture.height, alpha=0.3 * picture.look.hazy)
    paint_weather(picture, outdoors=False)
    window = _window(picture)
    if picture.look.weather in ("rain", "storm"):
        picture.add(Drops(picture, window))
    _paint_wall(picture, window)
    _paint_light(picture, window)
    _paint_furniture(picture, window)
    _paint_lamp(picture, window)
    add_motes(picture, count=12, colour=mix(picture.look.key, WHITE, 0.3), size=0.6, pulse=False)
    picture.hero_stands_here()


def _window(picture: Picture) -> skia.Rect:
    unit = picture.unit
    if picture.composition.portrait:
        return skia.Rect.MakeLTRB(
            0.16 * picture.width, 0.12 * picture.height, 0.84 * picture.width, 0.60 * picture.height
        )
    middle = picture.width * 0.46
    half = min(0.27 * picture.width, 55 * unit)
    return skia.Rect.MakeLTRB(middle - half, 0.11 * picture.height, middle + half, 0.70 * picture.height)


def _paint_outside(picture: Picture, distance: float, tall: float, wide: float, window: float) -> None:
    chance = picture.chance
    houses, x = [], picture.left
    while x < picture.right:
        width = wide * chance.uniform(0.7, 1.4)
        houses.append((x, picture.horizon - tall * chance.uniform(0.35, 1.0), x + width, picture.bottom))
        x += width * 1.02

    def painter(canvas: skia.Canvas) -> None:
        for box in houses:
            paint_tower(canvas, picture, box, distance=distance, window=window, material="#66738a")

    picture.paint(0.08 + 0.14 * (1 - distance), painter, blur=0.35)


class Drops:
    """Rain on the pane: drops that hold, and some that run."""

    def __init__(self, picture: Picture, window: skia.Rect) -> None:
        chance = picture.chance
        self._picture, self._window = picture, window
        self._drops = [
            (chance.random(), chance.random(), chance.uniform(0.15, 0.5), chance.random() < 0.2)
            for _ in range(120)
        ]

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw them on the glass."""
        unit, area = self._picture.unit, self._window
        light = fill(WHITE, 0.34)
        for across, down, size, runs in self._drops:
            fall = (down + moment.seconds * 0.11 * (0.5 + size)) % 1.0 if runs else down
            x, y = area.left() + across * area.width(), area.top() + fall * area.height()
            x, y, scale = self._picture.project(moment, 0.5, x, y)
            radius = size * unit * scale
            if runs:
                canvas.drawLine(x, y - 6 * radius, x, y, stroke(WHITE, 0.6 * radius, 0.10))
            canvas.drawOval(
                skia.Rect.MakeLTRB(x - radius, y - 1.2 * radius, x + radius, y + 1.2 * radius), light
            )


def _paint_wall(picture: Picture, window: skia.Rect) -> None:
    """The wall with its opening, the frame of the window and the sill, the floor."""
    look, unit = picture.look, picture.unit
    glow_in = 0.15 + 0.55 * look.lamps
    wall = mix(look.surface("#b8a898", tint=0.4), look.graded((1.0, 0.78, 0.5)), 0.12 * glow_in)
    shade = mix(wall, look.dark, 0.55)
    frame = mix(look.surface("#efe7da", tint=0.1), look.dark, 0.30)
    floor_y = 0.80 * picture.height
    wood = mix(look.surface("#8a5f3f", tint=0.2), look.dark, 0.2)

    def painter(canvas: skia.Canvas) -> None:
        canvas.save()
        canvas.clipRect(window, skia.ClipOp.kDifference, True)
        middle = window.centerX(), window.centerY()
        reach = 1.1 * max(picture.width, picture.height)
        canvas.drawRect(
            skia.Rect.MakeLTRB(picture.left, -0.2 * picture.height, picture.right, floor_y), fill(shade)
        )
        canvas.drawRect(
            skia.Rect.MakeLTRB(picture.left, -0.2 * picture.height, picture.right, floor_y),
            radial(middle, reach, wall, 1.0),
        )
        canvas.drawRect(
            skia.Rect.MakeLTRB(picture.left, floor_y, picture.right, picture.bottom),
            downward(floor_y, picture.height, wood, mix(wood, look.dark, 0.6)),
        )
        for index in range(-12, 13):
            x = picture.width / 2 + index * 7 * unit
            canvas.drawLine(
                x,
                floor_y,
                picture.width / 2 + index * 17 * unit,
                picture.bottom,
                stroke(look.dark, 0.15 * unit, 0.3),
            )
        canvas.drawRect(
            skia.Rect.MakeLTRB(picture.left, floor_y - 2.2 * unit, picture.right, floor_y),
            fill(mix(frame, shade, 0.4)),
        )
        canvas.restore()
        _paint_frame(canvas, picture, window, frame)

    picture.paint(0.5, painter)


def _paint_frame(
    canvas: skia.Canvas, picture: Picture, window: skia.Rect, frame: tuple[float, float, float]
) -> None:
    unit, look = picture.unit, picture.look
    edge = skia.Paint(
        Color=fill(frame).getColor(), AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=1.6 * unit
    )
    canvas.drawRect(
        window,
        linear(
            (window.left(), window.top()),
            (window.right(), window.bottom()),
            [(WHITE, 0.16), (WHITE, 0.0), (WHITE, 0.07)],
        ),
    )
    canvas.drawRect(window.makeOutset(0.6 * unit, 0.6 * unit), edge)
    thin = stroke(frame, 0.8 * unit)
    for share in (1 / 3, 2 / 3):
        x = window.left() + share * window.width()
        canvas.drawLine(x, window.top(), x, window.bottom(), thin)
    y = window.top() + 0.3 * window.height()
    canvas.drawLine(window.left(), y, window.right(), y, thin)
    sill = skia.Rect.MakeLTRB(
        window.left() - 4 * unit,
        window.bottom() + 0.8 * unit,
        window.right() + 4 * unit,
        window.bottom() + 3.0 * unit,
    )
    canvas.drawRect(
        sill, downward(sill.top(), sill.bottom(), mix(frame, look.key, 0.3), mix(frame, look.dark, 0.4))
    )
    for side in (-1, 1):
        _paint_curtain(canvas, picture, window, side)


def _paint_curtain(canvas: skia.Canvas, picture: Picture, window: skia.Rect, side: int) -> None:
    unit, look, chance = picture.unit, picture.look, picture.chance
    cloth = mix(look.surface(look.accent(0), tint=0.1), look.dark, 0.12)
    edge = window.left() if side < 0 else window.right()
    top, bottom = window.top() - 5 * unit, 0.79 * picture.height
    folds = 6
    for fold in range(folds):
        x = edge + side * (fold - 1.2) * 2.6 * unit
        points = [
            (x - 1.5 * unit, top),
            (x + 1.5 * unit, top),
            (x + chance.uniform(1.4, 2.2) * unit, bottom),
            (x - chance.uniform(1.4, 2.2) * unit, bottom),
        ]
        colours = [(mix(cloth, look.key, 0.2), 1.0), (cloth, 1.0), (mix(cloth, look.dark, 0.45), 1.0)]
        canvas.drawPath(polygon(points), linear((x - 1.6 * unit, 0), (x + 1.6 * unit, 0), colours))
    rod = stroke(mix(look.dark, look.key, 0.2), 0.7 * unit)
    canvas.drawLine(window.left() - 16 * unit, top, window.right() + 16 * unit, top, rod)


def _paint_light(picture: Picture, window: skia.Rect) -> None:
    """What the window throws on the floor; it wanders with the sun."""
    look, unit = picture.look, picture.unit
    strength = look.sun_strength * (0.35 if look.night else 0.8)
    if strength < 0.08:
        return
    slant = (26 if picture.composition.sun_x < 0.5 else -26) * unit
    colour = mix(look.key, look.sky_at(0.8), 0.2)

    def painter(canvas: skia.Canvas) -> None:
        for index in range(3):
            left = window.left() + (index + 0.08) / 3 * window.width()
            right = window.left() + (index + 0.92) / 3 * window.width()
            top, bottom = 0.81 * picture.height, 1.02 * picture.height
            shape = polygon(
                [
                    (left + 0.45 * slant, top),
                    (right + 0.45 * slant, top),
                    (right + slant, bottom),
                    (left + slant, bottom),
                ]
            )
            canvas.drawPath(
                shape, linear((0, top), (0, bottom), [(colour, 0.5 * strength), (colour, 0.1 * strength)])
            )
            beam = polygon(
                [
                    (left, window.top()),
                    (right, window.top()),
                    (right + 0.6 * slant, top),
                    (left + 0.6 * slant, top),
                ]
            )
            canvas.drawPath(
                beam, linear((0, window.top()), (0, top), [(colour, 0.02), (colour, 0.16 * strength)])
            )

    picture.paint(
        0.55,
        painter,
        soft=True,
        blur=0.7,
        motion=lambda seconds: (0.25 * unit * seconds, 0.0),
        fade=lambda seconds: 0.9 + 0.1 * wave(seconds, 5),
    )


def _paint_furniture(picture: Picture, window: skia.Rect) -> None:
    """Shelves with books on one side, a tall plant on the other."""
    look, chance, unit = picture.look, picture.chance, picture.unit
    wood = mix(look.surface("#6b4a33", tint=0.2), look.dark, 0.25)
    x = window.right() + 19 * unit
    wide = 25 * unit
    shelves = [0.20, 0.36, 0.52]

    def painter(canvas: skia.Canvas) -> None:
        for share in shelves:
            y = share * picture.height
            canvas.drawRect(
                skia.Rect.MakeLTRB(x, y, x + wide, y + 1.1 * unit),
                downward(y, y + 1.1 * unit, mix(wood, look.key, 0.2), wood),
            )
            place = x + unit
            while place < x + wide - 3 * unit:
                book, tall = unit * chance.uniform(1.0, 2.1), unit * chance.uniform(6, 10.5)
                colour = mix(
                    look.surface(look.accent(chance.randrange(5)), tint=0), wood, chance.uniform(0.15, 0.7)
                )
                canvas.drawRect(
                    skia.Rect.MakeLTRB(place, y - tall, place + book, y),
                    linear(
                        (place, 0),
                        (place + book, 0),
                        [(mix(colour, look.key, 0.15), 1), (mix(colour, look.dark, 0.3), 1)],
                    ),
                )
                place += book + (unit * chance.uniform(2, 6) if chance.random() < 0.16 else 0.1 * unit)
        _paint_plant(canvas, picture, window.left() - 26 * unit, 0.84 * picture.height, 42 * unit)

    picture.paint(0.6, painter)


def _paint_plant(canvas: skia.Canvas, picture: Picture, x: float, base: float, size: float) -> None:
    look, chance = picture.look, picture.chance
    pot = mix(look.surface(look.accent(1), tint=0), look.dark, 0.2)
    green = look.surface("#3f7a52")
    for _ in range(15):
        lean, tall = chance.uniform(-0.38, 0.38), chance.uniform(0.55, 1.0)
        tip = (x + lean * size, base - 0.24 * size - tall * 0.72 * size * (1 - 0.3 * abs(lean)))
        stem = (x + 0.3 * lean * size, base - 0.5 * size)
        canvas.drawPath(
            curve([(x, base - 0.22 * size), stem, tip]), stroke(mix(green, look.dark, 0.4), 0.012 * size)
        )
        width = 0.06 * size
        leaf = curve(
            [
                stem,
                ((stem[0] + tip[0]) / 2 - width, (stem[1] + tip[1]) / 2),
                tip,
                ((stem[0] + tip[0]) / 2 + width, (stem[1] + tip[1]) / 2),
            ],
            closed=True,
        )
        canvas.drawPath(leaf, fill(mix(mix(green, look.dark, chance.uniform(0, 0.5)), look.key, 0.12)))
    shape = polygon(
        [
            (x - 0.14 * size, base - 0.26 * size),
            (x + 0.14 * size, base - 0.26 * size),
            (x + 0.10 * size, base),
            (x - 0.10 * size, base),
        ]
    )
    canvas.drawPath(
        shape,
        linear(
            (x - 0.14 * size, 0),
            (x + 0.14 * size, 0),
            [(mix(pot, look.key, 0.25), 1), (mix(pot, look.dark, 0.5), 1)],
        ),
    )


def _paint_lamp(picture: Picture, window: skia.Rect) -> None:
    """A hanging lamp, lit when it is dark outside."""
    look, unit = picture.look, picture.unit
    x, y = window.left() + 0.16 * window.width(), 0.22 * picture.height
    shade = mix(look.surface(look.accent(1), tint=0), look.dark, 0.25)
    warm = mix(look.graded((1.0, 0.80, 0.48)), look.light(1), 0.2)

    def painter(canvas: skia.Canvas) -> None:
        canvas.drawLine(x, -0.2 * picture.height, x, y, stroke(look.dark, 0.3 * unit))
        if look.lamps > 0.3:
            canvas.drawCircle(
                x, y + 4 * unit, 48 * unit, lit(radial((x, y + 4 * unit), 48 * unit, warm, 0.6 * look.lamps))
            )
            canvas.drawCircle(x, y + 4.6 * unit, 2.0 * unit, fill(mix(warm, WHITE, 0.6)))
        dome = skia.Path()
        dome.moveTo(x - 6.5 * unit, y + 5 * unit)
        dome.cubicTo(x - 6 * unit, y - 0.5 * unit, x - 2 * unit, y, x, y - 0.8 * unit)
        dome.cubicTo(x + 2 * unit, y, x + 6 * unit, y - 0.5 * unit, x + 6.5 * unit, y + 5 * unit)
        dome.close()
        canvas.drawPath(
            dome,
            linear(
                (x - 6 * unit, 0),
                (x + 6 * unit, 0),
                [(mix(shade, look.key, 0.3), 1), (mix(shade, look.dark, 0.4), 1)],
            ),
        )

    def swing(seconds: float) -> tuple[float, float]:
        return 0.25 * unit * wave(seconds, 4.5), 0.0

    picture.paint(0.75, painter, motion=swing)
