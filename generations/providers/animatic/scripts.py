"""Which writing can be drawn: whether a font has its letters, and whether they must be shaped."""

import unicodedata
from functools import cache
from pathlib import Path

import skia

_FONT = Path(__file__).parent / "fonts" / "Manrope-ExtraBold.ttf"
_BOLD = skia.FontStyle.Bold()
#: Scripts whose letters change with their neighbours, as ranges of code points.
_SHAPED = (
    (0x0590, 0x08FF),
    (0x0900, 0x109F),
    (0x1780, 0x18AF),
    (0xFB1D, 0xFDFF),
    (0xFE70, 0xFEFF),
    (0x1F000, 0x1FAFF),
)
#: Written without spaces, so that a line may end after any letter.
_UNSPACED = ((0x2E80, 0x9FFF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x20000, 0x3FFFF))
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")


def clean(text: str) -> str:
    """The text on one line, composed, without what cannot be seen."""
    composed = unicodedata.normalize("NFC", " ".join(text.split()))
    return "".join(
        letter
        for letter in composed
        if letter in _JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Co", "Cs", "Cn")
    )


def can_draw(text: str) -> bool:
    """Whether some font here has every letter. An empty box is never drawn."""
    return all(letter in _JOINERS or letter == " " or typeface_for(letter) is not None for letter in text)


def needs_shaping(text: str) -> bool:
    """Whether letters join, stack or run from right to left."""
    return any(
        letter in _JOINERS or unicodedata.combining(letter) or _within(letter, _SHAPED) for letter in text
    )


def is_unspaced(letter: str) -> bool:
    """Whether a line may end after this letter."""
    return _within(letter, _UNSPACED)


@cache
def own_typeface() -> skia.Typeface:
    """The typeface that comes with the installation: Latin, Cyrillic and Greek."""
    # `Typeface.MakeFromFile` would wake fontconfig, which reads the system's files and complains of some.
    return skia.FontMgr.New_Custom_Empty().makeFromFile(str(_FONT))


@cache
def system_fonts() -> skia.FontMgr:
    """The fonts of the system."""
    return skia.FontMgr()


@cache
def typeface_for(letter: str) -> skia.Typeface | None:
    """Our typeface if it has the letter, else one of the system's, else None."""
    if own_typeface().unicharToGlyph(ord(letter)):
        return own_typeface()
    if not system_fonts().countFamilies():
        return None
    found = system_fonts().matchFamilyStyleCharacter("", _BOLD, [], ord(letter))
    return found if found is not None and found.unicharToGlyph(ord(letter)) else None


def _within(letter: str, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= ord(letter) <= last for first, last in ranges)
