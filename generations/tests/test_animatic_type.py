"""The words on the pictures of `animatic`: whole, inside the margins, in letters that exist."""

import numpy as np
import pytest
from numpy.typing import NDArray

from generations.media.frame import ASPECT_RATIOS, FrameFormat
from generations.providers.animatic.provider import load_renderer
from generations.tests.test_animatic import difference, frame_of, spec_of

FRAMES = {ratio: FrameFormat(20 * across, 20 * down) for ratio, (across, down) in ASPECT_RATIOS.items()} | {
    "16:9": FrameFormat(192, 108),
    "9:16": FrameFormat(108, 192),
    "1:1": FrameFormat(120, 120),
}
TITLES = (
    "Tea",
    "Hold the warmth, not the waste, all the long way home",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen!!",
    "Дождь над ночным городом",
    "Ο ήλιος πάνω από τη θάλασσα",  # noqa: RUF001
    "Žluťoučký kůň, Łódź, Ağ, Hőség, Þór",
)


def changed(title: str, frame: FrameFormat, position: int) -> NDArray[np.bool_]:
    """Where the title changes the picture."""
    specs = [spec_of(frame=frame, title=title, position=position, captions=on) for on in (True, False)]
    first, second = (frame_of(spec, 30) for spec in specs)
    return np.asarray((first != second).any(axis=2))


@pytest.mark.parametrize("position", range(1, 7))
@pytest.mark.parametrize("ratio", ASPECT_RATIOS)
def test_words_stay_inside_the_safe_margins(ratio: str, position: int) -> None:
    frame, title = FRAMES[ratio], TITLES[position - 1]

    where = np.argwhere(changed(title, frame, position))

    assert len(where) > 50
    assert (where.min(axis=0) >= (int(0.05 * frame.height), int(0.05 * frame.width))).all()
    assert (where.max(axis=0) < (np.ceil(0.95 * frame.height), np.ceil(0.95 * frame.width))).all()


@pytest.mark.parametrize(
    "title", ["夜の東京", "नमस्ते दुनिया", "مرحبا بالعالم", "שלום עולם", "Hello \U00013000", "🚲 e\u0301t\u00e9"]
)
def test_words_are_drawn_or_left_out_with_a_warning(title: str) -> None:
    drawing = load_renderer().Drawing(spec_of(title=title))

    drawn = difference(np.array(drawing.frame(24), np.int16), frame_of(spec_of())) > 0

    assert drawn != any("scene 1" in warning for warning in drawing.warnings)


def test_a_letter_that_no_font_has_is_never_an_empty_box() -> None:
    assert load_renderer().Drawing(spec_of(title="Hello \U00013000")).warnings


def test_no_title_and_no_captions_mean_no_words() -> None:
    assert difference(frame_of(spec_of(title="Rain", captions=False)), frame_of(spec_of(title=""))) == 0


def test_words_are_bright_on_a_darkened_ground() -> None:
    frame = FrameFormat(320, 180)
    with_words, without = (
        frame_of(spec_of(title="MMMM", setting="sky", weather="fog", frame=frame, captions=on)).mean(axis=2)
        for on in (True, False)
    )

    assert (with_words[with_words > without + 5] > 220).any()
    assert (without - with_words).max() > 40
