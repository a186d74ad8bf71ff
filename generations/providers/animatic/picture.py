"""One clip's picture: plates and moving things from back to front, seen by the camera."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import skia
from numpy.typing import NDArray

from analysis.contracts import Scene
from generations.media.frame import FrameFormat
from generations.providers.animatic.brush import blurred
from generations.providers.animatic.camera import OVERSCAN, Pose
from generations.providers.animatic.composition import Composition
from generations.providers.animatic.noise import generator
from generations.providers.animatic.palette import Look

#: Soft plates that are farther than this are not even scaled: nobody could tell.
_SOFT_DEPTH = 0.2
#: Parts of a pixel by which a plate moves. A whole one would show as jerks; finer ones nobody can tell.
_STEPS = 4
#: From this blur on, in pixels, a plate is painted at half its size.
_HALF_SIZE_BLUR = 3.0
#: Empty columns that are worth cutting a plate in two.
_GAP = 48

#: Between pixels. Skia is six times quicker at it where blue comes first, as it does in all our pictures.
SMOOTH = skia.SamplingOptions(skia.FilterMode.kLinear)

Painter = Callable[[skia.Canvas], None]
Pixels = NDArray[np.uint8]
Motion = Callable[[float], tuple[float, float]]
Fade = Callable[[float], float]


@dataclass(frozen=True)
class Bounds:
    """A rectangle of whole pixels."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True)
class Moment:
    """What is seen of the picture, and when."""

    seconds: float
    fraction: float
    pose: Pose
    bounds: Bounds


class Item(Protocol):
    """Something in the picture."""

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw it as it is at this moment."""


@runtime_checkable
class Opaque(Protocol):
    """An item that hides what is behind it."""

    def solid_from(self) -> float:
        """The row of the frame below which nothing shows through."""


def _still(_seconds: float) -> tuple[float, float]:
    return 0.0, 0.0


class Plate:
    """A part of the picture that is painted once and then only moved, scaled and faded."""

    def __init__(
        self,
        pixels: Pixels,
        *,
        place: tuple[int, int],
        depth: float,
        focus: tuple[float, float],
        motion: Motion = _still,
        fade: Fade | None = None,
        soft: bool = False,
        mode: skia.BlendMode = skia.BlendMode.kSrcOver,
    ) -> None:
        self.pixels = pixels
        self.place = place
        self.depth = depth
        self.moves = motion is not _still
        self._focus = focus
        self._motion = motion
        self._fade = fade
        self._soft = soft
        self._mode = mode
        self._image = as_image(pixels)
        self._shifted: dict[tuple[float, float], skia.Image] = {}

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw it where it is now."""
        alpha = self._fade(moment.seconds) if self._fade else 1.0
        if alpha <= 0.002:
            return
        paint = skia.Paint(Alphaf=min(1.0, alpha), BlendMode=self._mode)
        scale, left, top = self._frame(moment)
        if scale == 1:
            x, y = math.floor(left), math.floor(top)
            canvas.drawImage(self._at((left - x, top - y)), x, y, skia.SamplingOptions(), paint)
        else:
            height, width = self.pixels.shape[:2]
            target = skia.Rect.MakeXYWH(left, top, width * scale, height * scale)
            canvas.drawImageRect(self._image, target, SMOOTH, paint)

    def solid_from(self) -> float:
        """The row of the frame below which nothing shows through this plate; infinite if there is none."""
        if self.moves or self._fade or self._mode != skia.BlendMode.kSrcOver:
            return float("inf")
        open_rows = np.flatnonzero(self.pixels[..., 3].min(axis=1) < 255)
        first = int(open_rows[-1]) + 1 if len(open_rows) else 0
        return self.place[1] + first if first < len(self.pixels) else float("inf")

    def cut_below(self, row: float) -> None:
        """Forget what is below a row of the frame, where other plates hide it."""
        keep = row - self.place[1]
        if 1 < keep < len(self.pixels) and not self.moves:
            self.pixels = np.ascontiguousarray(self.pixels[: int(keep)])
            self._image = as_image(self.pixels)
            self._shifted.clear()

    def _frame(self, moment: Moment) -> tuple[float, float, float]:
        """Its scale and its corner: at whole pixels if it is soft, at quarters if it is not scaled."""
        scale = moment.pose.scale(self.depth)
        if self._soft and self.depth <= _SOFT_DEPTH:
            scale = 1.0
        dx, dy = moment.pose.shift(self.depth)
        own_x, own_y = self._motion(moment.seconds)
        (fx, fy), (x, y) = self._focus, self.place
        left, top = fx + (x + own_x - fx) * scale + dx, fy + (y + own_y - fy) * scale + dy
        if scale != 1:
            return scale, left, top
        steps = 1 if self._soft else _STEPS
        return scale, round(left * steps) / steps, round(top * steps) / steps

    def _at(self, fraction: tuple[float, float]) -> skia.Image:
        """The plate moved by parts of a pixel. There are few such parts, so each is sampled only once."""
        if fraction == (0, 0):
            return self._image
        if fraction not in self._shifted:
            height, width = self.pixels.shape[:2]
            surface = empty_surface(width + 1, height + 1)
            surface.getCanvas().drawImage(self._image, *fraction, SMOOTH)
            self._shifted[fraction] = surface.makeImageSnapshot()
        return self._shifted[fraction]


class Picture:
    """Collects what a family paints. Coordinates are those of the frame before the camera moves.

    Families paint as if nothing were mirrored or enlarged: the composition is applied here.
    """

    def __init__(self, scene: Scene, frame: FrameFormat, seed: int, composition: Composition) -> None:
        self.scene = scene
        self.seconds = float(scene.duration_seconds)
        self.width, self.height = frame.width, frame.height
        self.unit = min(frame.width, frame.height) / 100
        self.composition = composition
        self.look = Look(scene, turn=composition.turn)
        self.chance = generator("picture", seed, scene.position, scene.setting)
        self.horizon = frame.height * composition.horizon
        self.items: list[Item] = []
        self.hero_index: int | None = None

    def hero_stands_here(self) -> None:
        """What is added from now on is nearer to the eye than the subject of the scene."""
        self.hero_index = len(self.items)

    @property
    def left(self) -> float:
        """Where painting has to begin so that no camera move shows an edge."""
        return -0.14 * self.width

    @property
    def right(self) -> float:
        """Where painting may end."""
        return 1.14 * self.width

    @property
    def bottom(self) -> float:
        """How far down to paint."""
        return 1.16 * self.height

    @property
    def focus(self) -> tuple[float, float]:
        """The point that zooms aim at."""
        return self.width / 2, self.horizon

    def add(self, item: Item) -> None:
        """Put something in front of all that is there."""
        self.items.append(item)

    def paint(
        self,
        depth: float,
        painter: Painter,
        *,
        soft: bool = False,
        framed: bool = True,
        blur: float | None = None,
        motion: Motion = _still,
        fade: Fade | None = None,
        mode: skia.BlendMode = skia.BlendMode.kSrcOver,
        overscan: float = 0.0,
    ) -> None:
        """Paint a plate and put it in front. `soft` ones may move by whole pixels; `framed=False` is
        neither mirrored nor enlarged; `overscan` is extra width to paint, for plates that drift."""
        pixels, place = self.bake(depth, painter, framed=framed, blur=blur, overscan=overscan)
        for part, (left, top) in _islands(pixels):
            self.add(
                Plate(
                    part,
                    place=(place[0] + left, place[1] + top),
                    depth=depth,
                    focus=self.focus,
                    motion=motion,
                    fade=fade,
                    soft=soft,
                    mode=mode,
                )
            )

    def bake(
        self,
        depth: float,
        painter: Painter,
        *,
        framed: bool = True,
        blur: float | None = None,
        overscan: float = 0.0,
    ) -> tuple[Pixels, tuple[int, int]]:
        """Paint on an empty plate with the overscan that its depth needs. Empty edges are cut off."""
        share = OVERSCAN * (depth + 0.15) if depth else 0.0
        softness = self.composition.softness if blur is None and depth < 0.85 else blur or 0.0
        radius = softness * self.unit
        # Beyond what the camera sees, the edge of the plate fades into the blur.
        margin = math.ceil(3 * radius) + 2
        across, down = int((share + overscan) * self.width) + margin, int(share * self.height) + margin
        # What is far out of focus is painted at half the size: a quarter of the work, and nobody can tell.
        size = 0.5 if radius >= _HALF_SIZE_BLUR else 1.0
        surface = empty_surface(
            round((self.width + 2 * across) * size), round((self.height + 2 * down) * size)
        )
        canvas = surface.getCanvas()
        canvas.scale(size, size)
        canvas.translate(across, down)
        if framed:
            canvas.concat(self.framing())
        painter(canvas)
        pixels, (left, top) = _cropped(pixels_of(surface), (0, 0))
        if radius and pixels.size:
            rim = math.ceil(3 * radius * size)
            pixels, left, top = _softened(pixels, radius * size, rim), left - rim, top - rim
        if size < 1 and pixels.size:
            pixels = _doubled(pixels)
        return pixels, (round(left / size) - across, round(top / size) - down)

    def framing(self) -> skia.Matrix:
        """Mirrors and enlarges about the point that the composition looks at."""
        size = self.composition.enlargement
        matrix = skia.Matrix.Translate(self.width / 2, self.horizon)
        matrix.preScale(-size if self.composition.mirrored else size, size)
        matrix.preTranslate(-self.width / 2, -self.horizon)
        return matrix

    def project(
        self, moment: Moment, depth: float, x: float, y: float, *, framed: bool = True
    ) -> tuple[float, float, float]:
        """Where a point painted at (x, y) is seen, and how much larger."""
        size = 1.0
        if framed:
            size = self.composition.enlargement
            sign = -1 if self.composition.mirrored else 1
            x = self.width / 2 + (x - self.width / 2) * size * sign
            y = self.horizon + (y - self.horizon) * size
        scale, (dx, dy) = moment.pose.scale(depth), moment.pose.shift(depth)
        fx, fy = self.focus
        return fx + (x - fx) * scale + dx, fy + (y - fy) * scale + dy, scale * size

    @property
    def bounds(self) -> Bounds:
        """The frame."""
        return Bounds(0, 0, self.width, self.height)

    def snapshot(self, across: int) -> Pixels:
        """Everything so far at the start of the clip, with `across` pixels more on either side."""
        surface = empty_surface(self.width + 2 * across, self.height)
        canvas = surface.getCanvas()
        canvas.translate(across, 0)
        bounds = replace(self.bounds, left=-across, right=self.width + across)
        for item in self.items:
            item.draw(canvas, Moment(0.0, 0.0, Pose(), bounds))
        return pixels_of(surface)

    def cull(self) -> None:
        """Drop the rows of plates that nearer plates hide for the whole clip."""
        slack = 0.16 * self.height
        hidden = float("inf")
        for item in reversed(self.items):
            if isinstance(item, Plate):
                item.cut_below(hidden + slack)
            if isinstance(item, Opaque):
                hidden = min(hidden, item.solid_from())


def empty_surface(width: int, height: int) -> skia.Surface:
    """A transparent surface."""
    return skia.Surface.MakeRasterN32Premul(width, height)


def pixels_of(surface: skia.Surface) -> Pixels:
    """A copy of what was drawn, premultiplied, as blue, green, red and alpha."""
    pixels = np.empty((surface.height(), surface.width(), 4), np.uint8)
    info = skia.ImageInfo.Make(
        surface.width(),
        surface.height(),
        skia.ColorType.kBGRA_8888_ColorType,
        skia.AlphaType.kPremul_AlphaType,
    )
    surface.readPixels(info, pixels, pixels.strides[0], 0, 0)
    return pixels


def as_image(pixels: Pixels) -> skia.Image:
    """Skia's view of the same memory; the array has to outlive it."""
    return skia.Image.fromarray(
        pixels, skia.ColorType.kBGRA_8888_ColorType, skia.AlphaType.kPremul_AlphaType, copy=False
    )


def _softened(pixels: Pixels, radius: float, rim: int) -> Pixels:
    """Out of focus, and larger by the rim that this needs on every side."""
    surface = empty_surface(pixels.shape[1] + 2 * rim, pixels.shape[0] + 2 * rim)
    surface.getCanvas().drawImage(as_image(pixels), rim, rim, skia.SamplingOptions(), blurred(radius))
    return pixels_of(surface)


def _doubled(pixels: Pixels) -> Pixels:
    """Twice as large in both directions."""
    height, width = 2 * pixels.shape[0], 2 * pixels.shape[1]
    surface = empty_surface(width, height)
    surface.getCanvas().drawImageRect(as_image(pixels), skia.Rect.MakeIWH(width, height), SMOOTH)
    return pixels_of(surface)


def _cropped(pixels: Pixels, place: tuple[int, int]) -> tuple[Pixels, tuple[int, int]]:
    """Without its empty edges, but with a rim of two empty pixels, which keeps scaled edges smooth."""
    alpha = pixels[..., 3]
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    if not len(rows):
        return pixels[:0, :0], place
    top, left = max(0, int(rows[0]) - 2), max(0, int(columns[0]) - 2)
    part = pixels[top : rows[-1] + 3, left : columns[-1] + 3]
    return np.ascontiguousarray(part), (place[0] + left, place[1] + top)


def _islands(pixels: Pixels) -> Iterator[tuple[Pixels, tuple[int, int]]]:
    """The parts of a plate that wide empty columns keep apart, each with its left and upper edge."""
    filled = np.flatnonzero(pixels[..., 3].any(axis=0)) if pixels.size else np.empty(0, int)
    for group in np.split(filled, np.flatnonzero(np.diff(filled) > _GAP) + 1):
        if len(group):
            left = max(0, int(group[0]) - 2)
            yield _cropped(pixels[:, left : group[-1] + 3], (left, 0))
