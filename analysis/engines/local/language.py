"""Tells the language of a prompt: by its script, then by its small words."""

from analysis.engines.local.text import script_of, words
from analysis.engines.local.vocabulary import vocabulary

SCRIPTS = {
    "HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "ARABIC": "ar", "HEBREW": "he", "GREEK": "el",
    "THAI": "th", "DEVANAGARI": "hi", "BENGALI": "bn", "TAMIL": "ta", "GEORGIAN": "ka", "ARMENIAN": "hy",
}  # fmt: skip
LATIN = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "sv")
UKRAINIAN = frozenset("іїєґІЇЄҐ")
#: A prompt says early what language it is in; what follows only costs time.
LETTERS_READ = 600
WORDS_READ = 60


def language_of(text: str) -> str:
    """The BCP 47 tag, or `und`."""
    letters = [char for char in text[:LETTERS_READ] if char.isalpha()]
    scripts = [script_of(char) for char in letters]
    counts = {script: scripts.count(script) for script in set(scripts)}
    if not counts:
        return "und"
    if "HIRAGANA" in counts or "KATAKANA" in counts:
        counts["HIRAGANA"] = counts.pop("CJK", 0) + counts.get("HIRAGANA", 0) + counts.get("KATAKANA", 0)
    main = max(sorted(counts), key=lambda script: counts[script])
    if main == "CYRILLIC":
        return "uk" if UKRAINIAN & set(text) else "ru"
    if main == "LATIN":
        return _by_words(text)
    return "zh" if main == "CJK" else SCRIPTS.get(main, "und")


def _by_words(text: str) -> str:
    found = words(text[: 4 * LETTERS_READ])[:WORDS_READ]
    best, most = "und", 0.0
    for tag in LATIN:
        language = vocabulary().languages[tag]
        small = sum(language.has("stopwords", word.folded) for word in found if len(word.folded) > 1)
        telling = sum(len({hit.first}) for hit in language.hits(found) if hit.field != "town")
        if (score := small + 0.6 * telling) > most:
            best, most = tag, score
    return best
