"""What must hold of an answer beyond its shape. Each check returns sentences that a model can act on.

They are stored and shown as reasons of a failure, and hold nothing that a user wrote. What can be put
right without a doubt (halves of a second, repeats, capital letters) is not complained about; what the
contracts check themselves (lengths, colours, empty texts) is not repeated here.
"""

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any

from analysis.contracts import BrandInput, EditInput, PromptInput, StoryboardInput
from analysis.engines.local.language import LATIN, language_of
from analysis.engines.local.text import fold, script_of, words
from analysis.engines.openai.schemas import (
    BrandAnswer,
    EditAnswer,
    PromptAnswer,
    SceneAnswer,
    StoryboardAnswer,
)

COLOUR = re.compile(r"#[0-9a-fA-F]{6}(?![0-9a-fA-F])")
#: Seconds, or a share of the whole, by which durations may miss their sum, and are scaled to it.
SLACK_SECONDS, SLACK_SHARE = 1.0, 0.1
SHORTEST_SECONDS, LONGEST_SECONDS = 1, 15
#: A half second more or less than that is rounding.
ROUNDING_SECONDS = 0.5
MOST_SCENES = 60
#: The shared end of every micro-prompt needs the rest of the contract's 1500.
MICRO_PROMPT_CHARACTERS = 600
COLOURS = range(3, 7)
#: What our own prompt and an answer may have in common by chance, in words.
COMMON_WORDS = 8
#: Below these the words of a text do not tell its language for certain.
LETTERS_TELLING, PROMPT_WORDS_TELLING, ANSWER_WORDS_TELLING = 4, 12, 20
EAST_ASIAN = {"HIRAGANA", "KATAKANA", "CJK"}


def prompt_checks(answer: PromptAnswer, request: PromptInput) -> list[str]:
    """What is wrong with the reading of a prompt."""
    said = " ".join([answer.subject, answer.place, *answer.keywords])
    named = {colour.lower() for colour in COLOUR.findall(request.prompt)}
    kept = {colour.lower() for colour in answer.palette}
    return [
        *_language_named(answer.language, request.prompt),
        *language_kept("subject, place and keywords", said, request.prompt),
        *(["palette: a colour that the prompt gives as #rrggbb is missing"] if _lacks(kept, named) else []),
    ]


def brand_checks(answer: BrandAnswer, brand: BrandInput) -> list[str]:
    """What is wrong with the reading of a brand."""
    companions = answer.companion_colours
    wrong = []
    if not all(COLOUR.fullmatch(colour) for colour in companions):
        wrong.append("companion_colours: each must be a colour written as #rrggbb")
    colours = {colour.lower() for colour in (*brand.palette, *companions)}
    if len(colours) < COLOURS.start:
        missing = COLOURS.start - len(set(brand.palette))
        wrong.append(f"companion_colours: at least {missing}, other than the brand's own, are needed")
    return wrong


def storyboard_checks(answer: StoryboardAnswer, asked: StoryboardInput) -> list[str]:
    """What is wrong with a plan of scenes."""
    brand = asked.brand
    known = [asked.request.prompt, asked.request.style, *([brand.name, brand.tagline] if brand else [])]
    said = " ".join([answer.title, *(f"{scene.title} {scene.subject}" for scene in answer.scenes)])
    return [
        *_timing(answer.scenes, asked.request.duration_seconds),
        *_micro_prompts(answer.scenes),
        *language_kept("titles and subjects", said, asked.request.prompt, *known),
    ]


def edit_checks(answer: EditAnswer, edit: EditInput) -> list[str]:
    """What is wrong with the classification of an edit."""
    count = len(edit.storyboard.scenes)
    wrong = []
    if any(not 1 <= position <= count for position in answer.positions):
        wrong.append(f"positions: the storyboard has scenes 1 to {count}; what names another one is unclear")
    if answer.kind in {"remove_scene", "replace_scene"} and not answer.positions:
        wrong.append(f"positions: {answer.kind} must name its scenes; if they cannot be told, it is unclear")
    titles = [scene.title for scene in edit.storyboard.scenes]
    return wrong + language_kept("instruction", answer.instruction, edit.instruction, *titles)


def leak_checks(answer: Any, instructions: str, data: Any) -> list[str]:
    """Whether an answer repeats our own instructions, which a user's text did not have already."""
    ours = _runs(instructions) - set().union(*(_runs(text) for text in texts_in(data)))
    leaks = any(ours & _runs(text) for text in texts_in(answer))
    return ["the answer repeats these instructions; it must be about the video only"] if leaks else []


def texts_in(value: Any) -> Iterable[str]:
    """All texts in a JSON value, keys left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list | tuple):
        for part in value.values() if isinstance(value, dict) else value:
            yield from texts_in(part)


def _runs(text: str) -> set[tuple[str, ...]]:
    found = [word.folded for word in words(text)]
    return {tuple(found[at : at + COMMON_WORDS]) for at in range(len(found) - COMMON_WORDS + 1)}


def _lacks(kept: set[str], named: set[str]) -> bool:
    return len(kept & named) < min(len(named), COLOURS.stop - 1)


def _timing(scenes: list[SceneAnswer], total: int) -> list[str]:
    fewest, most = -(-total // LONGEST_SECONDS), min(MOST_SCENES, total // 2)
    if not fewest <= len(scenes) <= most:
        return [f"scenes: {len(scenes)} do not fit {total} seconds; write {fewest} to {most}"]
    low, high = SHORTEST_SECONDS - ROUNDING_SECONDS, LONGEST_SECONDS + ROUNDING_SECONDS
    wrong = [
        f"scenes.{index}.duration_seconds: each scene lasts {SHORTEST_SECONDS} to {LONGEST_SECONDS} seconds"
        for index, scene in enumerate(scenes)
        if not low <= scene.duration_seconds <= high
    ]
    planned = sum(scene.duration_seconds for scene in scenes)
    if not isfinite(planned) or abs(planned - total) > max(SLACK_SECONDS, SLACK_SHARE * total):
        wrong.append(f"duration_seconds: the scenes last {planned:g} seconds together, and not {total}")
    return wrong


def _micro_prompts(scenes: list[SceneAnswer]) -> list[str]:
    wrong, seen = [], dict[tuple[str, ...], int]()
    for index, scene in enumerate(scenes):
        where = f"scenes.{index}.micro_prompt"
        said = tuple(word.folded for word in words(scene.micro_prompt))
        if len(said) < 3:
            wrong.append(f"{where}: it must say what is seen")
        elif len(scene.micro_prompt) > MICRO_PROMPT_CHARACTERS:
            wrong.append(f"{where}: at most {MICRO_PROMPT_CHARACTERS} characters")
        elif said in seen:
            wrong.append(f"{where}: it is the same as that of scenes.{seen[said]}; each shows something else")
        seen.setdefault(said, index)
    return wrong


def _language_named(tag: str, prompt: str) -> list[str]:
    """Wrong only where it is certain: by the script, or for a long prompt by its small words."""
    primary, script = tag.lower().partition("-")[0], _main_script(prompt)
    if not re.fullmatch(r"[a-z]{2,3}", primary):
        return ["language: it must be a BCP 47 tag, such as en, pt-BR or und"]
    if script != "LATIN":
        return ["language: the prompt is not in it"] if script and primary in LATIN else []
    told = language_of(prompt) if len(words(prompt)) >= PROMPT_WORDS_TELLING else "und"
    wrong = told != "und" and primary in LATIN and primary != told
    return ["language: the prompt is not in it"] if wrong else []


def language_kept(field: str, said: str, prompt: str, *known: str) -> list[str]:
    """Wrong only where it is certain. Words of the prompt, and of what is `known`, belong to any language."""
    own = fold(" ".join([prompt, *known]))
    foreign = [word.folded for word in words(said) if word.folded not in own]
    script = _main_script(prompt)
    letters = [char for char in said if char.isalpha()]
    if not foreign or not script or len(letters) < LETTERS_TELLING:
        return []
    if script not in {_script(char) for char in letters} or _other_words(script, said, prompt, foreign):
        return [f"{field}: keep the language of the prompt"]
    return []


def _other_words(script: str, said: str, prompt: str, foreign: list[str]) -> bool:
    spoken = len(words(said))
    if script != "LATIN" or spoken < ANSWER_WORDS_TELLING or len(words(prompt)) < PROMPT_WORDS_TELLING:
        return False
    source, answer = language_of(prompt), language_of(said)
    return "und" not in {source, answer} and source != answer and len(foreign) > 0.7 * spoken


def _main_script(text: str) -> str:
    """The script of most letters; empty where there are few, or of several scripts."""
    scripts = [_script(char) for char in text if char.isalpha()]
    if len(scripts) < LETTERS_TELLING:
        return ""
    main = max(sorted(set(scripts)), key=scripts.count)
    return main if scripts.count(main) > 0.6 * len(scripts) else ""


def _script(char: str) -> str:
    script = script_of(char)
    return "CJK" if script in EAST_ASIAN else script
