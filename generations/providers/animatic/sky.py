"""The sky: gradient, sun or moon, stars, clouds, lightning and birds."""

import math
import random
from dataclasses import dataclass

import numpy as np
import skia
from numpy.random import default_rng

from generations.providers.animatic.brush import (
    add_glow,
    curve,
    downward,
    fill,
    glow,
    linear,
    premultiplied,
    radial,
    stroke,
    wave,
)
from generations.providers.animatic.colour import WHITE, Colour, lightness, mix, with_lightness
from generations.providers.animatic.noise import cloud_field
from generations.providers.animatic.picture import Moment, Picture


def paint_sky(picture: Picture, *, sun_height: float | None = None) -> None:
    """The whole sky of an outdoor scene, behind everything else."""
    height = _sun_height(picture) if sun_height is None else sun_height
    paint_gradient(picture)
    if picture.look.night:
        paint_stars(picture, share=1.0 if picture.look.weather == "clear" else 0.35)
    place = picture.composition.sun_x * picture.width, height * picture.height
    if picture.look.sun_strength > 0.1:
        paint_sun(picture, place)
    paint_clouds(picture)
    if picture.look.weather == "storm":
        picture.add(Lightning(picture))


def paint_gradient(picture: Picture) -> None:
    """The air itself, with a faint grain so that it looks printed and does not band."""
    stops = [picture.look.sky_at(index / 8) for index in range(9)]
    grain = grain_image(picture.chance, 256)

    def painter(canvas: skia.Canvas) -> None:
        canvas.drawPaint(downward(-0.04 * picture.height, picture.horizon * 1.04, *stops))
        # Given to the constructor: `Paint.setShader` makes a copy by compressing the picture, 150 ms.
        shader = grain.makeShader(skia.TileMode.kRepeat, skia.TileMode.kRepeat)
        paint = skia.Paint(Shader=shader, BlendMode=skia.BlendMode.kOverlay, Alphaf=0.10)
        canvas.drawPaint(paint)

    picture.paint(0, painter, framed=False, blur=0, soft=True)


def grain_image(chance: random.Random, size: int) -> skia.Image:
    """Grey noise to lay over smooth surfaces."""
    rng = default_rng(chance.getrandbits(64))
    pixels = np.full((size, size, 4), 255, np.uint8)
    pixels[..., :3] = rng.normal(128, 38, (size, size, 1)).clip(0, 255)
    return skia.Image.fromarray(pixels, skia.ColorType.kBGRA_8888_ColorType, copy=True)


def paint_sun(picture: Picture, place: tuple[float, float]) -> None:
    """The sun or the moon, its halo, and its slow drift through the clip."""
    look, unit = picture.look, picture.unit
    x, y = place
    strength = look.sun_strength
    radius = unit * (4.2 if look.night else 5.2 if look.time == "day" else 7.5)
    glare = mix(look.key, look.sky[2], 0.35)

    def halo(canvas: skia.Canvas) -> None:
        wide = unit * (60 if look.time in ("dawn", "dusk") else 42)
        canvas.drawCircle(
            x, y, wide, radial(place, wide, glare, 0.75 * strength * (0.5 if look.night else 1))
        )

    def disc(canvas: skia.Canvas) -> None:
        canvas.drawCircle(x, y, radius, fill(mix(look.key, WHITE, 0.45), 0.35 + 0.65 * strength))
        if look.night:
            for dx, dy, size in (
                (-0.3, -0.2, 0.22),
                (0.25, 0.3, 0.3),
                (0.35, -0.35, 0.14),
                (-0.25, 0.45, 0.12),
            ):
                shade = fill(mix(look.key, look.sky[2], 0.5), 0.35)
                canvas.drawCircle(x + dx * radius, y + dy * radius, size * radius, shade)

    def drift(seconds: float) -> tuple[float, float]:
        rise = {"dawn": -0.22, "dusk": 0.22}.get(look.time, 0.05)
        return 0.08 * unit * seconds, rise * unit * seconds

    picture.paint(0.02, halo, framed=False, soft=True, motion=drift, blur=0)
    soften = {"clear": 0.12, "cloudy": 0.5}.get(look.weather, 1.6)
    picture.paint(0.02, disc, framed=False, motion=drift, blur=soften)


def paint_stars(picture: Picture, *, share: float, down_to: float = 0.95) -> None:
    """Stars, thinner toward the horizon; a few of them twinkle."""
    chance, unit = picture.chance, picture.unit
    bottom = picture.horizon * down_to
    spots = [
        (chance.uniform(0, picture.width), bottom * chance.random() ** 1.3, chance.random() ** 3)
        for _ in range(int(260 * share * picture.width * picture.height / (picture.unit * 100) ** 2))
    ]

    def painter(canvas: skia.Canvas) -> None:
        for x, y, size in spots:
            alpha = (0.35 + 0.6 * size) * (1 - 0.8 * y / bottom)
            canvas.drawCircle(x, y, unit * (0.07 + 0.17 * size), fill(WHITE, max(0.0, alpha)))

    picture.paint(0, painter, framed=False, soft=True, blur=0)
    bright = [(x, y, chance.random()) for x, y, size in spots if size > 0.55 and y < 0.7 * bottom]
    picture.add(Twinkle(bright[:26], glow(mix(picture.look.key, WHITE, 0.5), max(2, round(unit * 1.5)), 0.9)))


@dataclass
class Twinkle:
    """Stars that brighten and fade, each in its own time."""

    stars: list[tuple[float, float, float]]
    image: skia.Image

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw their shine."""
        for x, y, phase in self.stars:
            add_glow(canvas, self.image, x, y, 0.5 + 0.5 * wave(moment.seconds, 2.2 + 2 * phase, phase))


def paint_clouds(picture: Picture) -> None:
    """Clouds as the weather wants them, drifting, the nearer the faster."""
    look = picture.look
    if look.weather == "fog":
        return
    if look.weather != "clear":
        paint_deck(picture, cover={"cloudy": 0.62, "snow": 0.75, "rain": 0.85, "storm": 1.0}[look.weather])
    count = {"clear": 3, "cloudy": 7, "snow": 3, "rain": 4, "storm": 5}[look.weather]
    if look.night and look.weather == "clear":
        count = 1
    for row in range(2):
        _paint_cloud_row(picture, row, count)


def _paint_cloud_row(picture: Picture, row: int, count: int) -> None:
    look, chance, unit = picture.look, picture.chance, picture.unit
    share = 0.52 + 0.3 * row if look.weather == "clear" else 0.35 + 0.4 * row
    size = unit * (8.5 - 3.6 * row) * (1.35 if look.weather == "storm" else 1)
    light = mix(look.sky_at(share * 0.9), mix(look.key, WHITE, 0.3), 0.62 * (0.25 + 0.75 * look.sun_strength))
    shade = mix(look.sky_at(min(1.0, share + 0.12)), look.sky_at(0.15), 0.25)
    if look.night:
        light, shade = mix(look.sky_at(0.8), look.key, 0.10), look.sky_at(0.6)
    if look.weather in ("rain", "storm"):
        light, shade = (
            with_lightness(light, 0.9 * lightness(light)),
            with_lightness(shade, 0.78 * lightness(shade)),
        )
    step = 1.3 * picture.width / max(1, count)
    places = [
        (
            -0.15 * picture.width + step * (index + chance.uniform(0.15, 0.85)),
            picture.horizon * (share + chance.uniform(-0.14, 0.10)),
            size * chance.uniform(0.65, 1.35),
        )
        for index in range(count)
    ]
    shapes = [(y, s, cloud_shape(chance, x, y, s)) for x, y, s in places]

    def painter(canvas: skia.Canvas) -> None:
        for y, scale, shape in shapes:
            canvas.saveLayer(shape.getBounds(), skia.Paint())
            canvas.drawPath(shape, downward(y - 1.7 * scale, y + 0.5 * scale, light, shade))
            fade = linear((0, y - 1.0 * scale), (0, y + 0.55 * scale), [(WHITE, 1.0), (WHITE, 0.12)])
            fade.setBlendMode(skia.BlendMode.kDstIn)
            canvas.drawPaint(fade)
            canvas.restore()

    speed = (1.0 - 0.35 * row) * unit * (1.6 if look.weather in ("storm", "rain") else 0.8)
    way = 1 if chance.random() < 0.5 else -1
    reach = min(0.3, speed * picture.seconds / picture.width)
    picture.paint(
        0.05 + 0.03 * (1 - row),
        painter,
        framed=False,
        blur=0.14,
        overscan=reach,
        motion=lambda seconds: (way * speed * (seconds - picture.seconds / 2), 0.0),
    )


def cloud_shape(chance: random.Random, x: float, y: float, size: float) -> skia.Path:
    """A heap of round puffs on a flat base."""
    path = skia.Path()
    puffs = chance.randint(5, 8)
    span = size * chance.uniform(2.6, 4.4)
    for index in range(puffs):
        along = (index + 0.5) / puffs
        radius = size * (0.32 + 0.62 * math.sin(math.pi * along) ** 1.3) * chance.uniform(0.75, 1.15)
        path.addCircle(x + (along - 0.5) * span, y + 0.35 * size - 0.72 * radius, radius)
    base = skia.Rect.MakeLTRB(x - 0.56 * span, y + 0.02 * size, x + 0.56 * span, y + 0.42 * size)
    path.addRoundRect(base, 0.2 * size, 0.2 * size)
    path.setFillType(skia.PathFillType.kWinding)
    return skia.Simplify(path) or path


def paint_deck(picture: Picture, *, cover: float) -> None:
    """A closed layer of cloud, seen from below."""
    look = picture.look
    width, height = 192, 96
    field = cloud_field(picture.chance, width, height, cells=5)
    rows = np.linspace(0, 1, height)[:, None]
    alpha = (
        np.clip((field - (0.62 - 0.5 * cover)) * 2.1, 0, 1) * (1 - rows**2.2) * min(1.0, 0.45 + 0.5 * cover)
    )
    dark = 0.72 if look.weather in ("rain", "storm") else 0.92
    top = with_lightness(look.sky_at(0.2), dark * lightness(look.sky_at(0.4)))
    lights = np.clip((field - 0.45) * 2.6, 0, 1)[..., None]
    edge = mix(look.sky_at(0.9), look.key, 0.25 * look.sun_strength)
    colour = np.array(top[::-1]) * (1 - 0.55 * lights) + np.array(edge[::-1]) * 0.55 * lights
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3] = (colour * alpha[..., None] * 255).clip(0, 255)
    pixels[..., 3] = alpha * 255
    image = premultiplied(pixels)
    reach = 0.12

    def painter(canvas: skia.Canvas) -> None:
        area = skia.Rect.MakeLTRB(-0.3 * picture.width, -2, 1.3 * picture.width, picture.horizon * 1.02)
        canvas.drawImageRect(image, area, skia.SamplingOptions(skia.CubicResampler.Mitchell()))

    speed = min(reach * picture.width / picture.seconds, 1.5 * picture.unit)
    picture.paint(
        0.03,
        painter,
        framed=False,
        soft=True,
        blur=0,
        overscan=reach,
        motion=lambda seconds: (speed * (seconds - picture.seconds / 2), 0.0),
    )


class Lightning:
    """A storm's flashes: the sky lights up, and a bolt stands for a moment."""

    def __init__(self, picture: Picture) -> None:
        chance = picture.chance
        self._area = skia.Rect.MakeWH(picture.width, picture.horizon * 1.02)
        self._sheet = mix(picture.look.key, WHITE, 0.5)
        self._times = _flash_times(picture)
        self._unit = picture.unit
        self._bolts = [self._bolt(picture, chance.uniform(0.12, 0.88) * picture.width) for _ in self._times]
        self._glow = glow(self._sheet, round(22 * picture.unit), 0.55)

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the flash of this moment, if there is one."""
        for start, (bolt, x, y) in zip(self._times, self._bolts, strict=True):
            age = moment.seconds - start
            if 0 <= age < 0.7:
                level = math.exp(-age * 6) * (0.7 + 0.3 * math.cos(age * 40))
                canvas.drawRect(self._area, fill(self._sheet, 0.34 * level))
                if age < 0.3:
                    add_glow(canvas, self._glow, x, y, level)
                    canvas.drawPath(bolt, stroke(self._sheet, 0.9 * self._unit, 0.25 * level))
                    canvas.drawPath(bolt, stroke(WHITE, 0.32 * self._unit, min(1.0, 1.3 * level)))

    def _bolt(self, picture: Picture, x: float) -> tuple[skia.Path, float, float]:
        chance, path = picture.chance, skia.Path()
        y, start = 0.12 * picture.horizon, x
        path.moveTo(x, y)
        while y < 0.97 * picture.horizon:
            x += chance.uniform(-3.4, 3.4) * picture.unit
            y += chance.uniform(2.2, 6.0) * picture.unit
            path.lineTo(x, y)
            if chance.random() < 0.22:
                path.lineTo(x + chance.uniform(-7, 7) * picture.unit, y + 6 * picture.unit)
                path.moveTo(x, y)
        return path, (start + x) / 2, 0.3 * picture.horizon


def _flash_times(picture: Picture) -> list[float]:
    count = max(1, int(picture.seconds / 2.2))
    return [picture.seconds * (index + picture.chance.uniform(0.15, 0.75)) / count for index in range(count)]


class Birds:
    """A loose flock that crosses the sky."""

    def __init__(self, picture: Picture, *, count: int = 7, height: float = 0.45) -> None:
        chance = picture.chance
        self._picture = picture
        self._paint_colour: Colour = mix(picture.look.dark, picture.look.haze, 0.3)
        self._flock = [
            (chance.uniform(-9, 9), chance.uniform(-5, 5), chance.uniform(0.6, 1.1), chance.random())
            for _ in range(count)
        ]
        self._start = chance.uniform(0.1, 0.5) * picture.width
        self._height = height * picture.horizon

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw each bird at its beat of the wings."""
        unit = self._picture.unit
        for dx, dy, size, phase in self._flock:
            x = self._start + (dx + 4.5 * moment.seconds) * unit
            y = self._height + (dy + 0.6 * wave(moment.seconds, 4, phase)) * unit
            x, y, scale = self._picture.project(moment, 0.15, x, y)
            span = 1.35 * size * unit * scale
            lift = span * 0.55 * wave(moment.seconds, 0.75, phase)
            wings = curve([(x - span, y - lift), (x - 0.4 * span, y - 0.25 * span), (x, y)])
            wings.addPath(curve([(x, y), (x + 0.4 * span, y - 0.25 * span), (x + span, y - lift)]))
            canvas.drawPath(wings, stroke(self._paint_colour, 0.22 * span))


def _sun_height(picture: Picture) -> float:
    share = {"dawn": 0.80, "dusk": 0.82, "day": 0.30, "night": 0.30}[picture.look.time]
    return share * picture.composition.horizon
