"""Mountains: ranges behind each other, a lake or a meadow, conifers in front."""

import skia

from generations.providers.animatic.brush import Point, downward, fill, land, polygon, veil
from generations.providers.animatic.colour import Colour, mix
from generations.providers.animatic.noise import rough_line
from generations.providers.animatic.picture import Picture
from generations.providers.animatic.plants import conifer, conifer_edge
from generations.providers.animatic.sky import Birds, paint_sky
from generations.providers.animatic.water import Glitter, Surface, add_water
from generations.providers.animatic.weather import add_mist


def paint_mountains(picture: Picture) -> None:
    """From the far range to the trees at the eye."""
    paint_sky(picture)
    lake = picture.chance.random() < 0.65
    for index, (distance, height, base) in enumerate(
        ((0.86, 0.30, 0.02), (0.62, 0.235, 0.03), (0.40, 0.135, 0.03))
    ):
        paint_range(picture, distance, height * picture.height, base * picture.height, snow=index < 2)
        add_mist(picture, top=picture.horizon - 0.10 * picture.height, alpha=0.22 * picture.look.hazy)
    if picture.look.time != "night":
        picture.add(Birds(picture, count=picture.chance.randint(4, 8)))
    paint_forest_line(picture, 0.30, 0.30)
    if lake:
        _add_lake(picture)
    else:
        paint_meadow(picture)
    picture.hero_stands_here()
    conifer_edge(picture, depth=0.95, size=19, distance=0.0)


def paint_range(picture: Picture, distance: float, height: float, base: float, *, snow: bool) -> None:
    """One range: ridges that catch the light on one side, snow where it is high."""
    look = picture.look
    rock = look.surface("#5d6a80", distance)
    bright = mix(rock, look.key, 0.30 * look.sun_strength * (1 - 0.5 * distance))
    foot = mix(rock, look.haze, 0.55)
    peaks = _peaks(picture, height)
    line = _ridge(picture, peaks, height, base)
    left_lit = picture.composition.sun_x < 0.5

    def painter(canvas: skia.Canvas) -> None:
        bottom = picture.bottom
        shape = land(line, bottom)
        canvas.drawPath(
            shape, downward(picture.horizon - height, picture.horizon + 0.06 * picture.height, rock, foot)
        )
        canvas.save()
        canvas.clipPath(shape, True)
        for x, top in peaks:
            _paint_faces(canvas, picture, (x, top), height, bright, snow, left_lit)
        canvas.drawPaint(
            veil(picture.horizon - 0.55 * height, picture.horizon, look.haze, 0.0, 0.35 + 0.4 * distance)
        )
        canvas.restore()

    picture.paint(0.07 + 0.3 * (1 - distance), painter)


def _peaks(picture: Picture, height: float) -> list[Point]:
    chance = picture.chance
    step = height * 0.95
    x, peaks = picture.left, []
    while x < picture.right:
        top = picture.horizon - height * chance.uniform(0.5, 1.0)
        peaks.append((x, top))
        x += step * chance.uniform(0.7, 1.4)
    return peaks


def _ridge(picture: Picture, peaks: list[Point], height: float, base: float) -> list[Point]:
    """The outline over the peaks, with rough slopes."""
    count = 520
    rough = rough_line(picture.chance, count, start=24, roughness=0.62)
    line = []
    for index in range(count):
        x = picture.left + (picture.right - picture.left) * index / (count - 1)
        top = min(peak + abs(x - px) * 0.72 for px, peak in peaks)
        line.append((x, min(top, picture.horizon + base) + rough[index] * height * 0.045))
    return line


def _paint_faces(
    canvas: skia.Canvas,
    picture: Picture,
    peak: Point,
    height: float,
    bright: Colour,
    snow: bool,
    left_lit: bool,
) -> None:
    """The lit side of one peak, and its snow."""
    chance, look = picture.chance, picture.look
    x, top = peak
    side = -1 if left_lit else 1
    reach = picture.horizon + 0.04 * picture.height - top
    edge = [(x, top - 4)]
    for step in range(1, 8):
        edge.append((x + chance.uniform(-0.09, 0.12) * height * side, top + reach * step / 7))
    far = [(x + side * reach * 1.7, top + reach), (x + side * 2, top - 4)]
    paint = downward(top, top + reach, bright, mix(bright, look.haze, 0.7))
    canvas.drawPath(polygon([*edge, *far]), paint)
    if snow or look.weather == "snow":
        _paint_snow(canvas, picture, peak, height, side)


def _paint_snow(canvas: skia.Canvas, picture: Picture, peak: Point, height: float, side: int) -> None:
    chance, look = picture.chance, picture.look
    x, top = peak
    depth = height * chance.uniform(0.16, 0.30) * (1.6 if look.weather == "snow" else 1)
    bright = mix(look.surface("#f4f7fb", 0.12, tint=0.05), look.key, 0.35 * look.sun_strength)
    shade = mix(look.surface("#c9d4e6", 0.25, tint=0.15), look.ambient, 0.25)
    for way, colour in ((-side, shade), (side, bright)):
        edge: list[Point] = [(x, top - 5)]
        for step in range(6, -1, -1):
            across = depth * 1.35 * step / 6
            tooth = depth * (0.30 if step % 2 else -0.10) * chance.uniform(0.5, 1.3)
            edge.append((x + way * across, top + depth * 0.82 + across * 0.15 + tooth))
        canvas.drawPath(polygon(edge), fill(colour, 0.94))


def paint_forest_line(picture: Picture, depth: float, distance: float) -> None:
    """A far bank of conifers at the horizon."""
    chance, look, unit = picture.chance, picture.look, picture.unit
    colour = look.surface("#2f4a3c", distance)
    rough = rough_line(chance, 64, start=4)
    trees = []
    x = picture.left
    while x < picture.right:
        place = int((x - picture.left) / (picture.right - picture.left) * 63)
        trees.append((x, unit * (2.6 + 2.0 * rough[place]) * chance.uniform(0.6, 1.25)))
        x += unit * chance.uniform(0.5, 1.1)

    def painter(canvas: skia.Canvas) -> None:
        base = picture.horizon + 0.4 * unit
        paint = fill(colour)
        for x, size in trees:
            size = max(unit, size)
            canvas.drawPath(
                polygon([(x - 0.26 * size, base), (x, base - size), (x + 0.26 * size, base)]), paint
            )
        canvas.drawRect(
            skia.Rect.MakeLTRB(picture.left, base - unit, picture.right, picture.bottom),
            downward(base - unit, base + 6 * unit, colour, mix(colour, look.haze, 0.2)),
        )

    picture.paint(depth, painter)


def _add_lake(picture: Picture) -> None:
    look = picture.look
    far = mix(look.sky_at(0.9), look.surface("#33566b"), 0.35)
    near = look.surface("#16323f")
    rough = 1.1 if look.weather in ("rain", "storm") else 0.55
    add_water(picture, picture.horizon + 0.6 * picture.unit, Surface(far, near, 0.82, rough))
    if look.sun_strength > 0.25:
        x = picture.composition.sun_x * picture.width
        picture.add(Glitter(picture, x, picture.horizon + picture.unit, colour=look.key, count=60))


def paint_meadow(picture: Picture) -> None:
    """Rolling ground from the horizon to the eye."""
    look = picture.look
    material = "#e6ecf4" if look.weather == "snow" else "#54774a"
    for depth, distance, drop in ((0.42, 0.30, 0.0), (0.6, 0.14, 0.11), (0.8, 0.0, 0.24)):
        _paint_meadow_plane(picture, depth, distance, drop, material)


def _paint_meadow_plane(picture: Picture, depth: float, distance: float, drop: float, material: str) -> None:
    look = picture.look
    rough = rough_line(picture.chance, 40, start=3, roughness=0.35)
    colour = look.surface(material, distance)
    lit = mix(colour, look.key, 0.22 * look.sun_strength)
    line = [
        (
            picture.left + (picture.right - picture.left) * index / 39,
            picture.horizon + drop * picture.height + rough[index] * 0.028 * picture.height,
        )
        for index in range(40)
    ]

    def painter(canvas: skia.Canvas) -> None:
        top = min(y for _, y in line)
        shape = land(line, picture.bottom, smooth=True)
        canvas.drawPath(shape, downward(top, top + 0.28 * picture.height, lit, mix(colour, look.dark, 0.35)))
        _paint_copse(canvas, picture, line, depth, distance)

    picture.paint(depth, painter)


def _paint_copse(
    canvas: skia.Canvas, picture: Picture, line: list[Point], depth: float, distance: float
) -> None:
    """A few spruces on the meadow, away from its middle, and flowers where no snow lies."""
    look, chance, unit = picture.look, picture.chance, picture.unit
    dark = look.surface("#22402f", distance)
    light = mix(dark, look.key, 0.12 + 0.2 * look.sun_strength)
    for _ in range(7):
        x, y = line[chance.choice((*range(3, 15), *range(26, 37)))]
        base = y + chance.uniform(0.005, 0.03) * picture.height
        conifer(canvas, chance, x, base, unit * chance.uniform(14, 24) * depth, dark, light)
    if look.weather == "snow":
        return
    for _ in range(90):
        x, y = chance.choice(line)
        place = x + chance.uniform(-2, 2) * unit, y + (0.015 + 0.12 * chance.random()) * picture.height
        bloom = mix(look.surface(look.accent(chance.randrange(3)), distance, tint=0.0), light, 0.3)
        canvas.drawCircle(*place, unit * depth * chance.uniform(0.15, 0.42), fill(bloom, 0.85))
