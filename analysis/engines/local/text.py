"""Text as people see it: words with their places, and characters that are never cut in half."""

# ruff: noqa: RUF001 - the punctuation and letters of many scripts are what this module is about.

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

ZERO_WIDTH_JOINER = "\u200d"
JOINERS = "\u200c" + ZERO_WIDTH_JOINER
WORD = re.compile(r"[^\W_]+")
ABBREVIATION = re.compile(r"(?:[A-Z][a-z]{0,2}|Prof)\. ")  # "Dr. Who", "St. Moritz".
PUNCTUATION = frozenset({"Po", "Ps", "Pe", "Pi", "Pf"})
#: Scripts written without spaces between words; there, words are found inside the text.
UNSPACED = ("HIRAGANA", "KATAKANA", "CJK", "THAI", "LAO", "KHMER", "MYANMAR")


@dataclass(frozen=True)
class Word:
    """A word, folded for comparison, and where it stands in the text."""

    folded: str
    start: int
    end: int
    #: Whether punctuation that ends a phrase stands between this word and the one before.
    breaks: bool = False


def clean(text: str) -> str:
    """Composed, without control or formatting characters, with single spaces. Line ends become full stops."""
    lines = [line.strip() for line in unicodedata.normalize("NFC", text).splitlines()]
    text = " ".join(line if line[-1] in ".!?;:,、。" else f"{line}." for line in lines if line)
    if len(lines) == 1:
        text = lines[0]
    return " ".join("".join(_printable(text)).split()).strip(JOINERS + " ")


def fold(text: str) -> str:
    """For comparison: no case, no Latin, Greek or Cyrillic accents, no width or style variants."""
    if text.isascii():
        return text.casefold()
    plain = (char for char in unicodedata.normalize("NFKD", text) if not "\u0300" <= char <= "\u036f")
    return unicodedata.normalize("NFC", "".join(plain)).casefold()


def words(text: str) -> list[Word]:
    """The words of a text. Hyphens and apostrophes part words; combining marks belong to theirs."""
    found: list[Word] = []
    last = 0
    for match in WORD.finditer(text):
        start, end = match.span()
        if start < last:
            continue  # The marks of the word before had it already.
        while end < len(text) and _joins_word(text[end]):
            following = WORD.match(text, end + 1)
            end = following.end() if following else end + 1
        abbreviated = bool(found) and ABBREVIATION.fullmatch(text[found[-1].start : start]) is not None
        found.append(Word(fold(text[start:end]), start, end, not abbreviated and _breaks(text[last:start])))
        last = end
    return found


def graphemes(text: str) -> Iterator[str]:
    """The characters as a reader counts them: marks, joined emoji and flags stay whole."""
    cluster = ""
    for char in text:
        if cluster and not _joins(cluster, char):
            yield cluster
            cluster = ""
        cluster += char
    if cluster:
        yield cluster


def fit(text: str, limit: int) -> str:
    """The text within a limit of characters, cut between words; between graphemes only if one is too long."""
    if len(text) <= limit:
        return text
    head = text[: limit + 1].rpartition(" ")[0].rstrip(" ,;:-–—、，")
    return head or _fit_graphemes(text, limit)


def is_unspaced(text: str) -> bool:
    """Whether the text is mostly in a script without spaces between words."""
    letters = [char for char in text[:400] if char.isalpha()]
    return 2 * sum(_script(char).startswith(UNSPACED) for char in letters) > len(letters)


def script_of(char: str) -> str:
    """The first word of the character's Unicode name, such as LATIN, CYRILLIC, CJK."""
    return _script(char)


def capitalised(text: str) -> str:
    """With a first letter in title case, the rest as written."""
    first, rest = text[:1], text[1:]
    upper = first.upper()
    return (upper if len(upper) == 1 else first) + rest


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    return unicodedata.name(char, "").partition(" ")[0].partition("-")[0]


def _printable(text: str) -> Iterator[str]:
    for char in text:
        category = unicodedata.category(char)
        if category in ("Cc", "Cs", "Cn", "Co", "Zl", "Zp", "Zs"):
            yield " "
        elif category != "Cf" or char in JOINERS:
            yield char


def _joins_word(char: str) -> bool:
    return not char.isascii() and (char in "\u200c\u200d" or unicodedata.category(char)[0] == "M")


def _breaks(gap: str) -> bool:
    marks = "" if gap == " " else gap
    return any(unicodedata.category(char) in PUNCTUATION and char not in "'’&#%@*/" for char in marks)


def _joins(cluster: str, char: str) -> bool:
    last = cluster[-1]
    if last == ZERO_WIDTH_JOINER or char == ZERO_WIDTH_JOINER or unicodedata.category(char)[0] == "M":
        return True
    if "\U0001f3fb" <= char <= "\U0001f3ff":  # Skin tones.
        return True
    return _is_flag_half(char) and len(cluster) == 1 and _is_flag_half(last)


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _fit_graphemes(text: str, limit: int) -> str:
    kept = ""
    for grapheme in graphemes(text):
        if len(kept) + len(grapheme) > limit:
            break
        kept += grapheme
    return kept or text[:limit]
