"""What is left out of a picture is not missed: it is empty, or hidden for the whole clip."""

from dataclasses import replace

import numpy as np
import pytest

from generations.media.frame import FrameFormat
from generations.providers.animatic.provider import load_renderer
from generations.tests.test_animatic import difference, spec_of

load_renderer()  # Before Skia is imported: it may need stand-ins for system libraries.

from generations.providers.animatic import picture, visible  # noqa: E402
from generations.providers.animatic.visible import BLOCK, Place  # noqa: E402

STILL = Place(1.0, 0.0, 0.0)


def alpha(rows, columns, value=0):
    return np.full((rows * BLOCK, columns * BLOCK), value, np.uint8)


def test_a_square_is_filled_by_a_pixel_that_reaches_into_it():
    pixels = alpha(3, 3)
    pixels[BLOCK - 1, BLOCK + 5] = 1
    assert np.argwhere(visible.filled(pixels)).tolist() == [[0, 1], [1, 1]]


def test_a_square_is_solid_where_its_edges_are_too():
    pixels = alpha(5, 5, 255)
    pixels[2 * BLOCK - 1, 2 * BLOCK - 1] = 254
    assert np.argwhere(visible.solid(pixels)).tolist() == [[1, 3], [2, 3], [3, 1], [3, 2], [3, 3]]


@pytest.mark.parametrize(
    "front, count",
    [
        ([STILL, STILL], 1),  # Only the middle one is far enough from the hole around.
        ([STILL, Place(1.0, BLOCK, 0.0)], 0),
        ([STILL, Place(2.0, -2.5 * BLOCK, -2.5 * BLOCK)], 1),
        ([Place(2.0, -2.5 * BLOCK, -2.5 * BLOCK)] * 2, 25),
    ],
)
def test_a_square_is_hidden_if_it_is_behind_for_the_whole_move(front, count):
    solid = np.zeros((5, 5), bool)
    solid[1:4, 1:4] = True
    assert visible.hidden((5, 5), [STILL, STILL], front, solid).sum() == count


def test_rectangles_cover_the_squares_and_nothing_else():
    blocks = np.random.default_rng(1).random((20, 30)) < 0.7
    covered = np.zeros((20, 30), int)
    for left, top, right, bottom in visible.rectangles(blocks) // BLOCK:
        covered[top:bottom, left:right] += 1
    assert (covered == blocks).all()


@pytest.mark.parametrize(
    ("setting", "camera"),
    [
        *(("city", "static"), ("city", "pull_out"), ("forest", "push_in"), ("forest", "pan_left")),
        *(("interior", "pull_out"), ("sea", "tilt_down"), ("street", "orbit")),
    ],
)
def test_a_picture_without_what_is_hidden_looks_the_same(setting, camera, monkeypatch):
    found = []

    def counted(*given):
        blocks = hidden(*given)
        found.append(blocks.sum())
        return blocks

    hidden = picture.hidden
    monkeypatch.setattr(picture, "hidden", counted)
    # Large enough for squares that are hidden, not only for some that are empty.
    spec = replace(
        spec_of(setting=setting, camera=camera, weather="rain", subject="cup"), frame=FrameFormat(854, 480)
    )
    renderer = load_renderer()
    drawing = renderer.Drawing(spec)
    assert sum(found) > 100
    monkeypatch.setattr(picture.Picture, "cull", lambda *_: None)
    whole = renderer.Drawing(spec)
    for index in (0, 24, 47):
        frames = [np.array(its.frame(index), np.int16) for its in (drawing, whole)]
        assert difference(*frames) < 0.01
        assert np.abs(frames[0] - frames[1]).max() <= 4
