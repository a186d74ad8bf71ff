"""`micro_prompts`: a storyboard with an arc, and for each scene a prompt in the language of film.

The user's words stay as written; the frame around them (shot, camera, light, weather, colours)
is English, which is what video models are trained on. A prompt that tells several beats is
followed beat by beat; any other gets an arc of its own around its subject and place.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from analysis.contracts import (
    CameraMove,
    PromptAnalysis,
    Scene,
    Setting,
    Storyboard,
    StoryboardInput,
    TimeOfDay,
    Weather,
)
from analysis.engines.local.choice import Choices
from analysis.engines.local.durations import split_duration
from analysis.engines.local.palettes import completed, monochrome, palette_in_film, scene_palette
from analysis.engines.local.phrases import beats, subject_and_place, with_article, without_opening
from analysis.engines.local.prompt import setting_of
from analysis.engines.local.reading import Reading, read
from analysis.engines.local.screenplay import Shot, micro_prompt, shots
from analysis.engines.local.text import clean, fit
from analysis.engines.local.titles import titles_of

BEAT_LENGTH = 420


@dataclass(frozen=True)
class Moment:
    """What one scene is about before it is framed: the user's words and where, when and in what weather."""

    told: str
    subject: str
    place: str
    setting: Setting
    time: TimeOfDay
    weather: Weather
    visiting: bool = False
    #: Whether the user told this moment, and whether the scene before told it already.
    is_beat: bool = False
    again: bool = False


def write_storyboard(request: StoryboardInput) -> Storyboard:
    """Plan the scenes. The same request and seed give the same storyboard; another seed another one."""
    analysis, prompt = request.analysis, request.request
    choices = Choices(f"{request.seed}:{prompt.prompt}")
    whole = read(clean(prompt.prompt) or analysis.subject, analysis.language)
    core = without_opening(whole.text, whole.language)
    steps = beats(core, whole.language)
    lengths = split_duration(prompt.duration_seconds, analysis.pacing, choices, at_least=len(steps))
    moments = (
        _told(steps, len(lengths), analysis)
        if steps
        else _imagined(core, whole, len(lengths), request, choices)
    )
    roles = _roles(len(lengths))
    framed = _shots(moments, roles, whole, request, choices)
    scenes = _scenes(framed, lengths, titles_of(framed, whole, request), request)
    return Storyboard(title=analysis.subject, scenes=scenes)


def _moment(analysis: PromptAnalysis) -> Moment:
    return Moment(
        told="",
        subject=analysis.subject,
        place=analysis.place,
        setting=analysis.setting,
        time=analysis.time_of_day,
        weather=analysis.weather,
    )


def _scenes(
    framed: list[Shot], lengths: list[Decimal], titles: list[str], request: StoryboardInput
) -> list[Scene]:
    analysis = request.analysis
    return [
        Scene(
            position=shot.position,
            duration_seconds=length,
            title=title,
            micro_prompt=micro_prompt(shot, request),
            subject=shot.subject,
            setting=shot.setting,
            time_of_day=shot.time,
            weather=shot.weather,
            mood=analysis.mood,
            camera=shot.camera,
            palette=shot.palette,
        )
        for shot, length, title in zip(framed, lengths, titles, strict=True)
    ]


def _roles(count: int) -> list[str]:
    arcs = shots().arcs
    if count <= 5:
        return arcs[str(count)]
    middle = arcs["middle"]
    return ["establish", *(middle[index % len(middle)] for index in range(count - 3)), "turn", "closing"]


def _told(steps: list[str], count: int, analysis: PromptAnalysis) -> list[Moment]:
    """The beats in the user's order; where a beat does not say where or when, the one before goes on."""
    said: list[Moment] = []
    last = _moment(analysis)
    for step in _merged(steps, count):
        reading = read(step, analysis.language)
        subject, place = subject_and_place(reading)
        setting = setting_of(reading, place) or last.setting
        last = Moment(
            told=fit(step, BEAT_LENGTH),
            subject=subject,
            place=place or (last.place if setting == last.setting else ""),
            is_beat=True,
            setting=setting,
            time=cast(TimeOfDay, reading.first("time_of_day") or last.time),
            weather=cast(
                Weather, reading.first("weather") or ("clear" if reading.denied("weather") else last.weather)
            ),
        )
        said.append(last)
    told = [said[index * len(said) // count] for index in range(count)]
    return [
        replace(moment, again=moment is before) for before, moment in zip([None, *told], told, strict=False)
    ]


def _merged(steps: list[str], count: int) -> list[str]:
    """No more beats than scenes: neighbours are told together."""
    if len(steps) <= count:
        return steps
    groups: list[list[str]] = [[] for _ in range(count)]
    for index, step in enumerate(steps):
        groups[index * count // len(steps)].append(step)
    return [". ".join(group) for group in groups]


def _imagined(
    core: str, whole: Reading, count: int, request: StoryboardInput, choices: Choices
) -> list[Moment]:
    """One idea seen from several places: the asked one leads, neighbouring ones visit."""
    analysis = request.analysis
    main = replace(_moment(analysis), told=fit(core, BEAT_LENGTH))
    named = [cast(Setting, value) for value in whole.values("setting") if value != analysis.setting]
    around = list(
        dict.fromkeys([*named, *choices.shuffled("neighbours", shots().neighbours[analysis.setting])])
    )
    visits = iter(range(count))
    return [
        replace(main, setting=around[next(visits) % len(around)], visiting=True)
        if _visits(index, count)
        else main
        for index in range(count)
    ]


def _visits(index: int, count: int) -> bool:
    """Whether a scene leaves the asked setting. Neighbours differ, and the first and the last are at home."""
    if count < 3 or index in (0, count - 1):
        return False
    return index % 2 == 1 or (count % 2 == 0 and index == count - 2)


def _shots(
    moments: Sequence[Moment], roles: list[str], whole: Reading, request: StoryboardInput, choices: Choices
) -> list[Shot]:
    analysis, film = request.analysis, shots()
    kind = _kind(whole, analysis)
    framed: list[Shot] = []
    uses: dict[str, int] = {}
    for index, (moment, role) in enumerate(zip(moments, roles, strict=True)):
        use = uses[role] = uses.get(role, -1) + 1
        previous = framed[-1].camera if framed else None
        subject = with_article(moment.subject, analysis.language, whole.text)
        # A visit is described from the asked place; its own setting is only where the camera stands.
        home = analysis.setting if moment.visiting else moment.setting
        named = moment.place if moment.place != moment.subject else ""
        place = with_article(named, analysis.language, whole.text) or film.places[home]
        view = film.option(
            choices, film.views(moment.setting, role), f"view:{moment.setting}:{role}", index // 2
        )
        action = film.option(choices, film.roles[role][kind], f"action:{role}", use)
        if moment.is_beat:
            action = film.option(choices, film.again, "again", index) if moment.again else moment.told
        framed.append(
            Shot(
                position=index + 1,
                count=len(moments),
                told=moment.told,
                subject=moment.subject,
                place=place,
                view=view.format(place=place) if moment.visiting else "",
                size=film.option(choices, film.roles[role]["sizes"], f"size:{role}", use),
                action=action if moment.is_beat else action.format(subject=subject, place=place),
                camera=_camera(role, index, previous, analysis, choices),
                setting=moment.setting,
                time=moment.time,
                weather=moment.weather,
                palette=_palette(index, moment, len(moments), whole, request),
                light=film.light(choices, moment.time, moment.weather, moment.setting, index),
                air=film.air(choices, moment.weather, moment.setting, index),
            )
        )
    return framed


def _kind(whole: Reading, analysis: PromptAnalysis) -> str:
    """What the shots are of. "Dog food" is a product: only the head of the phrase makes a being of it."""
    subject = read(analysis.subject, analysis.language)
    beings = [hit for hit in subject.hits if hit.field == "being"]
    if subject.unspaced:
        is_being = bool(beings)
    elif analysis.intent == "advertisement" and subject.language.head == "last":
        is_being = any(hit.last == len(subject.words) - 1 for hit in beings)
    else:
        is_being = bool(beings)
    if is_being:
        return "being"
    return "product" if analysis.intent == "advertisement" else "scene"


def _camera(
    role: str, index: int, previous: CameraMove | None, analysis: PromptAnalysis, choices: Choices
) -> CameraMove:
    """The asked move opens; no scene repeats the move of the one before."""
    if index == 0:
        return analysis.camera
    fitting = shots().roles[role]["moves"]
    moves = [move for move in choices.shuffled(f"move:{index}", fitting) if move != previous]
    return cast(CameraMove, moves[0])


def _palette(index: int, moment: Moment, count: int, whole: Reading, request: StoryboardInput) -> list[str]:
    analysis = request.analysis
    base = list(analysis.palette)
    if (moment.time, moment.weather) != (analysis.time_of_day, analysis.weather):
        base = scene_palette(
            time=moment.time, weather=moment.weather, mood=analysis.mood, setting=moment.setting
        )
    brand = list(request.brand.palette) if request.brand else []
    colours = palette_in_film(base, brand, index=index, count=count)
    if not brand and whole.first("look") == "monochrome":
        colours = monochrome(colours)
    return completed(colours)
