"""What of a picture has to be drawn: parts that are empty, or hidden for the whole clip, are left out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import skia
from numpy.typing import NDArray

#: Side of the squares that a plate is looked at in, in pixels.
BLOCK = 32
#: How far a pixel may reach when it is drawn between pixels.
_REACH = 2
#: What rounding to pixels may add to that, for two plates.
_SLACK = _REACH + 2

Blocks = NDArray[np.bool_]


@dataclass(frozen=True)
class Place:
    """Where a plate is at a moment: its scale, and its left upper corner on the frame."""

    scale: float
    left: float
    top: float


def filled(alpha: NDArray[np.uint8]) -> Blocks:
    """The squares in which anything shows."""
    return np.asarray(_by_block(alpha, np.max) > 0)


def solid(alpha: NDArray[np.uint8]) -> Blocks:
    """The squares that nothing shows through, not even at their edges."""
    blocks = np.asarray(_by_block(alpha, np.min) == 255)
    blocks[[0, -1]] = False
    blocks[:, [0, -1]] = False
    return blocks


def _by_block(alpha: NDArray[np.uint8], reduce: Callable[..., Any]) -> NDArray[np.uint8]:
    alpha = np.ascontiguousarray(alpha)
    for axis in (0, 1):
        size = alpha.shape[axis]
        strips = (slice(max(0, at - _REACH), at + BLOCK + _REACH) for at in range(0, size, BLOCK))
        parts = [alpha[strip] if axis == 0 else alpha[:, strip] for strip in strips]
        alpha = np.stack([reduce(part, axis=axis) for part in parts], axis=axis)
    return alpha


def hidden(shape: tuple[int, int], own: Sequence[Place], front: Sequence[Place], solid: Blocks) -> Blocks:
    """The squares of a plate that lie behind solid squares of another one for the whole clip.

    `own` and `front` are where the two are at both ends of the camera's move. It is one steady move, so
    in between a square stays within the box around where it is, against the other one, at its ends.
    """
    rows = _spans(shape[0], [(o.scale, o.top - f.top, f.scale) for o, f in zip(own, front, strict=True)])
    columns = _spans(shape[1], [(o.scale, o.left - f.left, f.scale) for o, f in zip(own, front, strict=True)])
    holes = np.zeros((solid.shape[0] + 1, solid.shape[1] + 1), int)
    holes[1:, 1:] = (~solid).cumsum(axis=0).cumsum(axis=1)
    top, bottom, within_rows = _clipped(rows, solid.shape[0])
    left, right, within_columns = _clipped(columns, solid.shape[1])
    inside = (
        holes[np.ix_(bottom, right)]
        - holes[np.ix_(top, right)]
        - holes[np.ix_(bottom, left)]
        + holes[np.ix_(top, left)]
    )
    return np.asarray((inside == 0) & within_rows[:, None] & within_columns[None, :])


def _spans(count: int, moves: Sequence[tuple[float, float, float]]) -> NDArray[np.float64]:
    """From where to where each square reaches on the other plate, in that one's squares."""
    edges = np.arange(count + 1) * BLOCK
    seen = np.array([(edges * scale + offset) / other for scale, offset, other in moves])
    first, last = seen[:, :-1].min(axis=0), seen[:, 1:].max(axis=0)
    return np.array([first - _SLACK, last + _SLACK]) / BLOCK


def _clipped(
    spans: NDArray[np.float64], count: int
) -> tuple[NDArray[np.int_], NDArray[np.int_], NDArray[np.bool_]]:
    first, last = np.floor(spans[0]).astype(int), np.ceil(spans[1]).astype(int)
    return first.clip(0, count), last.clip(0, count), (first >= 0) & (last <= count)


def rectangles(blocks: Blocks) -> NDArray[np.int_]:
    """The squares as few rectangles: left, top, right and bottom of each, in pixels."""
    open_runs: dict[tuple[int, int], int] = {}
    found = []
    for row in range(len(blocks) + 1):
        runs = _runs(blocks[row]) if row < len(blocks) else set()
        for run in open_runs.keys() - runs:
            found.append((run[0], open_runs.pop(run), run[1], row))
        for run in runs - open_runs.keys():
            open_runs[run] = row
    return np.array(sorted(found), int).reshape(-1, 4) * BLOCK


def _runs(row: NDArray[np.bool_]) -> set[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(int))).tolist()
    return set(zip(edges[::2], edges[1::2], strict=True))


def region(sides: NDArray[np.int_]) -> skia.Region:
    """Skia's form of rectangles."""
    made = skia.Region()
    made.setRects([skia.IRect.MakeLTRB(*its) for its in sides.tolist()])
    return made
