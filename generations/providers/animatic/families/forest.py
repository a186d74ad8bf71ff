"""A forest: trunks behind trunks, shafts of light, ferns at the eye."""

import skia

from generations.providers.animatic.brush import curve, downward, land, linear, polygon, stroke, wave
from generations.providers.animatic.colour import Colour, mix
from generations.providers.animatic.noise import rough_line
from generations.providers.animatic.picture import Picture
from generations.providers.animatic.plants import conifer, paint_grass
from generations.providers.animatic.sky import paint_sky
from generations.providers.animatic.weather import add_mist


def paint_forest(picture: Picture) -> None:
    """From the bright clearing to the dark ferns."""
    look = picture.look
    paint_sky(picture, sun_height=0.55 * picture.composition.horizon)
    rows = ((0.82, 0.12, 26), (0.62, 0.24, 38), (0.42, 0.40, 54))
    for index, (distance, depth, size) in enumerate(rows):
        _paint_spruces(picture, distance, depth, size)
        add_mist(picture, top=picture.horizon - 0.22 * picture.height, alpha=0.30 * look.hazy)
        if index == 1 and look.sun_strength > 0.3:
            _paint_shafts(picture)
    _paint_floor(picture, 0.5, 0.26, 0.0)
    _paint_path(picture)
    _paint_trunks(picture, distance=0.2, depth=0.62, count=4)
    _paint_floor(picture, 0.7, 0.08, 0.20)
    picture.hero_stands_here()
    _paint_trunks(picture, distance=0.0, depth=0.95, count=2)
    _paint_ferns(picture)


def _paint_spruces(picture: Picture, distance: float, depth: float, size: float) -> None:
    look, chance, unit = picture.look, picture.chance, picture.unit
    dark = look.surface("#24483a", distance)
    light = mix(dark, look.key, 0.12 + 0.22 * look.sun_strength * (1 - 0.5 * distance))
    trees, x = [], picture.left
    while x < picture.right:
        clearing = 1 - 0.42 * max(0.0, 1 - abs(x / picture.width - 0.5) * 3.2)
        trees.append((x, size * unit * chance.uniform(0.6, 1.1) * clearing))
        x += size * unit * chance.uniform(0.13, 0.34)

    def painter(canvas: skia.Canvas) -> None:
        base = picture.horizon + 0.06 * picture.height
        for x, height in trees:
            conifer(canvas, chance, x, base, height, dark, light)
        area = skia.Rect.MakeLTRB(picture.left, base - unit, picture.right, picture.bottom)
        canvas.drawRect(area, downward(base - unit, base + 8 * unit, dark, mix(dark, look.haze, 0.3)))

    picture.paint(depth, painter)


def _paint_shafts(picture: Picture) -> None:
    """Beams that fall slanting through the crowns, and breathe."""
    look = picture.look
    colour = mix(look.key, look.sky_at(0.9), 0.3)
    sun = picture.composition.sun_x * picture.width
    for group in range(2):
        _paint_beams(picture, sun, colour, 0.5 * group)


def _paint_floor(picture: Picture, depth: float, distance: float, drop: float) -> None:
    look = picture.look
    rough = rough_line(picture.chance, 30, start=4, roughness=0.4)
    colour = look.surface("#dfe6ee" if look.weather == "snow" else "#3f5a34", distance)
    lit_colour = mix(colour, look.key, 0.22 * look.sun_strength)
    step = (picture.right - picture.left) / 29
    base = picture.horizon + (0.04 + drop) * picture.height
    line = [(picture.left + i * step, base + rough[i] * 1.6 * picture.unit) for i in range(30)]

    def painter(canvas: skia.Canvas) -> None:
        shape = land(line, picture.bottom, smooth=True)
        canvas.drawPath(
            shape, downward(base, base + 0.3 * picture.height, lit_colour, mix(colour, look.dark, 0.5))
        )

    picture.paint(depth, painter)


def _paint_beams(picture: Picture, sun: float, colour: Colour, phase: float) -> None:
    look, chance = picture.look, picture.chance
    beams = [
        (chance.uniform(-0.35, 0.5) * picture.width, chance.uniform(2, 7) * picture.unit) for _ in range(4)
    ]

    def painter(canvas: skia.Canvas) -> None:
        top, bottom = -0.06 * picture.height, picture.height
        for spread, wide in beams:
            shape = polygon(
                [
                    (sun + 0.3 * spread - 0.4 * wide, top),
                    (sun + 0.3 * spread + 0.4 * wide, top),
                    (sun + 1.7 * spread + 2 * wide, bottom),
                    (sun + 1.7 * spread - 2 * wide, bottom),
                ]
            )
            canvas.drawPath(
                shape,
                linear((0, top), (0, 0.85 * bottom), [(colour, 0.28 * look.sun_strength), (colour, 0.0)]),
            )

    picture.paint(
        0.2,
        painter,
        framed=False,
        soft=True,
        blur=0.9,
        fade=lambda seconds: 0.72 + 0.28 * wave(seconds, 5.5, phase),
    )


def _paint_path(picture: Picture) -> None:
    """A path that winds to the clearing."""
    look = picture.look
    colour = look.surface("#b39a72", 0.2)
    x, top, bottom = picture.width * 0.52, picture.horizon + 0.05 * picture.height, picture.bottom
    wide = 0.17 * picture.width
    tall = bottom - top

    def painter(canvas: skia.Canvas) -> None:
        path = skia.Path()
        path.moveTo(x - 3, top)
        path.cubicTo(x + 0.5 * wide, top + 0.3 * tall, x - wide, top + 0.4 * tall, x - 1.5 * wide, bottom)
        path.lineTo(x + 0.8 * wide, bottom)
        path.cubicTo(x + 0.1 * wide, top + 0.45 * tall, x + 0.9 * wide, top + 0.3 * tall, x + 3, top)
        path.close()
        canvas.drawPath(
            path, linear((0, top), (0, bottom), [(colour, 0.55), (mix(colour, look.dark, 0.4), 0.7)])
        )

    picture.paint(0.5, painter)


def _paint_trunks(picture: Picture, *, distance: float, depth: float, count: int) -> None:
    """Great trunks that leave the frame at the top."""
    look, chance, unit = picture.look, picture.chance, picture.unit
    bark = look.surface("#4a3b34", distance)
    bark = mix(bark, look.dark, 0.55 * (1 - 3 * distance) if distance < 0.3 else 0)
    bright = mix(bark, look.key, 0.18 + 0.2 * look.sun_strength)
    near = distance == 0
    slots = (
        [chance.uniform(0.0, 0.06), chance.uniform(0.94, 1.0)]
        if near
        else [
            chance.uniform(0.08, 0.2),
            chance.uniform(0.78, 0.92),
            chance.uniform(0.2, 0.3),
            chance.uniform(0.68, 0.76),
        ]
    )
    left_lit = picture.composition.sun_x < 0.5

    def painter(canvas: skia.Canvas) -> None:
        for slot in slots[:count]:
            wide = unit * (chance.uniform(6, 9) if near else chance.uniform(2, 3.4))
            _paint_trunk(canvas, picture, slot * picture.width, wide, bark, bright, left_lit)

    picture.paint(depth, painter, framed=not near)


def _paint_trunk(
    canvas: skia.Canvas, picture: Picture, x: float, wide: float, bark: Colour, bright: Colour, left_lit: bool
) -> None:
    chance = picture.chance
    top = picture.horizon - 2.2 * picture.height if wide < 6 * picture.unit else -0.14 * picture.height
    base = picture.horizon + 0.16 * picture.height if wide < 6 * picture.unit else picture.bottom
    lean = chance.uniform(-0.5, 0.5) * wide
    shape = skia.Path()
    shape.moveTo(x - 0.95 * wide, base)
    shape.cubicTo(
        x - 0.5 * wide,
        base - 0.12 * picture.height,
        x - 0.45 * wide,
        base - 0.4 * picture.height,
        x - 0.38 * wide + lean,
        top,
    )
    shape.lineTo(x + 0.38 * wide + lean, top)
    shape.cubicTo(
        x + 0.45 * wide,
        base - 0.4 * picture.height,
        x + 0.5 * wide,
        base - 0.12 * picture.height,
        x + 0.95 * wide,
        base,
    )
    shape.close()
    colours = [(bright, 1.0), (bark, 1.0), (mix(bark, picture.look.dark, 0.4), 1.0)]
    ends = (x - 0.5 * wide, 0), (x + 0.5 * wide, 0)
    canvas.drawPath(shape, linear(*(ends if left_lit else ends[::-1]), colours, [0, 0.45, 1]))
    for _ in range(9):
        start = chance.uniform(max(top, -0.1 * picture.height), base - 0.1 * picture.height)
        across = x + chance.uniform(-0.32, 0.32) * wide
        line = curve(
            [
                (across, start),
                (across + 0.05 * wide, start + 0.05 * picture.height),
                (across, start + chance.uniform(0.06, 0.14) * picture.height),
            ]
        )
        canvas.drawPath(line, stroke(picture.look.dark, 0.04 * wide, 0.35))


def _paint_ferns(picture: Picture) -> None:
    """Fronds in the lower corners."""
    look, chance, unit = picture.look, picture.chance, picture.unit
    dark = mix(look.surface("#1d3a26"), look.dark, 0.45)
    light = mix(dark, look.key, 0.12 + 0.2 * look.sun_strength)

    def frond(canvas: skia.Canvas, x: float, y: float, length: float, lean: float) -> None:
        ink = mix(dark, light, chance.uniform(0.1, 0.9))
        for step in range(26):
            along = step / 25
            px, py = x + lean * length * along, y - length * (along - 0.42 * along**2 * abs(lean) * 1.6)
            leaf = length * 0.24 * (1 - along) ** 0.7 + 0.3 * unit
            for way in (-1, 1):
                tip = px + way * leaf * 0.9 + 0.2 * lean * leaf, py - 0.35 * leaf + 0.5 * leaf * along
                canvas.drawLine(px, py, *tip, stroke(ink, 0.5 * unit * (1.1 - along)))

    def painter(canvas: skia.Canvas) -> None:
        paint_grass(canvas, picture, picture.height * 0.985, dark, light)
        for _ in range(13):
            side = chance.choice((-1, 1))
            x = picture.width * (0.5 + side * chance.uniform(0.3, 0.56))
            frond(canvas, x, picture.height * 1.03, unit * chance.uniform(11, 20), chance.uniform(-0.7, 0.7))

    picture.paint(1.0, painter, framed=False, blur=0.1)
