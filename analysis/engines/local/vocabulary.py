"""The word lists of `vocabulary.toml`, and how they are found in a text."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from analysis.engines.local.text import Word, fold

#: Lists about the grammar of a language. Its tables (`setting`, `mood`, …) hold what words stand for.
WORD_LISTS = (
    "stopwords", "negators", "denials", "resumes", "places", "verbs", "verb_exceptions", "determiners",
    "asks", "media", "links", "durations", "fillers", "technical", "sequence", "edges", "proclitics",
)  # fmt: skip
LONGEST_STEM = 24
NEGATION_REACH = 3


@dataclass(frozen=True)
class Entry:
    """Words that stand for a value of a field. A word may be `stem*` or `*ending`."""

    words: tuple[str, ...]
    field: str
    value: str

    @property
    def weight(self) -> int:
        """How exactly it says what it means; a whole word outweighs any stem."""
        first = self.words[0]
        return 100 if "*" not in first else len(first)


@dataclass(frozen=True)
class Hit:
    """An entry found in a text, from the word `first` up to the word `last`, that one included."""

    field: str
    value: str
    first: int
    last: int
    denied: bool = False


class WordList:
    """Words that can be asked about: whole ones, `stem*` and `*ending`."""

    def __init__(self, patterns: str) -> None:
        folded = {fold(pattern) for pattern in patterns.split()}
        self.whole = {word for word in folded if "*" not in word}
        self.stems = tuple(word[:-1] for word in folded if word.endswith("*"))
        self.endings = tuple(word[1:] for word in folded if word.startswith("*"))

    def __contains__(self, word: str) -> bool:
        if word in self.whole:
            return True
        return word.startswith(self.stems) or (word.endswith(self.endings) and len(word) >= 6)


class Language:
    """What the engine knows of one language."""

    def __init__(self, tag: str, data: dict[str, Any], shared: dict[str, Any]) -> None:
        self.tag = tag
        self.lists = {name: WordList(data.get(name, "")) for name in WORD_LISTS}
        self.texts = {
            name: data.get(name, "").split() for name in ("denials", "negators", "edges", "sequence")
        }
        self.head = data.get("head", "last")
        self.cuts = re.compile(data.get("cuts", r"\s"))
        self.boilerplate = [re.compile(pattern, re.IGNORECASE) for pattern in data.get("boilerplate", [])]
        self.proclitics = sorted(map(fold, data.get("proclitics", "").split()), key=len, reverse=True)
        self.own_entries = _entries(data)
        self._index = _indexed([*self.own_entries, *_entries({"town": {"city": shared["towns"]}})])
        # Prompts repeat words, and so do tests of limits; the words of a language are few.
        self._candidates = lru_cache(maxsize=4096)(self._find_candidates)

    def has(self, name: str, word: str) -> bool:
        """Whether one of the language's word lists has the word."""
        return word in self.lists[name]

    def hits(self, words: list[Word]) -> list[Hit]:
        """What the words say. The longest phrase wins, and hides what is inside it."""
        found, index = [], 0
        while index < len(words):
            entries = self._best(words, index)
            length = max((len(entry.words) for entry in entries), default=1)
            if entries and not any(entry.field == "nothing" for entry in entries):
                denied = self._denied(words, index, index + length)
                found += [Hit(e.field, e.value, index, index + length - 1, denied) for e in entries]
            index += length
        return found

    def hits_inside(self, text: str) -> list[Hit]:
        """The same for a script without spaces; the hits count characters, not words."""
        found = []
        pattern = self._inside()
        for match in pattern.finditer(text) if pattern else ():
            entries = [entry for entry in self._index[match.group()] if entry.field != "nothing"]
            denied = bool(entries) and self._denied_inside(text, match.start(), match.end())
            found += [Hit(e.field, e.value, match.start(), match.end() - 1, denied) for e in entries]
        return found

    def _best(self, words: list[Word], index: int) -> list[Entry]:
        candidates = self._candidates(words[index].folded)
        if not candidates:
            return []
        entries = [entry for entry in candidates if _matches(entry, words, index)]
        longest = max((len(entry.words) for entry in entries), default=0)
        best: dict[str, Entry] = {}
        for entry in (entry for entry in entries if len(entry.words) == longest):
            if entry.field not in best or entry.weight > best[entry.field].weight:
                best[entry.field] = entry
        return list(best.values())

    def _find_candidates(self, word: str) -> tuple[Entry, ...]:
        return tuple(self._look_up(word))

    def _look_up(self, word: str) -> Iterator[Entry]:
        for form in self._forms(word):
            yield from self._index.get(form, ())
            for length in range(2, min(len(form), LONGEST_STEM) + 1):
                yield from self._index.get(f"{form[:length]}*", ())
                yield from self._index.get(f"*{form[-length:]}", ())

    def _forms(self, word: str) -> Iterator[str]:
        yield word
        for proclitic in self.proclitics:
            if word.startswith(proclitic) and len(word) - len(proclitic) >= 3:
                yield word[len(proclitic) :]

    def _denied(self, words: list[Word], first: int, after: int) -> bool:
        if after < len(words) and not words[after].breaks and self.has("denials", words[after].folded):
            return True
        for index in range(first - 1, max(-1, first - 1 - NEGATION_REACH), -1):
            word = words[index].folded
            if words[index + 1].breaks:
                return False
            if self.has("negators", word):
                return True
            if self.has("resumes", word) or (
                self.has("places", word) and index and not self._negates(words, index)
            ):
                return False
        return False

    def _negates(self, words: list[Word], index: int) -> bool:
        return self.has("negators", words[index - 1].folded)

    def _denied_inside(self, text: str, start: int, end: int) -> bool:
        denials, negators = tuple(self.texts["denials"]), tuple(self.texts["negators"])
        return text.startswith(denials, end) or text.endswith(negators, 0, start)

    @lru_cache(maxsize=1)  # noqa: B019 - there is one object for each language, and it lives as long as the process.
    def _inside(self) -> re.Pattern[str] | None:
        words = sorted({entry.words[0] for entry in self.own_entries}, key=lambda word: (-len(word), word))
        return re.compile("|".join(map(re.escape, words))) if words else None


class Vocabulary:
    """All languages, and the hues that colour words stand for."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.hues: dict[str, str] = data["hues"]
        tags = [tag for tag in data if tag not in ("any", "hues")]
        self.languages = {tag: Language(tag, data[tag], data["any"]) for tag in tags}

    def language(self, tag: str) -> Language:
        """The language of a tag; English stands in for what is not known."""
        return self.languages.get(tag, self.languages["en"])


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The word lists, read once."""
    return Vocabulary(tomllib.loads(Path(__file__).with_name("vocabulary.toml").read_text(encoding="utf-8")))


def _entries(data: dict[str, Any]) -> list[Entry]:
    tables = {name: table for name, table in data.items() if isinstance(table, dict)}
    return [
        Entry(tuple(phrase.split("_")), field, value)
        for field, table in tables.items()
        for value, phrases in table.items()
        for phrase in fold(phrases).split()
    ]


def _indexed(entries: Iterable[Entry]) -> dict[str, list[Entry]]:
    index: dict[str, list[Entry]] = {}
    for entry in entries:
        index.setdefault(entry.words[0], []).append(entry)
    return index


def _matches(entry: Entry, words: list[Word], index: int) -> bool:
    if index + len(entry.words) > len(words):
        return False
    rest = words[index + 1 : index + len(entry.words)]
    return all(
        not word.breaks and _fits(pattern, word.folded)
        for pattern, word in zip(entry.words[1:], rest, strict=True)
    )


def _fits(pattern: str, word: str) -> bool:
    return word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern
