"""The words of a scene, set inside the safe margins and moved in word by word."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import skia

from generations.providers.animatic.brush import fill, premultiplied
from generations.providers.animatic.colour import WHITE, argb, mix
from generations.providers.animatic.picture import Moment, Painter, Picture, empty_surface
from generations.providers.animatic.scripts import (
    can_draw,
    clean,
    is_unspaced,
    needs_shaping,
    own_typeface,
    system_fonts,
    typeface_for,
)

#: Nothing that belongs to the type comes nearer to the edge; the letters themselves keep `_LETTERS` away.
SAFE = 0.05
_LETTERS = 0.08
_LEADING = 1.16
_STAGGER_SECONDS = 0.11
_RISE_SECONDS = 0.7
_LEAVE_SECONDS = 0.4

Anchor = Literal["top", "middle"]
Align = Literal["left", "centre", "right"]


@dataclass(frozen=True)
class Area:
    """Where the letters may stand, and how they line up in it."""

    left: float
    top: float
    right: float
    bottom: float
    align: Align
    anchor: Anchor


@dataclass(frozen=True)
class Piece:
    """Letters of one typeface that move together."""

    blob: skia.TextBlob
    x: float
    baseline: float
    order: int


def add_title(picture: Picture, text: str) -> tuple[str, ...]:
    """Put the words in front of the picture, or answer why they are left out."""
    words = clean(text)
    if not words:
        return ()
    if not can_draw(words):
        return (f"No font here has all letters of “{words}”: scene {picture.scene.position} has no title.",)
    area = _area(picture)
    picture.add(_shaped(picture, words, area) if needs_shaping(words) else _plain(picture, words, area))
    return ()


def _area(picture: Picture) -> Area:
    """Beside the hero where there is room, else above or below it."""
    width, height, shot = picture.width, picture.height, picture.composition.shot
    left, right, top = _LETTERS * width, (1 - _LETTERS) * width, _LETTERS * height
    if width < 1.2 * height:
        return Area(left, top, right, 0.30 * height, "centre", "top")
    if 0.4 < shot.hero_x < 0.6:
        return Area(left, top, right, 0.34 * height, "centre", "top")
    wide = shot.framing == "wide"
    low, high = (top, 0.42 * height) if wide else (0.2 * height, 0.8 * height)
    anchor: Anchor = "top" if wide else "middle"
    if shot.hero_x > 0.5:
        return Area(left, low, 0.50 * width, high, "left", anchor)
    return Area(0.46 * width, low, right, high, "right", anchor)


def _plain(picture: Picture, text: str, area: Area) -> "Title":
    """Set words whose letters stand side by side."""
    words = _words(text)
    glue = " " if " " in text else ""
    size, lines = _fit(words, area, glue, largest=picture.unit * 10.5)
    box = _box(area, lines, size, glue)
    pieces: list[Piece] = []
    order = itertools.count()
    baseline = box.top() + 0.80 * _LEADING * size
    for line in lines:
        x = _line_start(area, _measure(glue.join(line), size))
        for word in line:
            pieces += _pieces(word, size, x, baseline, next(order))
            x += _measure(word + glue, size)
        baseline += size * _LEADING
    return Title(picture, pieces, size, box)


def _pieces(word: str, size: float, x: float, baseline: float, order: int) -> Iterator[Piece]:
    for run, typeface in _runs(word):
        font = _font(typeface, size)
        yield Piece(skia.TextBlob.MakeFromString(run, font), x, baseline, order)
        x += font.measureText(run)


def _fit(words: list[str], area: Area, glue: str, *, largest: float) -> tuple[float, list[list[str]]]:
    """The largest size, and the lines, at which all words fit."""
    size = largest
    while True:
        lines = _wrapped(words, size, area.right - area.left, glue)
        widest = max(_measure(glue.join(line), size) for line in lines)
        if widest <= area.right - area.left and len(lines) * size * _LEADING <= area.bottom - area.top:
            return size, lines
        size *= 0.94


def _wrapped(words: list[str], size: float, width: float, glue: str) -> list[list[str]]:
    """Lines as even as can be, in as few as are needed."""
    count = len(_greedy(words, size, width, glue))
    narrow, wide = 0.0, width
    for _ in range(8):
        middle = (narrow + wide) / 2
        if len(_greedy(words, size, middle, glue)) <= count:
            wide = middle
        else:
            narrow = middle
    return _greedy(words, size, wide, glue)


def _greedy(words: list[str], size: float, width: float, glue: str) -> list[list[str]]:
    lines: list[list[str]] = [[]]
    for word in words:
        if lines[-1] and _measure(glue.join([*lines[-1], word]), size) > width:
            lines.append([])
        lines[-1].append(word)
    return lines


def _words(text: str) -> list[str]:
    """Words; letters of scripts without spaces are words of their own."""
    if " " in text or not any(is_unspaced(letter) for letter in text):
        return text.split()
    return list(text)


def _runs(word: str) -> list[tuple[str, skia.Typeface]]:
    groups = itertools.groupby(word, key=lambda letter: typeface_for(letter) or own_typeface())
    return [("".join(letters), typeface) for typeface, letters in groups]


def _measure(text: str, size: float) -> float:
    return float(sum(_font(typeface, size).measureText(run) for run, typeface in _runs(text)))


def _font(typeface: skia.Typeface, size: float) -> skia.Font:
    font = skia.Font(typeface, size)
    font.setSubpixel(True)
    font.setHinting(skia.FontHinting.kNone)
    return font


def _start(area: Area, height: float) -> float:
    spare = area.bottom - area.top - height
    return area.top + spare * {"top": 0.0, "middle": 0.5}[area.anchor]


def _line_start(area: Area, width: float) -> float:
    spare = area.right - area.left - width
    return area.left + spare * {"left": 0.0, "centre": 0.5, "right": 1.0}[area.align]


def _box(area: Area, lines: list[list[str]], size: float, glue: str) -> skia.Rect:
    width = max(_measure(glue.join(line), size) for line in lines)
    height = len(lines) * size * _LEADING
    x, y = _line_start(area, width), _start(area, height)
    return skia.Rect.MakeXYWH(x, y, width, height)


class Title:
    """Words that rise and appear one after the other, and fade together at the end."""

    def __init__(self, picture: Picture, pieces: list[Piece], size: float, box: skia.Rect) -> None:
        self._pieces, self._size = pieces, size
        self._seconds = picture.seconds
        self._ink = mix(WHITE, picture.look.light(0), 0.05)
        self._scrim = Scrim(picture, box, lambda canvas: self._letters(canvas, skia.Paint(AntiAlias=True)))

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the words as far as they have come."""
        leave = _leaving(moment.seconds, self._seconds)
        self._scrim.draw(canvas, min(1.0, moment.seconds / _RISE_SECONDS) * leave)
        for piece in self._pieces:
            share = _arrival(moment.seconds - 0.12 - _STAGGER_SECONDS * piece.order)
            if share > 0:
                y = piece.baseline + 0.45 * self._size * (1 - share)
                canvas.drawTextBlob(piece.blob, piece.x, y, fill(self._ink, share * leave))

    def _letters(self, canvas: skia.Canvas, paint: skia.Paint) -> None:
        for piece in self._pieces:
            canvas.drawTextBlob(piece.blob, piece.x, piece.baseline, paint)


def _shaped(picture: Picture, text: str, area: Area) -> "ShapedTitle":
    """Set words of a script whose letters must be joined, stacked or turned around."""
    size, width = picture.unit * 9.5, area.right - area.left
    paragraph = _paragraph(text, size, area.align, width)
    while paragraph.Height > area.bottom - area.top or paragraph.MinIntrinsicWidth > width:
        size *= 0.94
        paragraph = _paragraph(text, size, area.align, width)
    return ShapedTitle(picture, paragraph, area)


def _paragraph(text: str, size: float, align: Align, width: float) -> skia.textlayout.Paragraph:
    fonts = skia.textlayout.FontCollection()
    fonts.setDefaultFontManager(system_fonts())
    style = skia.textlayout.ParagraphStyle()
    places = skia.textlayout.TextAlign
    style.setTextAlign({"left": places.kLeft, "centre": places.kCenter, "right": places.kRight}[align])
    letters = skia.textlayout.TextStyle()
    letters.setFontSize(size)
    letters.setFontStyle(skia.FontStyle.Bold())
    letters.setForegroundPaint(skia.Paint(Color=skia.ColorWHITE, AntiAlias=True))
    builder = skia.textlayout.ParagraphBuilder.make(style, fonts, skia.Unicodes.ICU.Make())
    builder.pushStyle(letters)
    builder.addText(text)
    paragraph = builder.Build()
    paragraph.layout(width)
    return paragraph


class ShapedTitle:
    """A block of shaped words that rises and appears as one."""

    def __init__(self, picture: Picture, paragraph: skia.textlayout.Paragraph, area: Area) -> None:
        width, height = area.right - area.left, paragraph.Height
        self._x, self._y = round(area.left), round(_start(area, height))
        self._seconds, self._rise = picture.seconds, 3 * picture.unit
        surface = empty_surface(round(width) + 1, round(height) + 1)
        paragraph.paint(surface.getCanvas(), 0, 0)
        self._image = surface.makeImageSnapshot()
        longest = min(width, paragraph.LongestLine)
        box = skia.Rect.MakeXYWH(_line_start(area, longest), self._y, longest, height)
        self._scrim = Scrim(picture, box, lambda canvas: canvas.drawImage(self._image, self._x, self._y))

    def draw(self, canvas: skia.Canvas, moment: Moment) -> None:
        """Draw the block as far as it has come."""
        share, leave = _arrival(moment.seconds - 0.15), _leaving(moment.seconds, self._seconds)
        self._scrim.draw(canvas, min(1.0, moment.seconds / _RISE_SECONDS) * leave)
        y = self._y + round(self._rise * (1 - share))
        canvas.drawImage(self._image, self._x, y, skia.SamplingOptions(), skia.Paint(Alphaf=share * leave))


class Scrim:
    """A soft darkening and a shadow behind letters, so that they are read on any picture."""

    def __init__(self, picture: Picture, box: skia.Rect, letters: Painter) -> None:
        safe = skia.Rect.MakeLTRB(
            SAFE * picture.width,
            SAFE * picture.height,
            (1 - SAFE) * picture.width,
            (1 - SAFE) * picture.height,
        )
        area = box.makeOutset(13 * picture.unit, 9 * picture.unit)
        area.intersect(safe)
        self._x, self._y = int(np.ceil(area.left())), int(np.ceil(area.top()))
        width, height = int(area.right()) - self._x, int(area.bottom()) - self._y
        surface = empty_surface(width, height)
        canvas = surface.getCanvas()
        canvas.drawImage(_pillow(width, height, picture), 0, 0)
        canvas.translate(-self._x, -self._y)
        tint = skia.ColorFilters.Blend(argb(picture.look.dark, 0.6), skia.BlendMode.kSrcIn)
        radius = 0.55 * picture.unit
        shadow = skia.Paint(ColorFilter=tint, ImageFilter=skia.ImageFilters.Blur(radius, radius))
        canvas.saveLayer(None, shadow)
        letters(canvas)
        canvas.restore()
        self._image = surface.makeImageSnapshot()

    def draw(self, canvas: skia.Canvas, alpha: float) -> None:
        """Lay it under the letters."""
        if alpha > 0:
            canvas.drawImage(self._image, self._x, self._y, skia.SamplingOptions(), skia.Paint(Alphaf=alpha))


def _pillow(width: int, height: int, picture: Picture) -> skia.Image:
    """Darkness that fades to nothing before its edges."""
    soft_x, soft_y = min(width / 2, 17 * picture.unit), min(height / 2, 12 * picture.unit)
    x, y = np.arange(width) + 0.5, np.arange(height) + 0.5
    across = np.clip(np.minimum(x, width - x) / soft_x, 0, 1)
    down = np.clip(np.minimum(y, height - y) / soft_y, 0, 1)
    across, down = across * across * (3 - 2 * across), down * down * (3 - 2 * down)
    level = 0.34 * across[None, :] * down[:, None]
    pixels = np.empty((height, width, 4), np.uint8)
    for channel, part in enumerate((*picture.look.dark[::-1], 1.0)):
        pixels[..., channel] = level * part * 255
    return premultiplied(pixels)


def _arrival(seconds: float) -> float:
    share = min(1.0, max(0.0, seconds / _RISE_SECONDS))
    return 1 - (1 - share) ** 3


def _leaving(seconds: float, clip_seconds: float) -> float:
    return min(1.0, max(0.0, (clip_seconds - seconds) / _LEAVE_SECONDS))
