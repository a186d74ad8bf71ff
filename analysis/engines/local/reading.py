"""What the words of a text say: its hits, and questions to them."""

from dataclasses import dataclass
from functools import lru_cache

from analysis.engines.local.language import language_of
from analysis.engines.local.text import Word, is_unspaced, words
from analysis.engines.local.vocabulary import Hit, Language, vocabulary

#: Words that describe the picture rather than name what is in it.
QUALITIES = frozenset({"time_of_day", "weather", "mood", "camera", "pacing", "intent"})


@dataclass(frozen=True)
class Reading:
    """A text, its words, and what they say. Where `unspaced`, the hits count characters."""

    text: str
    tag: str
    words: tuple[Word, ...]
    hits: tuple[Hit, ...]
    unspaced: bool

    @property
    def language(self) -> Language:
        """The word lists to go by."""
        return vocabulary().language(self.tag)

    def values(self, field: str) -> list[str]:
        """What is said of a field and not denied, in the order of the text."""
        return list(dict.fromkeys(hit.value for hit in self.hits if hit.field == field and not hit.denied))

    def first(self, field: str) -> str | None:
        """What is said of a field first."""
        return next(iter(self.values(field)), None)

    def denied(self, field: str) -> bool:
        """Whether something of this field is said not to be."""
        return any(hit.denied for hit in self.hits if hit.field == field)


@lru_cache(maxsize=32)  # A prompt is read again for its storyboard, and the steps of one for each scene.
def read(text: str, tag: str | None = None) -> Reading:
    """Read a text in its own language, and in English where that says nothing: prompts are often mixed."""
    tag = tag or language_of(text)
    language, english = vocabulary().language(tag), vocabulary().language("en")
    unspaced, found = is_unspaced(text), words(text)
    hits = language.hits_inside(text) if unspaced else language.hits(found)
    if not unspaced and language is not english:
        own = {hit.field for hit in hits}
        foreign = [hit for hit in english.hits(found) if hit.field not in own and hit.field != "nothing"]
        hits += [hit for hit in foreign if not language.has("stopwords", found[hit.first].folded)]
    return Reading(text=text, tag=tag, words=tuple(found), hits=tuple(hits), unspaced=unspaced)
