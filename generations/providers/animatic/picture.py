"""One clip's picture: plates and moving things from back to front, seen by the camera."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
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
from generations.providers.animatic.visible import (
    BLOCK,
    Blocks,
    Place,
    filled,
    hidden,
    rectangles,
    region,
    solid,
)

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
    """An item that hides what is behind it, from side to side."""

    def solid_from(self, pose: Pose) -> float:
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
        self._views: dict[tuple[float, float], View] = {}
        self._seen: NDArray[np.int_] | None = None
        self._solid_part, self._other_part = skia.Region(), skia.Region()

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw it where it is now."""
        alpha = self._fade(moment.seconds) if self._fade else 1.0
        if alpha <= 0.002:
            return
        paint = skia.Paint(Alphaf=min(1.0, alpha), BlendMode=self._mode)
        place = self.at(moment.pose, moment.seconds)
        if place.scale == 1:
            self._draw_moved(canvas, place, paint)
        else:
            self._draw_scaled(canvas, place, paint)

    def _draw_moved(self, canvas: skia.Canvas, place: Place, paint: skia.Paint) -> None:
        x, y = math.floor(place.left), math.floor(place.top)
        view = self._view((place.left - x, place.top - y))
        if self._seen is None:
            canvas.drawImage(view.image, x, y, skia.SamplingOptions(), paint)
            return
        # What is solid is copied, which is four times as quick as blending.
        for part, image in ((self._solid_part, view.opaque), (self._other_part, view.image)):
            if not part.isEmpty():
                canvas.save()
                canvas.clipRegion(part.translate(x, y))
                canvas.drawImage(image, x, y, skia.SamplingOptions(), paint)
                canvas.restore()

    def _draw_scaled(self, canvas: skia.Canvas, place: Place, paint: skia.Paint) -> None:
        height, width = self.pixels.shape[:2]
        scale, left, top = place.scale, place.left, place.top
        target = skia.Rect.MakeXYWH(left, top, width * scale, height * scale)
        canvas.save()
        if self._seen is not None:
            sides = np.rint(self._seen * scale + (left, top, left, top)).astype(int)
            canvas.clipRegion(region(sides))
        canvas.drawImageRect(self._view((0, 0)).image, target, SMOOTH, paint)
        canvas.restore()

    @cached_property
    def filled(self) -> Blocks:
        """The squares in which anything shows."""
        return filled(self.pixels[..., 3])

    @cached_property
    def solid(self) -> Blocks:
        """The squares that nothing shows through, if it is where it is painted."""
        return solid(self.pixels[..., 3])

    @property
    def hides(self) -> bool:
        """Whether its solid squares hide what is behind them for the whole clip."""
        fixed = not self.moves and not self._fade and self._mode == skia.BlendMode.kSrcOver
        return fixed and bool(self.solid.any())

    def keep(self, blocks: Blocks) -> bool:
        """Draw only these squares from now on. False when none is left."""
        rows = np.flatnonzero(blocks.any(axis=1))
        if not len(rows):
            return False
        dense, last = self.solid & blocks, int(rows[-1]) + 1
        if last < len(blocks):
            self.pixels = np.ascontiguousarray(self.pixels[: last * BLOCK])
            self._views.clear()
        self._seen = rectangles(blocks)
        self._solid_part, self._other_part = region(rectangles(dense)), region(rectangles(blocks & ~dense))
        return True

    def at(self, pose: Pose, seconds: float) -> Place:
        """Where it is: at whole pixels if it is soft, at quarters if it is not scaled."""
        scale = pose.scale(self.depth)
        if self._soft and self.depth <= _SOFT_DEPTH:
            scale = 1.0
        dx, dy = pose.shift(self.depth)
        own_x, own_y = self._motion(seconds)
        (fx, fy), (x, y) = self._focus, self.place
        left, top = fx + (x + own_x - fx) * scale + dx, fy + (y + own_y - fy) * scale + dy
        if scale != 1:
            return Place(scale, left, top)
        steps = 1 if self._soft else _STEPS
        return Place(scale, round(left * steps) / steps, round(top * steps) / steps)

    def _view(self, fraction: tuple[float, float]) -> "View":
        """The plate moved by parts of a pixel. There are few such parts, so each is sampled only once."""
        if fraction not in self._views:
            self._views[fraction] = View(self.pixels if fraction == (0, 0) else self._moved(fraction))
        return self._views[fraction]

    def _moved(self, fraction: tuple[float, float]) -> Pixels:
        height, width = self.pixels.shape[:2]
        # Zeros take no memory until they are drawn on, and only what is seen is.
        pixels = np.zeros((height + 1, width + 1, 4), np.uint8)
        canvas = canvas_on(pixels)
        if self._seen is not None:
            canvas.clipRegion(region(self._seen))
        canvas.drawImage(as_image(self.pixels), *fraction, SMOOTH)
        return pixels


class View:
    """Pixels as Skia blends them, and as it copies them where they are solid."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self.image = as_image(pixels)
        self.opaque = as_image(pixels, skia.AlphaType.kOpaque_AlphaType)


@dataclass(frozen=True)
class Behind:
    """An item that is partly hidden by what is in front of it for the whole clip."""

    item: Item
    seen: skia.Region

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw what is seen of it."""
        canvas.save()
        canvas.clipRegion(self.seen)
        bottom = min(moment.bounds.bottom, self.seen.getBounds().bottom())
        self.item.draw(canvas, replace(moment, bounds=replace(moment.bounds, bottom=bottom)))
        canvas.restore()


class Sheet:
    """A picture that is mostly empty. It is drawn at whole pixels, and only where there is something."""

    def __init__(self, pixels: Pixels) -> None:
        self._pixels = pixels
        self._image = as_image(pixels)
        self._part = region(rectangles(filled(pixels[..., 3])))
        self.height, self.width = pixels.shape[:2]

    def draw(self, canvas: skia.Canvas, x: int, y: int) -> None:
        """Draw it with its left upper corner there. The canvas must not be moved: a region stays behind."""
        canvas.save()
        canvas.clipRegion(self._part.translate(x, y))
        canvas.drawImage(self._image, x, y)
        canvas.restore()


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

    def cull(self, ends: tuple[Pose, Pose]) -> None:
        """Leave out what is empty, or hidden for the whole clip, in which the camera goes from end to end."""
        fronts: list[Front] = []
        kept: list[Item] = []
        for item in reversed(self.items):
            seen = self._seen(item, fronts, ends)
            if seen:
                kept.append(seen)
            if isinstance(item, Plate) and item.hides:
                fronts.append(Front([item.at(pose, 0) for pose in ends], item.solid))
            elif isinstance(item, Opaque):
                fronts.append(self._wall(max(item.solid_from(pose) for pose in ends)))
        self.items = kept[::-1]

    def _seen(self, item: Item, fronts: "list[Front]", ends: tuple[Pose, Pose]) -> Item | None:
        """The item without what is hidden, or nothing."""
        if isinstance(item, Plate):
            blocks = item.filled
            places = [item.at(pose, 0) for pose in ends]
            for front in fronts if not item.moves else ():
                blocks = blocks & ~hidden(blocks.shape, places, front.places, front.solid)
            return item if item.keep(blocks) else None
        blocks = np.full((-(-self.height // BLOCK), -(-self.width // BLOCK)), True)
        for front in fronts:
            blocks &= ~hidden(blocks.shape, [_UNMOVED, _UNMOVED], front.places, front.solid)
        if blocks.all():
            return item
        return Behind(item, region(rectangles(blocks))) if blocks.any() else None

    def _wall(self, top: float) -> "Front":
        """Something solid from a row downward, wider and higher than any plate."""
        reach = self.width // BLOCK
        place = Place(1.0, -float(reach * BLOCK), math.ceil(top))
        return Front([place, place], np.full((2 * reach, 3 * reach), True))


@dataclass(frozen=True)
class Front:
    """What hides others: where it is at both ends of the clip, and where it is solid."""

    places: list[Place]
    solid: Blocks


_UNMOVED = Place(1.0, 0.0, 0.0)


def empty_surface(width: int, height: int) -> skia.Surface:
    """A transparent surface."""
    return skia.Surface.MakeRasterN32Premul(width, height)


def canvas_on(pixels: Pixels) -> skia.Canvas:
    """What draws into an array of blue, green, red and alpha, which has to outlive it."""
    return skia.Canvas(pixels, skia.ColorType.kBGRA_8888_ColorType, skia.AlphaType.kPremul_AlphaType)


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


def as_image(pixels: Pixels, alpha: skia.AlphaType = skia.AlphaType.kPremul_AlphaType) -> skia.Image:
    """Skia's view of the same memory; the array has to outlive it."""
    return skia.Image.fromarray(pixels, skia.ColorType.kBGRA_8888_ColorType, alpha, copy=False)


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
