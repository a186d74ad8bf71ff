"""Colours as red, green and blue from 0 to 1, mixed in OKLab so that gradients stay clean."""

import math
from collections.abc import Iterable
from functools import lru_cache

Colour = tuple[float, float, float]
Lab = tuple[float, float, float]

WHITE: Colour = (1.0, 1.0, 1.0)
BLACK: Colour = (0.0, 0.0, 0.0)


def from_hex(text: str) -> Colour:
    """The colour written as `#rrggbb`."""
    red, green, blue = (int(text[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def argb(colour: Colour, alpha: float = 1.0) -> int:
    """The colour as Skia wants it."""
    result = 0
    for part in (alpha, *colour):
        result = result << 8 | round(255 * min(1.0, max(0.0, part)))
    return result


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """From `first` (share 0) to `second` (share 1), evenly for the eye."""
    a, b = to_lab(first), to_lab(second)
    return from_lab((_between(a[0], b[0], share), _between(a[1], b[1], share), _between(a[2], b[2], share)))


def ramp(colours: list[Colour], share: float) -> Colour:
    """The colour at `share` of the way along a list of colours."""
    place = min(1.0, max(0.0, share)) * (len(colours) - 1)
    index = min(int(place), len(colours) - 2)
    return mix(colours[index], colours[index + 1], place - index)


def with_lightness(colour: Colour, lightness: float) -> Colour:
    """The same hue at another lightness, 0 to 1."""
    _, a, b = to_lab(colour)
    return from_lab((lightness, a, b))


def tinted(colour: Colour, hue: Colour, amount: float) -> Colour:
    """`colour` moved toward the hue of another, at its own lightness."""
    lightness, a, b = to_lab(colour)
    _, hue_a, hue_b = to_lab(hue)
    return from_lab((lightness, _between(a, hue_a, amount), _between(b, hue_b, amount)))


def lightness(colour: Colour) -> float:
    """How light it looks, 0 to 1."""
    return to_lab(colour)[0]


def chroma(colour: Colour) -> float:
    """How far it is from grey."""
    _, a, b = to_lab(colour)
    return math.hypot(a, b)


@lru_cache(maxsize=4096)
def to_lab(colour: Colour) -> Lab:
    """The colour in OKLab."""
    red, green, blue = (_linear(part) for part in colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


@lru_cache(maxsize=4096)
def from_lab(lab: Lab) -> Colour:
    """The OKLab value as a colour that a screen can show."""
    lightness, a, b = lab
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return _clipped(
        (
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        )
    )


def _clipped(linear: Iterable[float]) -> Colour:
    red, green, blue = (_encoded(min(1.0, max(0.0, part))) for part in linear)
    return red, green, blue


def _between(first: float, second: float, share: float) -> float:
    return first + (second - first) * share


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _encoded(part: float) -> float:
    return part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055
