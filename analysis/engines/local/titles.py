"""The words on the picture: a few of the user's own, whole, and never twice."""

from analysis.contracts import PromptAnalysis, StoryboardInput
from analysis.engines.local.phrases import title_of
from analysis.engines.local.reading import Reading
from analysis.engines.local.screenplay import Shot
from analysis.engines.local.text import fold, words

TITLE_LENGTH = 60
#: Words on the picture are read in a glance; a longer line stays in the micro-prompt.
GLANCE_LENGTH = 32


def titles_of(framed: list[Shot], whole: Reading, request: StoryboardInput) -> list[str]:
    """A title for each scene, or none: the place opens; the brand, or what is advertised, closes."""
    analysis, brand = request.analysis, request.brand
    closing = ""
    if brand:
        closing = title_of(brand.tagline, TITLE_LENGTH) or title_of(brand.name, TITLE_LENGTH)
    elif analysis.intent == "advertisement" and len(framed) > 1:
        closing = title_of(analysis.subject, GLANCE_LENGTH)
    if len({shot.told for shot in framed}) > 1:
        titles = _titles_of_beats(framed)
    else:
        titles = _titles_of_idea(len(framed), whole, analysis)
    if closing:
        titles = ["" if title.casefold() == closing.casefold() else title for title in titles]
        titles[-1] = closing
    return titles


def _titles_of_idea(count: int, whole: Reading, analysis: PromptAnalysis) -> list[str]:
    """The place, the subject, then keywords; scenes without words between them."""
    said = [_place_title(whole, analysis), analysis.subject, *_telling(whole, analysis)]
    if analysis.intent == "advertisement" and count > 1:
        said = [word for word in said if word != analysis.subject]  # It closes.
    fitting = [title for word in said if (title := title_of(word, GLANCE_LENGTH))]
    waiting = iter({title.casefold(): title for title in fitting}.values())
    return ["" if _is_silent(index, count) else next(waiting, "") for index in range(count)]


def _titles_of_beats(framed: list[Shot]) -> list[str]:
    """The first scene of each beat says its place or subject, once."""
    titles, seen = [], set[str]()
    for before, shot in zip([None, *framed], framed, strict=False):
        title = title_of(shot.subject, GLANCE_LENGTH) if before is None or before.told != shot.told else ""
        titles.append("" if title.casefold() in seen else title)
        seen.add(title.casefold())
    return titles


def _telling(whole: Reading, analysis: PromptAnalysis) -> list[str]:
    """Keywords that the subject and the place have not said. "Rainy" and "running" are no titles."""
    said = f"{analysis.subject} {analysis.place}".casefold()
    weather = {
        whole.words[hit.first].folded for hit in whole.hits if hit.field == "weather" and not whole.unspaced
    }
    telling: list[str] = []
    for word in analysis.keywords:
        if word.casefold() in said or _is_participle(fold(word), whole) or fold(word) in weather:
            continue
        if telling and f"{telling[-1]} {word}" in whole.text:
            telling[-1] = f"{telling[-1]} {word}"
        else:
            telling.append(word)
    return telling


def _is_participle(word: str, whole: Reading) -> bool:
    return whole.language.has("verbs", word) and not word.endswith("s")  # "blossoms" may be a noun.


def _place_title(whole: Reading, analysis: PromptAnalysis) -> str:
    """ "Tokyo street", but "Im Wald": where nouns are inflected, a place needs its small word."""
    if analysis.language == "en" or whole.unspaced or not analysis.place:
        return analysis.place
    before = words(whole.text[: max(0, whole.text.find(analysis.place))])[-1:]
    if before and whole.language.has("places", before[0].folded):
        return f"{whole.text[before[0].start : before[0].end]} {analysis.place}"
    return analysis.place


def _is_silent(index: int, count: int) -> bool:
    """The picture needs scenes without words; a long video has one title in three scenes."""
    if count <= 3:
        return False
    return index == count - 2 if count <= 6 else index % 3 == 2 or index == count - 2
