"""Trees and grasses that several families share."""

import random

import skia

from generations.providers.animatic.brush import Point, curve, downward, fill, land, stroke
from generations.providers.animatic.colour import Colour, mix
from generations.providers.animatic.noise import rough_line
from generations.providers.animatic.picture import Picture


def conifer(
    canvas: skia.Canvas,
    chance: random.Random,
    x: float,
    base: float,
    size: float,
    dark: Colour,
    light: Colour,
) -> None:
    """A spruce: tiers of hanging branches, lit from one side."""
    tiers = max(5, int(size / 14) if size < 140 else 11)
    canvas.drawRect(skia.Rect.MakeLTRB(x - 0.02 * size, base - 0.2 * size, x + 0.02 * size, base), fill(dark))
    shape, side = skia.Path(), skia.Path()
    shape.moveTo(x, base - size)
    side.moveTo(x, base - size)
    edges: dict[int, list[Point]] = {-1: [], 1: []}
    for tier in range(tiers):
        share = (tier + 1) / tiers
        reach = size * 0.235 * share**0.85
        bottom = base - size * (1 - share) * 0.93 - 0.05 * size
        for way in (-1, 1):
            tip = reach * chance.uniform(0.82, 1.15)
            edges[way].append((x + way * tip, bottom + 0.025 * size))
            edges[way].append((x + way * tip * 0.52, bottom - 0.015 * size))
    for point in edges[1]:
        shape.lineTo(*point)
    for point in reversed(edges[-1]):
        shape.lineTo(*point)
    shape.close()
    canvas.drawPath(shape, downward(base - size, base, mix(dark, light, 0.35), dark))
    for point in edges[1]:
        side.lineTo(*point)
    side.lineTo(x + 0.03 * size, base - 0.05 * size)
    side.close()
    canvas.drawPath(side, downward(base - size, base, light, mix(dark, light, 0.15)))


def conifer_edge(picture: Picture, *, depth: float, size: float, distance: float) -> None:
    """Tall spruces at both sides of the frame and grass between: a gate for the eye."""
    chance, look, unit = picture.chance, picture.look, picture.unit
    dark = mix(look.surface("#1c3328", distance), look.dark, 0.45)
    light = mix(dark, look.key, 0.10 + 0.16 * look.sun_strength)
    base = picture.height * 1.06
    tall = min(size * unit * 2.6, 0.75 * picture.height)
    trees = []
    for way, count in ((0, chance.randint(2, 4)), (1, chance.randint(1, 3))):
        for _ in range(count):
            x = chance.uniform(-0.06, 0.13) if way == 0 else chance.uniform(0.89, 1.06)
            trees.append((x * picture.width, tall * chance.uniform(0.55, 1.0)))

    def painter(canvas: skia.Canvas) -> None:
        for x, height in trees:
            conifer(canvas, chance, x, base, height, dark, light)
        paint_grass(canvas, picture, picture.height * 0.985, dark, light)

    picture.paint(depth, painter, framed=False)


def paint_grass(canvas: skia.Canvas, picture: Picture, base: float, dark: Colour, light: Colour) -> None:
    """A bank with blades at the lower edge of the frame."""
    chance, unit = picture.chance, picture.unit
    rough = rough_line(chance, 24, start=4, roughness=0.4)
    step = (picture.right - picture.left) / 23
    line = [(picture.left + index * step, base + 1.6 * unit * rough[index]) for index in range(24)]
    canvas.drawPath(land(line, picture.bottom, smooth=True), fill(dark))
    for _ in range(int(130 * picture.width / picture.height) + 40):
        x = chance.uniform(picture.left, picture.right)
        length, lean = unit * chance.uniform(1.2, 4.2), unit * chance.uniform(-1.3, 1.3)
        blade = curve(
            [(x, base + 2 * unit), (x + 0.3 * lean, base - 0.4 * length), (x + lean, base - length)]
        )
        canvas.drawPath(blade, stroke(mix(dark, light, chance.uniform(0, 0.7)), 0.26 * unit))


def broadleaf(
    canvas: skia.Canvas,
    chance: random.Random,
    x: float,
    base: float,
    size: float,
    dark: Colour,
    light: Colour,
) -> None:
    """A tree with a round crown, lit from above."""
    trunk = stroke(mix(dark, (0.2, 0.13, 0.1), 0.5), 0.06 * size)
    canvas.drawPath(curve([(x, base), (x + 0.01 * size, base - 0.25 * size), (x, base - 0.5 * size)]), trunk)
    for way in (-1, 1):
        branch = curve(
            [
                (x, base - 0.3 * size),
                (x + way * 0.1 * size, base - 0.45 * size),
                (x + way * 0.16 * size, base - 0.6 * size),
            ]
        )
        canvas.drawPath(branch, stroke(mix(dark, (0.2, 0.13, 0.1), 0.5), 0.03 * size))
    puffs = [
        (chance.uniform(-0.27, 0.27), chance.uniform(0.46, 0.86), chance.uniform(0.13, 0.2))
        for _ in range(17)
    ]
    for shift, colour in ((0.0, dark), (0.035, mix(dark, light, 0.5)), (0.075, light)):
        crown = skia.Path()
        for dx, up, radius in puffs:
            shrink = radius * (1 - 2.6 * shift)
            crown.addCircle(x + (dx + shift * 0.5) * size, base - (up + shift) * size, shrink * size)
        canvas.drawPath(crown, fill(colour, 1.0 if not shift else 0.6))
