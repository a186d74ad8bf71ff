"""The small language in which subjects are written down.

A subject is a tuple of parts on a field of 100 by 100, its foot at y = 100. Commands: `M x y`, `L x y`,
`Q x y x y`, `C x y x y x y`, `Z` as in SVG; `O x y rx ry` is an ellipse, `R x y w h r` a round rectangle.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import skia

Role = Literal["main", "second", "light", "dark", "metal", "skin", "green", "wood", "glass", "lamp"]
Stance = Literal["table", "ground", "air", "water"]

_ARGUMENTS = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0, "O": 4, "R": 5}


@dataclass(frozen=True)
class Part:
    """A shape in the colour of a role; `line` makes it an outline of that width."""

    role: Role
    shape: str
    line: float = 0.0
    alpha: float = 1.0
    spin: tuple[float, float] | None = None  # The hub, where the part is a wheel.


@dataclass(frozen=True)
class Subject:
    """Something recognisable: what it is made of, where it belongs, how large it is drawn."""

    parts: tuple[Part, ...]
    stance: Stance
    size: float = 1.0
    steam: bool = False
    lamp: tuple[float, float] | None = None


@lru_cache(maxsize=512)
def path_of(shape: str) -> skia.Path:
    """The path that a shape describes."""
    path, words = skia.Path(), shape.split()
    while words:
        command = words.pop(0)
        numbers = [float(words.pop(0)) for _ in range(_ARGUMENTS[command])]
        match command:
            case "M":
                path.moveTo(*numbers)
            case "L":
                path.lineTo(*numbers)
            case "Q":
                path.quadTo(*numbers)
            case "C":
                path.cubicTo(*numbers)
            case "Z":
                path.close()
            case "O":
                x, y, rx, ry = numbers
                path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
            case "R":
                x, y, width, height, radius = numbers
                path.addRoundRect(skia.Rect.MakeXYWH(x, y, width, height), radius, radius)
    return path
