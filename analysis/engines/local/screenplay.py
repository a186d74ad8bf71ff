"""Turns a framed shot into the text that a video model reads. The words of film come from `shots.toml`."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from analysis.contracts import CameraMove, Setting, StoryboardInput, TimeOfDay, Weather
from analysis.engines.local.choice import Choices
from analysis.engines.local.palettes import in_words
from analysis.engines.local.text import capitalised, clean, fit

LONGEST = 1500
STYLE_LENGTH = 160
TONE_LENGTH = 120


@dataclass(frozen=True)
class Shot:
    """One scene, framed: everything that its micro-prompt says."""

    position: int
    count: int
    told: str
    subject: str
    place: str
    view: str
    size: str
    action: str  # The wording with the words of the user in it.
    camera: CameraMove
    setting: Setting
    time: TimeOfDay
    weather: Weather
    palette: list[str]
    light: str
    air: str


class Shots:
    """The words of film."""

    def __init__(self, data: dict[str, Any]) -> None:
        self.arcs: dict[str, list[str]] = data["arcs"]
        self.roles: dict[str, dict[str, list[str]]] = data["roles"]
        self.places: dict[str, str] = data["places"]
        self.again: list[str] = data["again"]["wordings"]
        self.neighbours: dict[str, list[Setting]] = data["neighbours"]
        self._data = data

    def option(self, choices: Choices, options: list[str], name: str, use: int) -> str:
        """The wording for the n-th use: none comes back before all have been used."""
        return choices.shuffled(name, options)[use % len(options)]

    def views(self, setting: Setting, role: str) -> list[str]:
        """How a neighbouring setting is seen; behind a close shot, out of focus."""
        views: list[str] = self._data["views_close" if role == "detail" else "views"][setting]
        return views

    def near(self, setting: Setting) -> str:
        """The small word before a place."""
        return str(self._data["near"].get(setting, "in"))

    def light(self, choices: Choices, time: TimeOfDay, weather: Weather, setting: Setting, index: int) -> str:
        """The light of the hour: of its own where no sun shines, softer where the weather hides it."""
        own, light = self._data["light_of"], self._data["light"][time]
        if weather != "clear":
            light = self._data["light_grey"].get(time, light)
        return self.option(choices, own.get(f"{setting}_{time}") or own.get(setting, light), "light", index)

    def air(self, choices: Choices, weather: Weather, setting: Setting, index: int) -> str:
        """The weather as the camera sees it; indoors, through a window. Nothing where there is none."""
        if setting in ("space", "abstract"):
            return ""
        table = self._data["weather_inside"] if setting == "interior" else self._data["weather"]
        return self.option(choices, table.get(weather, [""]), "weather", index)

    def move(self, camera: CameraMove, pacing: str) -> str:
        """The camera move in words."""
        return str(self._data["moves"][camera]).format(pace=self._data["paces"][pacing])

    def mood(self, mood: str) -> str:
        """The mood in words."""
        return str(self._data["mood"][mood])


@lru_cache(maxsize=1)
def shots() -> Shots:
    """The words of film, read once."""
    return Shots(tomllib.loads(Path(__file__).with_name("shots.toml").read_text(encoding="utf-8")))


def micro_prompt(shot: Shot, request: StoryboardInput) -> str:
    """One paragraph: what is seen, the user's own words, how it is filmed, how it looks."""
    film, analysis = shots(), request.analysis
    seen = shot.action
    where = shot.view or (
        "" if shot.place.removeprefix("the ") in seen else f"{film.near(shot.setting)} {shot.place}"
    )
    sentences = [
        f"{shot.size}: {seen}{', ' if where else ''}{where}",
        *([] if shot.told in seen else [f"The story: {shot.told}"]),
        f"{film.move(shot.camera, analysis.pacing)}; {', '.join(filter(None, (shot.light, shot.air)))}",
    ]
    shared = coda(shot.position, shot.count, shot.palette, analysis.mood, request)
    return fit(f"{_paragraph(sentences)} {shared}", LONGEST)


def coda(position: int, count: int, palette: list[str], mood: str, request: StoryboardInput) -> str:
    """How every micro-prompt of a film ends: what makes its shots one film, and the brand's."""
    sentences = [
        f"Colours: {in_words(palette)}; mood: {shots().mood(mood)}",
        *_style(request),
        *_brand(position == count, request),
        f"Shot {position} of {count} of one film with one look; no text in the picture",
    ]
    return _paragraph(sentences)


def _paragraph(sentences: list[str]) -> str:
    return " ".join(f"{capitalised(sentence.rstrip(' .。'))}." for sentence in sentences)


def _style(request: StoryboardInput) -> list[str]:
    style = fit(clean(request.request.style), STYLE_LENGTH)
    return [f"Style: {style}"] if style else []


def _brand(is_last: bool, request: StoryboardInput) -> list[str]:
    brand = request.brand
    if brand is None:
        return []
    tone = fit(brand.tone, TONE_LENGTH)
    said = [f"For the brand {brand.name}" + (f", in a tone that is {tone}" if tone else "")]
    if is_last:
        said.append(f"Brand moment: leave clear space for the line “{fit(brand.tagline, 80)}”, added later")
    if brand.avoid:
        said.append(f"Avoid: {fit('; '.join(brand.avoid), 160)}")
    return said
