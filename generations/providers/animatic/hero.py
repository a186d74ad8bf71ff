"""The subject of a scene, drawn large: shaded, rimmed with light, standing where it belongs."""

import math
from dataclasses import dataclass

import numpy as np
import skia

from analysis.contracts import Scene, Setting
from generations.providers.animatic.brush import (
    add_glow,
    blurred_edge,
    curve,
    downward,
    fill,
    glow,
    land,
    linear,
    on_top,
    stroke,
    wave,
)
from generations.providers.animatic.colour import WHITE, Colour, mix
from generations.providers.animatic.noise import rough_line
from generations.providers.animatic.picture import Moment, Picture, Pixels, Plate
from generations.providers.animatic.subjects.shapes import Part, Role, Subject, path_of
from generations.providers.animatic.subjects.vocabulary import subject_in

_MATERIALS: dict[Role, str] = {
    "light": "#f6f1e7",
    "dark": "#20242e",
    "metal": "#a9b0bb",
    "skin": "#c98f6b",
    "green": "#3f7d4e",
    "wood": "#7a4b2d",
    "glass": "#9cc3cf",
}
#: What is put under a hero that needs ground, where the scene has none at its feet.
_GROUNDS: dict[Setting, str] = {
    "sea": "#cdb083",
    "city": "#6a6f7b",
    "mountains": "#5b7048",
    "sky": "#8d94a8",
    "space": "#6d6a72",
    "abstract": "#8b8f99",
    "interior": "#8a5f3f",
}
#: Depth of the plane that the hero stands on.
_DEPTH = 0.72


def hero_of(scene: Scene) -> Subject | None:
    """The thing that the scene is about, if it is one that we can draw."""
    return subject_in(scene.subject, scene.micro_prompt)


def add_hero(picture: Picture) -> None:
    """Put the thing that the scene is about where it belongs."""
    subject = hero_of(picture.scene)
    if subject is None or picture.hero_index is None:
        return
    front = picture.items[picture.hero_index :]
    del picture.items[picture.hero_index :]
    hero = Hero(picture, subject)
    if subject.stance == "table":
        hero.add_ledge()
        front = []  # Grass and railings would grow through the table.
    elif subject.stance == "ground" and picture.scene.setting in _GROUNDS:
        hero.add_ground(_GROUNDS[picture.scene.setting])
        front = []
    hero.add()
    picture.items.extend(front)


class Hero:
    """Where a subject stands, and what it is painted with."""

    def __init__(self, picture: Picture, subject: Subject) -> None:
        shot = picture.composition.shot
        self._picture, self._subject = picture, subject
        shorter = min(picture.width, picture.height)
        far_small = 1.0 if subject.stance != "table" else 1.25
        self.size = shorter * shot.hero_size * subject.size * (far_small if shot.framing == "wide" else 1.0)
        self.x = picture.composition.hero_x * picture.width
        self.foot = self._foot()
        self._light = -1 if picture.composition.sun_x < picture.composition.hero_x else 1
        # Vehicles look into the frame.
        self._turned = picture.composition.hero_x > 0.5 if subject.stance in ("ground", "water") else False

    def _foot(self) -> float:
        picture, size = self._picture, self.size
        height, wide = picture.height, picture.composition.shot.framing == "wide"
        match self._subject.stance:
            case "table":
                return (0.80 if picture.composition.portrait else 0.87) * height
            case "air":
                middle = 0.50 if picture.composition.shot.framing == "close" else 0.40
                return middle * height + 0.5 * size
            case "water" if picture.scene.setting in ("sea", "city", "mountains"):
                return min(0.93 * height, picture.horizon + (0.10 if wide else 0.22) * height)
        return min(0.93 * height, picture.horizon + (0.14 if wide else 0.30) * height)

    def add_ledge(self) -> None:
        """A table top at the lower edge, with the mirror image of what stands on it."""
        picture, look = self._picture, self._picture.look
        top = self.foot - 0.035 * picture.height
        board = mix(look.surface("#4d382c", tint=0.25), look.dark, 0.35)
        wet = look.weather in ("rain", "storm") and picture.scene.setting != "interior"
        edge = mix(board, mix(look.key, look.light(0), look.lamps * 0.6), 0.42)

        def painter(canvas: skia.Canvas) -> None:
            area = skia.Rect.MakeLTRB(picture.left, top, picture.right, picture.bottom)
            canvas.drawRect(
                area,
                downward(top, picture.height * 1.02, mix(board, edge, 0.45), mix(board, look.dark, 0.65)),
            )
            canvas.drawRect(
                skia.Rect.MakeLTRB(picture.left, top, picture.right, top + 0.25 * picture.unit),
                fill(edge, 0.8),
            )
            shine = linear(
                (0, top),
                (0, picture.height),
                [(look.light(0), 0.30 * max(0.3, look.lamps)), (look.light(1), 0.0)],
            )
            wide = 0.8 * self.size
            shine.setMaskFilter(blurred_edge(3 * picture.unit))
            canvas.drawRect(
                skia.Rect.MakeLTRB(self.x - 2.2 * wide, top, self.x - 0.9 * wide, picture.bottom), shine
            )
            canvas.drawRect(
                skia.Rect.MakeLTRB(self.x + 0.9 * wide, top, self.x + 1.7 * wide, picture.bottom), shine
            )
            self._paint_mirror(canvas, 0.34 if wet else 0.16)

        picture.paint(_DEPTH, painter, framed=False, blur=0)

    def add_ground(self, material: str) -> None:
        """A bank of land to stand on, from side to side."""
        picture, look = self._picture, self._picture.look
        natural = picture.scene.setting in ("sea", "mountains", "space")
        snowy = look.weather == "snow" and picture.scene.setting != "interior"
        ground = look.surface("#e6ecf4" if snowy else material)
        top = self.foot - 0.045 * picture.height
        rough = rough_line(picture.chance, 24, start=4, roughness=0.35)
        step = (picture.right - picture.left) / 23
        swell = 1.5 * picture.unit if natural else 0.0
        line = [(picture.left + index * step, top + swell * rough[index]) for index in range(24)]
        lit = mix(ground, look.key, 0.12 + 0.2 * look.sun_strength)

        def painter(canvas: skia.Canvas) -> None:
            shape = land(line, picture.bottom, smooth=natural)
            canvas.drawPath(shape, downward(top, picture.height, lit, mix(ground, look.dark, 0.55)))
            canvas.drawPath(curve(line), stroke(mix(lit, look.key, 0.4), 0.3 * picture.unit, 0.5))

        picture.paint(_DEPTH, painter, framed=False, blur=0)

    def _paint_mirror(self, canvas: skia.Canvas, alpha: float) -> None:
        canvas.saveLayer(
            self._field(mirrored=True),
            skia.Paint(
                Alphaf=alpha,
                ImageFilter=skia.ImageFilters.Blur(0.6 * self._picture.unit, 1.4 * self._picture.unit),
            ),
        )
        canvas.translate(0, 2 * self.foot)
        canvas.scale(1, -1)
        self._paint(canvas)
        canvas.restore()

    def add(self) -> None:
        """Put it into the picture, with its shadow, its motion, its steam or lamp."""
        picture, subject = self._picture, self._subject
        if subject.stance in ("table", "ground"):
            picture.paint(_DEPTH, self._paint_shadow, framed=False, blur=0)
        pixels, place = picture.bake(_DEPTH, self._paint, framed=False, blur=0)
        _add_rim(pixels, self._rim_colour(), self._light, max(1, round(0.012 * self.size)))
        picture.add(Plate(pixels, place=place, depth=_DEPTH, focus=picture.focus, motion=self._motion))
        wheels = [part for part in subject.parts if part.spin]
        if wheels:
            picture.add(Wheels(self, picture, wheels))
        if subject.lamp and picture.look.lamps > 0.3:
            picture.add(Shine(self, picture, subject.lamp))
        if subject.steam:
            picture.add(Steam(self, picture))

    def _motion(self, seconds: float) -> tuple[float, float]:
        unit = self._picture.unit
        match self._subject.stance:
            case "air":
                return 1.0 * unit * wave(seconds, 6.5), 1.3 * unit * wave(seconds, 4.2)
            case "water":
                return 0.4 * unit * wave(seconds, 5), 0.5 * unit * wave(seconds, 3.1)
        return 0.0, 0.0

    def seen(self, moment: Moment, x: float, y: float) -> tuple[float, float, float]:
        """Where a point of the field of 100 by 100 is seen, and how large the field's unit is."""
        across = (50 - x if self._turned else x - 50) * self.size / 100
        dx, dy = self._motion(moment.seconds)
        seen_x, seen_y, scale = self._picture.project(
            moment, _DEPTH, self.x + across + dx, self.foot + (y - 100) * self.size / 100 + dy, framed=False
        )
        return seen_x, seen_y, scale * self.size / 100

    def colour(self, role: Role) -> Colour:
        """What a role looks like in the light of the scene."""
        look = self._picture.look
        if role == "lamp":
            warm = mix(look.graded((1.0, 0.85, 0.5)), WHITE, 0.25)
            return warm if look.lamps > 0.3 else look.surface("#e9c46a", tint=0.1)
        if role in ("main", "second"):
            own = look.surface(look.accent(0 if role == "main" else 1), tint=0.0)
            return mix(own, look.accent(0 if role == "main" else 1), 0.35)
        return look.surface(_MATERIALS[role], tint=0.12)

    def _field(self, *, mirrored: bool = False) -> skia.Rect:
        """More than a subject fills, so that layers need not be as large as the plate."""
        above, below = (0.4, 1.6) if mirrored else (1.6, 0.4)
        return skia.Rect.MakeLTRB(
            self.x - 1.2 * self.size,
            self.foot - above * self.size,
            self.x + 1.2 * self.size,
            self.foot + below * self.size,
        )

    def _rim_colour(self) -> Colour:
        look = self._picture.look
        return mix(mix(look.key, WHITE, 0.3), look.light(0), 0.65 * look.lamps)

    def _paint(self, canvas: skia.Canvas) -> None:
        """The flat parts, then light from one side and shade on the other."""
        look, size = self._picture.look, self.size
        canvas.saveLayer(self._field(), skia.Paint())
        canvas.save()
        canvas.translate(self.x, self.foot)
        canvas.scale(-size / 100 if self._turned else size / 100, size / 100)
        canvas.translate(-50, -100)
        for part in self._subject.parts:
            if not part.spin:
                self.paint_part(canvas, part)
        canvas.restore()
        left, right = self.x - 0.4 * size, self.x + 0.4 * size
        ends = ((left, 0.0), (right, 0.0)) if self._light < 0 else ((right, 0.0), (left, 0.0))
        canvas.drawPaint(
            on_top(
                linear(
                    *ends,
                    [
                        (mix(look.key, WHITE, 0.3), 0.30),
                        (look.key, 0.0),
                        (look.dark, 0.12),
                        (look.dark, 0.48),
                    ],
                )
            )
        )
        canvas.drawPaint(
            on_top(
                linear(
                    (0, self.foot - size),
                    (0, self.foot),
                    [(look.haze, 0.10), (look.dark, 0.0), (look.dark, 0.30)],
                )
            )
        )
        canvas.restore()

    def paint_part(self, canvas: skia.Canvas, part: Part) -> None:
        """One part on the field of 100 by 100."""
        colour = self.colour(part.role)
        paint = stroke(colour, part.line, part.alpha) if part.line else fill(colour, part.alpha)
        canvas.drawPath(path_of(part.shape), paint)

    def _paint_shadow(self, canvas: skia.Canvas) -> None:
        dark, size = self._picture.look.dark, self.size
        lean = -self._light * 0.10 * size
        for spread, tall, alpha in ((0.56, 0.055, 0.35), (0.40, 0.032, 0.5)):
            area = skia.Rect.MakeLTRB(
                self.x - spread * size + lean,
                self.foot - tall * size,
                self.x + spread * size + lean,
                self.foot + tall * size,
            )
            paint = fill(dark, alpha)
            paint.setMaskFilter(blurred_edge(0.02 * size))
            canvas.drawOval(area, paint)


def _add_rim(pixels: Pixels, colour: Colour, light: int, reach: int) -> None:
    """Brighten the edge that faces the light."""
    alpha = pixels[..., 3].astype(np.float32)
    inner = np.roll(np.roll(alpha, -light * reach, axis=1), reach // 2 + 1, axis=0)
    rim = np.clip(alpha - inner, 0, 255) / 255
    rim = 0.75 * (rim + np.roll(rim, 1, axis=1) + np.roll(rim, -1, axis=1)) / 3
    tint = np.array(colour[::-1], np.float32) * alpha[..., None]
    body = pixels[..., :3].astype(np.float32)
    pixels[..., :3] = np.minimum(body + (tint - body) * rim[..., None], alpha[..., None])


@dataclass
class Wheels:
    """The spokes of a hero that rolls."""

    hero: Hero
    picture: Picture
    parts: list[Part]

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw them turned as far as they have come."""
        for part in self.parts:
            if part.spin is None:
                continue
            x, y, scale = self.hero.seen(moment, *part.spin)
            canvas.save()
            canvas.translate(x, y)
            canvas.rotate(70 * moment.seconds)
            canvas.scale(scale, scale)
            canvas.translate(-part.spin[0], -part.spin[1])
            self.hero.paint_part(canvas, part)
            canvas.restore()


class Shine:
    """The lamp of a hero, burning."""

    def __init__(self, hero: Hero, picture: Picture, place: tuple[float, float]) -> None:
        self._hero, self._place = hero, place
        colour = mix(picture.look.graded((1.0, 0.8, 0.45)), picture.look.light(1), 0.2)
        self._image = glow(colour, max(6, round(0.34 * hero.size)), 0.7 * picture.look.lamps)

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw its light."""
        x, y, _ = self._hero.seen(moment, *self._place)
        add_glow(canvas, self._image, x, y, 0.88 + 0.12 * wave(moment.seconds, 2.7))


class Steam:
    """Warm breath over a cup."""

    def __init__(self, hero: Hero, picture: Picture) -> None:
        self._hero = hero
        self._colour = mix(picture.look.haze, WHITE, 0.5)
        self._wisps = [
            (picture.chance.uniform(38, 62), picture.chance.random(), picture.chance.uniform(0.8, 1.2))
            for _ in range(5)
        ]

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the wisps where they have risen to."""
        for x, phase, reach in self._wisps:
            age = (moment.seconds / 3.2 + phase) % 1.0
            points = []
            for step in range(7):
                along = step / 6
                sway = 5.5 * math.sin(2 * math.pi * (along * 0.9 + age + phase)) * (0.3 + along)
                points.append((x + sway, 34 - (14 + 34 * age) * along * reach - 22 * age))
            alpha = math.sin(math.pi * age)
            seen = [self._hero.seen(moment, *point) for point in points]
            line, scale = curve([(px, py) for px, py, _ in seen]), seen[0][2]
            for width, strength in ((7.5, 0.05), (4.2, 0.08), (1.8, 0.12)):
                canvas.drawPath(line, stroke(self._colour, width * scale, strength * alpha))
