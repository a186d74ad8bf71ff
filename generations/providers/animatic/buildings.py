"""Houses and towers, their windows and their signs."""

import random

import skia

from generations.providers.animatic.brush import downward, fill, radial, stroke
from generations.providers.animatic.colour import WHITE, Colour, mix
from generations.providers.animatic.palette import Look
from generations.providers.animatic.picture import Picture


def lamp_colours(look: Look) -> list[Colour]:
    """What shines behind windows: mostly warm, sometimes a colour of the palette."""
    warm = look.graded((1.0, 0.83, 0.52))
    return [warm, warm, mix(warm, WHITE, 0.4), mix(warm, look.light(0), 0.6), look.light(1)]


def paint_tower(
    canvas: skia.Canvas,
    picture: Picture,
    box: tuple[float, float, float, float],
    *,
    distance: float,
    window: float,
    material: Colour | str,
) -> None:
    """A building in the box (left, top, right, bottom) with windows of the given size."""
    look, chance = picture.look, picture.chance
    left, top, right, bottom = box
    wall = look.surface(material, distance)
    light = mix(wall, look.key, 0.20 * look.sun_strength * (1 - 0.5 * distance))
    foot = mix(wall, look.haze, 0.35 * look.hazy)
    canvas.drawRect(skia.Rect.MakeLTRB(left, top, right, bottom), downward(top, bottom, wall, foot))
    lit_side = picture.composition.sun_x < 0.5
    edge = 0.24 * (right - left)
    face = (left, left + edge) if lit_side else (right - edge, right)
    canvas.drawRect(
        skia.Rect.MakeLTRB(face[0], top, face[1], bottom), downward(top, bottom, light, mix(foot, light, 0.2))
    )
    if window > 0:
        paint_windows(canvas, chance, look, box, window, wall=wall, distance=distance)
    _paint_roof(canvas, chance, box, wall)


def paint_windows(
    canvas: skia.Canvas,
    chance: random.Random,
    look: Look,
    box: tuple[float, float, float, float],
    size: float,
    *,
    wall: Colour,
    distance: float,
) -> None:
    """Rows of windows. At night some are lit, and whole floors are lit together."""
    left, top, right, bottom = box
    lamps, dark = lamp_colours(look), mix(wall, look.dark, 0.38)
    glass = mix(dark, look.sky_at(0.6), 0.45)
    step = size * chance.choice((1.8, 2.0, 2.3))
    count = max(1, int((right - left - size) / step))
    margin = (right - left - (count - 1) * step - size) / 2
    tall = size * chance.choice((1.0, 1.35, 0.62))
    y = top + 1.3 * size
    while y + tall < bottom:
        share = look.lamps * chance.choice((0.12, 0.3, 0.45, 0.62))
        for index in range(count):
            lit = chance.random() < share
            colour = chance.choice(lamps) if lit else glass
            alpha = (1 - 0.55 * distance) * (chance.uniform(0.55, 1.0) if lit else 0.6)
            x = left + margin + index * step
            canvas.drawRect(skia.Rect.MakeXYWH(x, y, size, tall), fill(colour, alpha))
        y += tall + size * 0.95


def _paint_roof(
    canvas: skia.Canvas, chance: random.Random, box: tuple[float, float, float, float], wall: Colour
) -> None:
    left, top, right, _ = box
    width = right - left
    kind = chance.random()
    paint = fill(wall)
    if kind < 0.35:
        canvas.drawRect(
            skia.Rect.MakeLTRB(left + 0.2 * width, top - 0.14 * width, right - 0.2 * width, top + 1), paint
        )
        canvas.drawLine(
            left + 0.5 * width, top, left + 0.5 * width, top - 0.6 * width, stroke(wall, 0.035 * width)
        )
    elif kind < 0.55:
        canvas.drawRect(
            skia.Rect.MakeLTRB(left + 0.55 * width, top - 0.18 * width, left + 0.8 * width, top + 1), paint
        )
    elif kind < 0.7:
        path = skia.Path()
        path.moveTo(left, top + 1)
        path.lineTo(left + 0.5 * width, top - 0.4 * width)
        path.lineTo(right, top + 1)
        path.close()
        canvas.drawPath(path, paint)


def paint_sign(
    canvas: skia.Canvas,
    picture: Picture,
    box: tuple[float, float, float, float],
    colour: Colour,
    *,
    lit: float,
) -> None:
    """A sign with strokes that look like writing, and its glow when lit."""
    left, top, right, bottom = box
    unit, chance = picture.unit, picture.chance
    centre = (left + right) / 2, (top + bottom) / 2
    reach = 1.15 * max(right - left, bottom - top)
    if lit > 0.2:
        glare = radial(centre, reach, colour, 0.55 * lit)
        glare.setBlendMode(skia.BlendMode.kScreen)
        canvas.drawCircle(*centre, reach, glare)
    rect = skia.Rect.MakeLTRB(*box)
    board = mix(picture.look.dark, colour, 0.25 + 0.15 * lit)
    canvas.drawRoundRect(rect, 0.5 * unit, 0.5 * unit, fill(board))
    edge = stroke(mix(colour, WHITE, 0.25 * lit), 0.22 * unit, 0.5 + 0.5 * lit)
    canvas.drawRoundRect(rect.makeInset(0.3 * unit, 0.3 * unit), 0.4 * unit, 0.4 * unit, edge)
    ink = mix(colour, WHITE, 0.65 if lit > 0.2 else 0.4)
    upright = bottom - top > right - left
    span = (bottom - top) if upright else (right - left)
    cell = (right - left) if upright else (bottom - top)
    count = max(1, int(span / cell))
    for index in range(count):
        along = (index + 0.5) * span / count
        x, y = (centre[0], top + along) if upright else (left + along, centre[1])
        _paint_glyph(canvas, chance, x, y, 0.26 * cell, stroke(ink, max(1.0, 0.09 * cell)))


def _paint_glyph(
    canvas: skia.Canvas, chance: random.Random, x: float, y: float, size: float, ink: skia.Paint
) -> None:
    """Three strokes of no alphabet: a sign that is read by nobody."""
    for _ in range(3):
        if chance.random() < 0.5:
            dy = chance.uniform(-1, 1) * size
            canvas.drawLine(x - size, y + dy, x + size, y + dy, ink)
        else:
            dx = chance.uniform(-1, 1) * size
            canvas.drawLine(x + dx, y - size, x + dx, y + size, ink)
