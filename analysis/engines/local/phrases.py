"""What a prompt is about, in the user's own words: subject, place, keywords, beats."""

# ruff: noqa: RUF001 - the punctuation and letters of many scripts are what this module is about.

import re
from dataclasses import dataclass

from analysis.engines.local.reading import Reading, read
from analysis.engines.local.text import Word, capitalised, fit, words
from analysis.engines.local.vocabulary import Hit, Language, vocabulary

SUBJECT_LENGTH = 80
PLACE_LENGTH = 120
KEYWORD_LENGTH = 40
AND = ("and", "und", "et", "y", "e", "и", "і", "και")
NOUN_PHRASES_READ = 12
OPENING_READ = 40
UNSPACED_READ = 300
ARTICLE_REACH = 40
#: Words of these fields say when and how; at the edge of a noun phrase they are not part of it.
AROUND_A_PLACE = frozenset({"time_of_day", "weather", "camera", "pacing", "intent"})
BEFORE_A_SUBJECT = frozenset({"camera", "pacing", "intent", "look"})
SENTENCE_END = re.compile(r"(?<=[.!?;…])\s+|(?<=[。！？；])")
SHOT_NUMBER = re.compile(
    r"(?:^|(?<=[\s.;,!?]))(?:(?:scene|shot|clip|szene|scène|plan|escena|scena|cena|сцена|кадр|σκηνή)\s*#?\s*)?"
    r"(?:\d{1,2}\s*[.):]|(?<=\w )\d{1,2}\s*[-–—])\s+(?=\D)",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(r"[,.;:!?…()\[\]{}\"“”„«»、。，；！？：「」（）]+")


@dataclass(frozen=True)
class Phrase:
    """A run of words, from `first` to `last`. `lead` is the small word before it that says where or when."""

    first: int
    last: int
    lead: str = ""
    action: bool = False


def without_opening(text: str, language: Language) -> str:
    """The text without its "make me a 15 second ad for"."""
    for pattern in language.boilerplate:
        text = pattern.sub("", text).strip(" 、。，") or text
    found = words(text)
    end = _opening(found[:OPENING_READ], language)
    return text[found[end - 1].end :].lstrip(" ,.:;-–—") if 0 < end < len(found) else text


def subject_and_place(reading: Reading) -> tuple[str, str]:
    """The main noun phrase, and the words for where. The place may be empty."""
    if reading.unspaced:
        return _unspaced_subject_and_place(reading)
    phrases = _phrases(reading)
    places = [phrase for phrase in phrases if _is_place(reading, phrase)]
    main = _main(reading, phrases, places)
    place = _place(reading, places, main)
    subject = _subject(reading, main, phrases, places) if main else ""
    return subject or place or fit(reading.text, SUBJECT_LENGTH), place


def keywords(reading: Reading) -> list[str]:
    """Up to twelve words that carry the meaning, in the order of the text."""
    if reading.unspaced:
        texts = [*_clauses(reading), *(reading.text[hit.first : hit.last + 1] for hit in reading.hits)]
        texts = [text for text in texts if 2 <= len(text) <= 12]
    else:
        texts = [reading.text[word.start : word.end] for word in _content(reading)]
    unique = {text.casefold(): text for text in reversed(texts)}
    return [unique[key] for key in dict.fromkeys(text.casefold() for text in texts)][:12]


def beats(text: str, language: Language) -> list[str]:
    """The sentences or shots that tell what happens one after the other; empty when there is only one."""
    parts = [
        part for sentence in SENTENCE_END.split(_numbers_as_ends(text)) for part in _steps(sentence, language)
    ]
    told = [trimmed for part in _rejoined(parts) if (trimmed := _told(part, language))]
    return told if len(told) > 1 else []


def _opening(found: list[Word], language: Language) -> int:
    """How many words at the start ask for a video instead of telling what is in it."""
    asked, index = False, 0
    while index < len(found) and not language.has("media", found[index].folded):
        word = found[index].folded
        counted = index > 0 and found[index - 1].folded[:1].isdigit() and language.has("durations", word)
        if counted or _is_duration(word) or language.has("asks", word):
            asked = True
        elif not (language.has("stopwords", word) or language.has("fillers", word) or word.isdigit()):
            return index if _is_request(found, index, language) else 0
        index += 1
    if index == len(found):
        return 0
    while index < len(found) and (
        language.has("media", found[index].folded) or _is_length(found, index, language)
    ):
        index += 1
    linked = index < len(found) and (found[index].breaks or language.has("links", found[index].folded))
    if not linked and not asked:
        return 0
    while index < len(found) and language.has("links", found[index].folded):
        index += 1
    return index


def _is_request(found: list[Word], index: int, language: Language) -> bool:
    return index > 1 and language.has("asks", found[0].folded) and language.has("stopwords", found[1].folded)


def _is_length(found: list[Word], index: int, language: Language) -> bool:
    word = found[index].folded
    return word.isdigit() or _is_duration(word) or language.has("durations", word)


def _is_duration(word: str) -> bool:
    return re.fullmatch(r"\d+(s|sec|secs|min|seg|sek|с|сек)", word) is not None


def _phrases(reading: Reading) -> list[Phrase]:
    """The noun phrases, parted by punctuation, by words that lead to a place, and by verbs."""
    language, found = reading.language, reading.words
    phrases, first, lead, action = [], 0, "", False
    for index, word in enumerate(found):
        leads = language.has("places", word.folded)
        acts = not action and index > first and _is_verb(reading, index)
        if index > first and (word.breaks or leads or acts):
            phrases.append(Phrase(first, index - 1, lead, action))
            first, lead, action = index, "", acts
        if leads:
            first, lead, action = index + 1, word.folded, False
        if len(phrases) > NOUN_PHRASES_READ:
            return phrases
    return [*phrases, Phrase(first, len(found) - 1, lead, action)] if first < len(found) else phrases


def _is_verb(reading: Reading, index: int) -> bool:
    language, word = reading.language, reading.words[index].folded
    if not language.has("verbs", word) or language.has("verb_exceptions", word):
        return False
    if word in language.lists["verbs"].whole:
        return True
    following = reading.words[index + 1 : index + 2]  # "hiking boots" is a thing, "hiking up" is not.
    if word.endswith("s"):
        return bool(following) and language.has("determiners", following[0].folded)
    return not following or following[0].breaks or language.has("stopwords", following[0].folded)


def _is_place(reading: Reading, phrase: Phrase) -> bool:
    trimmed = _trimmed(reading, phrase, AROUND_A_PLACE)
    if trimmed is None or phrase.action:
        return False
    inside = [hit for hit in _hits(reading, trimmed) if hit.field in ("setting", "town") and not hit.denied]
    if phrase.lead:
        return bool(inside) or (_is_named(reading, trimmed) and reading.tag != "de")
    if reading.language.head == "last":
        return any(hit.last == trimmed.last or hit.field == "town" for hit in inside)
    return any(hit.first == trimmed.first or hit.last == trimmed.last for hit in inside)


def _is_named(reading: Reading, phrase: Phrase) -> bool:
    word = reading.words[phrase.first]
    written = reading.text[word.start : word.end]
    return written[:1].isupper() and not reading.text.isupper() and not reading.text.istitle()


def _main(reading: Reading, phrases: list[Phrase], places: list[Phrase]) -> Phrase | None:
    """The phrase that the video is about: the first that is no place, stands alone, and names something."""
    named = [phrase for phrase in phrases if not phrase.action and _names_something(reading, phrase)]
    return min(named, key=lambda phrase: (bool(phrase.lead), phrase in places), default=None)


def _subject(reading: Reading, main: Phrase, phrases: list[Phrase], places: list[Phrase]) -> str:
    trimmed = _trimmed(reading, main, AROUND_A_PLACE if main in places else BEFORE_A_SUBJECT) or main
    if main not in places:
        trimmed = _with_complement(reading, trimmed, phrases, places)
    return fit(_written(reading, trimmed.first, trimmed.last), SUBJECT_LENGTH)


def _with_complement(reading: Reading, phrase: Phrase, phrases: list[Phrase], places: list[Phrase]) -> Phrase:
    """A cat "in a spacesuit" keeps it: what follows belongs to the subject unless it says where or when."""
    for following in phrases:
        if following.first != phrase.last + 2 or not following.lead or following in places:
            continue
        between = reading.words[phrase.last + 1 : following.last + 1]
        fields = {hit.field for hit in _hits(reading, following)} & {
            "time_of_day",
            "weather",
            "setting",
            "pacing",
        }
        if not fields and not any(word.breaks for word in between[:2]):
            trimmed = _trimmed(reading, following, AROUND_A_PLACE)
            return Phrase(phrase.first, trimmed.last) if trimmed else phrase
    return phrase


def _place(reading: Reading, places: list[Phrase], subject: Phrase | None) -> str:
    if not places:
        return ""
    elsewhere = [phrase for phrase in places if phrase is not subject]
    apart = [phrase for phrase in elsewhere if not phrase.lead]
    first = last = apart[0] if subject in places and apart else places[0]
    for phrase in places[places.index(first) + 1 :]:  # "a kitchen in Paris" is one place.
        if phrase.first != last.last + 2 or reading.words[phrase.first - 1].breaks:
            break
        last = phrase
    start, end = _trimmed(reading, first, AROUND_A_PLACE), _trimmed(reading, last, AROUND_A_PLACE)
    return fit(_written(reading, start.first, end.last), PLACE_LENGTH) if start and end else ""


def _names_something(reading: Reading, phrase: Phrase) -> bool:
    """Whether it is more than a description, such as "slow motion" or "a wintry morning"."""
    about = _described(reading, phrase, AROUND_A_PLACE | {"mood", "look", "colour"})
    if phrase.last in _described(reading, phrase, frozenset({"time_of_day", "weather"})):
        return False
    rest = [index for index in range(phrase.first, phrase.last + 1) if index not in about]
    return any(
        not _is_empty(reading, index) and not reading.language.has("technical", reading.words[index].folded)
        for index in rest
    )


def _trimmed(reading: Reading, phrase: Phrase, fields: frozenset[str]) -> Phrase | None:
    """Without small words and descriptions at its edges; None if nothing is left."""
    before, after = _described(reading, phrase, fields), _described(reading, phrase, AROUND_A_PLACE)
    first, last = phrase.first, phrase.last
    while first <= last and (first in before or _is_empty(reading, first)):
        first += 1
    while last >= first and (last in after or _is_empty(reading, last)):
        last -= 1
    return Phrase(first, last, phrase.lead, phrase.action) if first <= last else None


def _is_empty(reading: Reading, index: int) -> bool:
    """Whether a word is small, a duration, or about the video itself."""
    language, word = reading.language, reading.words[index].folded
    if language.has("stopwords", word) or _is_duration(word):
        return True
    if word.isdigit() or language.has("durations", word):
        around = reading.words[max(0, index - 1) : index + 2]
        digits = any(near.folded.isdigit() for near in around)
        return digits and any(language.has("durations", near.folded) for near in around)
    return language.has("sequence", word) and index == 0


def _described(reading: Reading, phrase: Phrase, fields: frozenset[str]) -> set[int]:
    """The words that say something of these fields."""
    hits = (hit for hit in _hits(reading, phrase) if hit.field in fields)
    return {index for hit in hits for index in range(hit.first, hit.last + 1)}


def _hits(reading: Reading, phrase: Phrase) -> list[Hit]:
    return [hit for hit in reading.hits if phrase.first <= hit.first and hit.last <= phrase.last]


def _written(reading: Reading, first: int, last: int) -> str:
    return reading.text[reading.words[first].start : reading.words[last].end]


def _content(reading: Reading) -> list[Word]:
    language = reading.language
    whole = Phrase(0, len(reading.words))
    unwanted = _described(reading, whole, frozenset({"intent", "camera", "pacing"}))
    unwanted |= {index for hit in reading.hits if hit.denied for index in range(hit.first, hit.last + 1)}
    lists = ("media", "fillers", "technical", "sequence", "verbs")
    return [
        word
        for index, word in enumerate(reading.words)
        if index not in unwanted
        and 3 <= len(word.folded) <= KEYWORD_LENGTH
        and not word.folded[0].isdigit()
        and not _is_empty(reading, index)
        and not any(word.folded in language.lists[name].whole for name in lists)
    ]


def _unspaced_subject_and_place(reading: Reading) -> tuple[str, str]:
    clauses = _clauses(reading)
    places = [clause for clause in clauses if _names_a_place(reading, clause)]
    subject = next((clause for clause in clauses if clause not in places), "")
    place = places[0] if places else ""
    return fit(subject or place or reading.text, SUBJECT_LENGTH), fit(place, PLACE_LENGTH)


def _names_a_place(reading: Reading, clause: str) -> bool:
    return any(hit.field == "setting" for hit in reading.language.hits_inside(clause))


def _clauses(reading: Reading) -> list[str]:
    """The parts of a text without spaces, their edges free of particles, light and weather."""
    language = reading.language
    parts = [
        part
        for clause in CLAUSE_END.split(reading.text[:UNSPACED_READ])
        for part in language.cuts.split(clause)
    ]
    described = {
        reading.text[hit.first : hit.last + 1] for hit in reading.hits if hit.field in AROUND_A_PLACE
    }
    edges = sorted({*described, *language.texts["edges"]}, key=lambda edge: (-len(edge), edge))
    return [trimmed for part in parts if part and (trimmed := _without_edges(part.strip(), edges))]


def _without_edges(text: str, edges: list[str]) -> str:
    while text:
        edge = next((edge for edge in edges if text.startswith(edge) or text.endswith(edge)), None)
        if edge is None:
            return text
        text = text.removeprefix(edge) if text.startswith(edge) else text.removesuffix(edge)
    return text


def _numbers_as_ends(text: str) -> str:
    """ "1. A street 2. A café" as two sentences; a single number is only a number."""
    return SHOT_NUMBER.sub(". ", text) if len(SHOT_NUMBER.findall(text)) > 1 else text


def _steps(sentence: str, language: Language) -> list[str]:
    """ "First …, then …, finally …" in its steps."""
    starts, before = [0], ""
    for word in words(sentence):
        follows = word.breaks or before in AND
        if word.start and follows and language.has("sequence", word.folded):
            starts.append(word.start)
        before = word.folded
    for mark in language.texts["sequence"] if language.boilerplate else []:
        starts += [match.start() for match in re.finditer(re.escape(mark), sentence) if match.start()]
    starts = sorted(set(starts))
    return [sentence[a:b].strip(" ,、，") for a, b in zip(starts, [*starts[1:], len(sentence)], strict=True)]


def _rejoined(parts: list[str]) -> list[str]:
    """A full stop after a short capitalised word ("Dr. Who", "St. Moritz") ends no sentence."""
    joined: list[str] = []
    for part in parts:
        if joined and re.search(r"\b[A-ZА-Я][a-zа-я]{0,2}\.$", joined[-1]):
            joined[-1] = f"{joined[-1]} {part}"
        else:
            joined.append(part)
    return joined


def _told(part: str, language: Language) -> str:
    """The beat without its counting word, or nothing if the part only says how the video should look."""
    text = part.strip(" .;,。；")
    reading = read(text, language.tag)
    if reading.unspaced:
        return text if len(text) >= 4 else ""
    described = _described(reading, Phrase(0, len(reading.words)), AROUND_A_PLACE)
    telling = [
        word
        for index, word in enumerate(reading.words)
        if index not in described
        and not _is_empty(reading, index)
        and not any(language.has(name, word.folded) for name in ("fillers", "technical", "sequence", "media"))
    ]
    denies = bool(reading.words) and language.has("negators", reading.words[0].folded)
    if denies or not telling or len(reading.words) < 2:
        return ""
    return _without_counting(text, reading)


def _without_counting(text: str, reading: Reading) -> str:
    index = 0
    while index + 1 < len(reading.words) and reading.language.has("sequence", reading.words[index].folded):
        index += 1
    return text[reading.words[index].start :] if index else text


def with_article(phrase: str, tag: str, text: str) -> str:
    """ "the coffee cup" where the user wrote "a coffee cup"; "freedom" as it is."""
    index = text.find(phrase)
    if tag != "en" or not phrase or index < 0:
        return phrase
    english = vocabulary().language("en")
    clause = CLAUSE_END.split(text[max(0, index - ARTICLE_REACH) : index])[-1]
    for word in reversed(words(clause)):
        if english.has("determiners", word.folded):
            return f"the {phrase}"
        if english.has("stopwords", word.folded):
            break
    return phrase


def title_of(words_of_user: str, limit: int) -> str:
    """The words as a title: whole words within the limit, else empty. A title is never cut."""
    text = capitalised(words_of_user.strip(" .,;:!?、。"))
    return text if len(text) <= limit else ""
