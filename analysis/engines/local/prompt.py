"""`prompt_analysis`: what a prompt asks for. What it does not say is chosen by a hash of its words."""

import re
from collections import Counter
from typing import Any, cast

from analysis.contracts import (
    CameraMove,
    Intent,
    Mood,
    Pacing,
    PromptAnalysis,
    PromptInput,
    Setting,
    TimeOfDay,
    Weather,
)
from analysis.engines.local.choice import Choices
from analysis.engines.local.palettes import completed, monochrome, scene_palette
from analysis.engines.local.phrases import keywords, subject_and_place, without_opening
from analysis.engines.local.reading import Reading, read
from analysis.engines.local.text import clean, fold
from analysis.engines.local.vocabulary import vocabulary

INTENTS: tuple[Intent, ...] = ("advertisement", "explainer", "social", "story")
#: Where something is shown that names no place: on a set if it is sold or explained, else in the open.
STAGES: tuple[Setting, ...] = ("interior", "abstract")
OPEN_PLACES: tuple[Setting, ...] = ("sky", "abstract", "mountains", "sea", "city")
UNSAID_WEATHER: tuple[Weather, ...] = ("clear", "clear", "clear", "cloudy")
UNSAID_TIME: tuple[TimeOfDay, ...] = ("day", "day", "day", "dusk", "dawn")
OPENING_MOVES: tuple[CameraMove, ...] = ("push_in", "pan_right", "pan_left", "tilt_up")
MOOD_OF_WEATHER: dict[str, Mood] = {"storm": "dramatic", "fog": "mysterious"}
PACING_OF_MOOD: dict[Mood, Pacing] = {
    "calm": "slow",
    "romantic": "slow",
    "melancholic": "slow",
    "mysterious": "slow",
    "energetic": "fast",
}
HEX_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")


def analyse_prompt(request: PromptInput) -> PromptAnalysis:
    """Read a prompt. Any text gives a valid answer, and the same text the same."""
    text = clean(request.prompt) or "untitled"
    whole = read(text)
    told = read(without_opening(text, whole.language), whole.tag)
    subject, place = subject_and_place(told)
    choices = Choices(fold(text))
    intent = _intent(whole)
    stages = STAGES if intent in ("advertisement", "explainer") else OPEN_PLACES
    named = setting_of(told, place)
    setting: Setting = named if named else choices.pick("setting", stages)
    weather: Weather = _said(told, "weather") or _unsaid_weather(told, choices, setting)
    time: TimeOfDay = _said(told, "time_of_day") or _unsaid_time(told, choices, weather, setting)
    mood: Mood = _said(told, "mood") or MOOD_OF_WEATHER.get(weather, "neutral")
    return PromptAnalysis(
        language=whole.tag,
        intent=intent,
        subject=subject,
        place=place,
        setting=setting,
        time_of_day=time,
        weather=weather,
        mood=mood,
        palette=_palette(told, time, weather, mood, setting),
        camera=_said(whole, "camera") or choices.pick("camera", OPENING_MOVES),
        pacing=_said(whole, "pacing") or PACING_OF_MOOD.get(mood, "medium"),
        keywords=keywords(told),
    )


def setting_of(reading: Reading, place: str = "") -> Setting | None:
    """The setting that the words name; the words for the place count most, mere hints least."""
    votes: Counter[str] = Counter()
    for hit in reading.hits:
        if hit.field in ("setting", "town") and not hit.denied:
            votes[hit.value] += 2 if hit.field == "setting" else 1
    where = [hit.value for hit in read(place, reading.tag).hits if hit.field == "setting"] if place else []
    votes.update(3 * where)
    votes.update(
        where[-1:] if reading.language.head == "last" else where[:1]
    )  # In "city street", the street.
    for hit in reading.hits if not votes else ():
        if hit.field == "hint" and not hit.denied:
            votes[hit.value] += 1
    return cast(Setting, max(votes, key=lambda value: votes[value])) if votes else None


def _intent(reading: Reading) -> Intent:
    said = reading.values("intent")
    return next((intent for intent in INTENTS if intent in said), "other")


def _said(reading: Reading, field: str) -> Any:
    """What is said of a field, as one of the words of the contract: the word lists hold no others."""
    return reading.first(field)


def _unsaid_weather(reading: Reading, choices: Choices, setting: Setting) -> Weather:
    if reading.denied("weather") or setting in ("interior", "space", "abstract"):
        return "clear"
    return choices.pick("weather", UNSAID_WEATHER)


def _unsaid_time(reading: Reading, choices: Choices, weather: Weather, setting: Setting) -> TimeOfDay:
    if setting == "space":
        return "night"
    if reading.first("weather") == "clear":
        return "day"
    return choices.pick("time_of_day", UNSAID_TIME)


def _palette(reading: Reading, time: TimeOfDay, weather: Weather, mood: Mood, setting: Setting) -> list[str]:
    hues = vocabulary().hues
    named = [*HEX_COLOUR.findall(reading.text), *(hues[value] for value in reading.values("colour"))]
    if reading.first("look") == "monochrome":
        return monochrome(scene_palette(time=time, weather=weather, mood=mood, setting=setting))
    return completed(scene_palette(time=time, weather=weather, mood=mood, setting=setting, named=named))
