"""Randomness that depends on the seed alone, and the rough lines and clouds made from it."""

import random

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

Field = NDArray[np.float64]


def generator(*parts: object) -> random.Random:
    """A generator that is the same for the same parts, on every machine."""
    return random.Random("/".join(str(part) for part in parts))  # noqa: S311 - pictures, not secrets


def rough_line(chance: random.Random, points: int, *, start: int = 3, roughness: float = 0.5) -> list[float]:
    """`points` heights from about -1 to 1: octaves of random hills, each finer one lower."""
    rng = default_rng(chance.getrandbits(64))
    line = np.zeros(points)
    knots, height = start, 1.0
    while knots < points:
        places = np.linspace(0, knots - 1, points)
        values = rng.uniform(-1, 1, knots + 1)
        before = places.astype(int)
        part = places - before
        part = part * part * (3 - 2 * part)
        line += height * (values[before] * (1 - part) + values[before + 1] * part)
        knots, height = knots * 2, height * roughness
    peak = np.abs(line).max() or 1.0
    return list((line / peak).tolist())


def cloud_field(chance: random.Random, width: int, height: int, *, cells: int = 4, octaves: int = 5) -> Field:
    """Soft blotches from 0 to 1 that repeat without a seam in both directions."""
    rng = default_rng(chance.getrandbits(64))
    field = np.zeros((height, width))
    strength, across = 1.0, cells
    down = max(1, round(cells * height / width))
    for _ in range(octaves):
        field += strength * _stretched(rng.uniform(0, 1, (down, across)), height, width)
        strength, across, down = strength * 0.5, across * 2, down * 2
    field -= field.min()
    return np.asarray(field / field.max())


def _stretched(grid: Field, height: int, width: int) -> Field:
    """The grid made larger, smoothly and repeating."""
    return _along(_along(grid, height).T, width).T


def _along(grid: Field, size: int) -> Field:
    places = np.arange(size) * len(grid) / size
    before = places.astype(int)
    part = places - before
    part = (part * part * (3 - 2 * part))[:, None]
    return np.asarray(grid[before] * (1 - part) + grid[(before + 1) % len(grid)] * part)
