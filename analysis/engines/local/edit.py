"""`edit_classification`: what an instruction changes about a finished storyboard. A guess is `unclear`."""

import re
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, cast, get_args

from analysis.contracts import EditClassification, EditInput, Setting
from analysis.engines.local.reading import read
from analysis.engines.local.text import clean, fit, fold, words
from analysis.engines.local.vocabulary import Language

Kind = Literal[
    "restyle", "replace_scene", "retime", "retitle", "reorder", "remove_scene", "regenerate", "unclear"
]

SURE, LIKELY, POSSIBLE, UNCLEAR = 0.95, 0.8, 0.6, 0.2
#: Fields of the vocabulary that describe the look of a scene, and not what is in it.
LOOK = frozenset({"time_of_day", "weather", "mood", "colour", "look"})
LENGTH = re.compile(r"\b\d+\s*(?:s|secs?|seconds?|sekunden|secondes|segundos|secondi|сек\w*)\b")


class Grammar:
    """The words and patterns of edit instructions."""

    def __init__(self, data: dict[str, Any]) -> None:
        words_of_edits = {name: data[name] for name in ("negators", "resumes", "kind", "nothing")}
        self.language = Language("edit", words_of_edits, {"towns": ""})
        self.numbers: dict[str, int] = data["numbers"]
        self.ordinals: list[tuple[re.Pattern[str], int]] = [
            (re.compile(fold(pattern)), position) for pattern, position in data["ordinals"].items()
        ]
        scene, joint, through, unit = (
            fold(data["patterns"][name]) for name in ("scene", "joint", "range", "unit")
        )
        number = rf"(?:\d{{1,3}}|{'|'.join(self.numbers)})"
        worded = "|".join(pattern.pattern for pattern, _ in self.ordinals)
        ordinal = rf"(?:\d{{1,2}}(?:st|nd|rd|th|\.|º|ª)|{worded})"
        link = rf"\s*(?:{joint}|{through})\s*(?:the\s+)?(?:(?:{scene})\s*)?"
        self.through = re.compile(rf"({number})\s*(?:{through})\s*(?:(?:{scene})\s*)?({number})")
        self.number = re.compile(number)
        self.ordinal = re.compile(rf"(?<!\d )(?<!\d-)\b{ordinal}")
        self.named = re.compile(
            rf"(?:{scene})\s*(?:no\.?|number|nr\.?|#|№)?\s*({number}(?:{link}{number})*)(?!{unit})(?![\d:])"
        )
        self.counted = re.compile(
            rf"(?<!\d )(?<!\d-)\b(?P<which>{ordinal}(?:{link}{ordinal})*)\s+"
            rf"(?:(?P<many>{number})\s+)?(?:one\b|{scene})"
        )
        self.asian = re.compile(r"第\s*(\d{1,3})|(\d{1,3})\s*(?:番目|つ目|個目|번째)")
        self.bare = re.compile(rf"(?<![\w.]){number}(?!{unit})(?![\w.])")
        self.alone = re.compile(rf"\bthe\s+({ordinal})\s*(?:$|[.,!?]|\b(?:and|with|to|before|after)\b)")

    def position(self, ordinal: str) -> int:
        """The position that an ordinal means; below 0, from the end."""
        if digits := re.match(r"\d+", ordinal):
            return int(digits.group())
        return next(position for pattern, position in self.ordinals if pattern.fullmatch(ordinal))


def classify_edit(edit: EditInput) -> EditClassification:
    """Say what kind of change it is, and of which scenes. A scene that does not exist makes it unclear."""
    text = clean(edit.instruction) or "."
    positions = _positions(fold(text), len(edit.storyboard.scenes))
    kinds = _kinds(text)
    kind, confidence = _decide(kinds, positions, text)
    if any(not 1 <= position <= len(edit.storyboard.scenes) for position in positions):
        kind, confidence, positions = "unclear", UNCLEAR, []
    if kind != "reorder":
        positions = sorted(set(positions))
    return EditClassification(
        kind=kind,
        positions=[] if kind == "unclear" else positions,
        instruction=fit(text, 200),
        confidence=round(confidence, 2),
    )


def _decide(kinds: list[Kind], positions: list[int], text: str) -> tuple[Kind, float]:
    """The first rule that fits. What names its scene is surer than what does not."""
    aimed = SURE if positions else LIKELY
    reading = read(text)
    if (
        "reorder" in kinds
        and "restyle" not in kinds
        and (len(positions) > 1 or _tells_order(text, positions))
    ):
        return "reorder", SURE
    if "retitle" in kinds:
        return "retitle", aimed
    if "remove_scene" in kinds:
        return ("remove_scene", SURE) if positions else ("unclear", UNCLEAR)
    if positions and ("replace_scene" in kinds or "reorder" in kinds):
        return "replace_scene", SURE
    if "retime" in kinds and "restyle" not in kinds:
        return "retime", aimed
    if "regenerate" in kinds:
        return "regenerate", aimed
    if positions and _names(reading.values("setting")):
        return "replace_scene", LIKELY
    if "restyle" in kinds:
        return "restyle", aimed
    if LENGTH.search(fold(text)):
        return "retime", POSSIBLE
    if any(reading.values(field) for field in LOOK):
        return "restyle", aimed
    return "unclear", UNCLEAR


def _names(settings: list[str]) -> bool:
    return any(setting in get_args(Setting) for setting in settings)


def _tells_order(text: str, positions: list[int]) -> bool:
    order = re.search(r"\b(?:order|reverse|reorder|rearrange|shuffle)\b", fold(text))
    goal = re.search(r"\b(?:first|last|start|beginning|front|end|before|after)\b", fold(text))
    return bool(order or (positions and goal and re.search(r"\b(?:move|put)\b", fold(text))))


def _kinds(text: str) -> list[Kind]:
    hits = grammar().language.hits(words(text))
    said = dict.fromkeys(hit.value for hit in hits if hit.field == "kind" and not hit.denied)
    return [cast(Kind, kind) for kind in said]


def _positions(text: str, count: int) -> list[int]:
    """The scenes that the text names, in its order."""
    rules = grammar()
    found: list[tuple[int, int]] = []
    for match in rules.named.finditer(text):
        found += [(match.start(), position) for position in _listed(match.group(1))]
    for match in rules.counted.finditer(text):
        found += [(match.start(), position) for position in _counted(match, count)]
    for match in rules.asian.finditer(text):
        found.append((match.start(), int(match.group(1) or match.group(2))))
    if not found:
        found += [(match.start(), rules.position(match.group(1))) for match in rules.alone.finditer(text)]
    if not found and re.match(r"(?:swap|switch|reorder|move|exchange|replace|remove|delete)\b", text):
        found += [(match.start(), _number(match.group())) for match in rules.bare.finditer(text)]
    ordered = [position for _, position in sorted(found, key=lambda pair: pair[0])]
    return list(dict.fromkeys(position + count + 1 if position < 0 else position for position in ordered))


def _counted(match: re.Match[str], count: int) -> list[int]:
    """ "First and third scene", and "the last two scenes"."""
    rules = grammar()
    positions = [rules.position(ordinal) for ordinal in rules.ordinal.findall(match["which"])]
    if match["many"] is None or len(positions) > 1:
        return positions
    many = min(_number(match["many"]), count + 1)
    first = positions[0] if positions[0] > 0 else count + 1 - many
    return list(range(first, first + many))


def _listed(text: str) -> list[int]:
    """ "1, 2 and 4", and "2 to 4"."""
    rules = grammar()
    if through := rules.through.fullmatch(text):
        first, last = _number(through.group(1)), _number(through.group(2))
        return list(range(first, last + 1)) if first <= last else [first, last]
    return [_number(number) for number in rules.number.findall(text)]


def _number(text: str) -> int:
    return grammar().numbers.get(text) or int(text)


@lru_cache(maxsize=1)
def grammar() -> Grammar:
    """The words of edits, read once."""
    return Grammar(tomllib.loads(Path(__file__).with_name("edits.toml").read_text(encoding="utf-8")))
