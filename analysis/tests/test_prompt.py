"""What the local engine reads in prompts; the cases are in `prompts.toml`."""

import time
import tomllib
from pathlib import Path
from typing import Any

import pytest

from analysis.contracts import PromptAnalysis, PromptInput
from analysis.engines.local.prompt import analyse_prompt

CASES = tomllib.loads(Path(__file__).with_name("prompts.toml").read_text(encoding="utf-8"))["case"]
EXTREMES = [
    "a" * 4000,
    "word " * 800,
    "雨" * 4000,
    "夜の" * 2000,
    "😀" * 4000,
    "-" * 4000,
    "no " * 1333,
    "я" * 4000,
    "e" + 3999 * "\u0301",
    4000 * "\u200d",
]


def analysed(prompt: str) -> PromptAnalysis:
    return analyse_prompt(PromptInput(prompt=prompt))


@pytest.mark.parametrize("case", CASES, ids=[case["prompt"][:40] for case in CASES])
def test_the_prompt_says_what_a_reader_would_say(case: dict[str, Any]) -> None:
    analysis = analysed(case["prompt"])
    assert {name: getattr(analysis, name) for name in case["expect"]} == case["expect"]
    assert not set(case.get("absent", [])) & set(analysis.keywords)


@pytest.mark.parametrize("case", CASES, ids=[case["prompt"][:40] for case in CASES])
def test_subject_place_and_keywords_are_the_users_own_words(case: dict[str, Any]) -> None:
    analysis = analysed(case["prompt"])
    if analysis.subject == "untitled":
        return
    assert analysis.subject in case["prompt"]
    assert analysis.place in case["prompt"]
    assert [word for word in analysis.keywords if word not in case["prompt"]] == []


@pytest.mark.parametrize("prompt", EXTREMES, ids=lambda prompt: prompt[:4])
def test_the_longest_and_strangest_prompts_are_read_quickly(prompt: str) -> None:
    analysed("warm up")
    started = time.process_time()
    analysis = analysed(prompt)
    assert PromptAnalysis.model_validate(analysis.model_dump())
    # Under 50 ms on an idle core; quadratic work would take many seconds.
    assert time.process_time() - started < 2


def test_the_same_prompt_reads_the_same_in_another_letter_case() -> None:
    quiet, loud = analysed("a kitten on a roof"), analysed("A KITTEN ON A ROOF")
    assert quiet.setting == loud.setting
    assert quiet.camera == loud.camera


def test_colours_that_the_user_names_are_in_the_palette_unchanged() -> None:
    palette = analysed("red neon sign, accents in #12ab34").palette
    assert {"#d7263d", "#12ab34"} <= set(palette)


def test_a_word_that_only_begins_like_a_colour_is_none() -> None:
    assert "#2667c9" in analysed("синее море").palette
    assert "#2667c9" not in analysed("синхронное плавание, море").palette


def test_black_and_white_has_no_colour() -> None:
    palette = analysed("black and white portrait of a sailor at sunset").palette
    assert all(colour[1:3] == colour[3:5] == colour[5:7] for colour in palette)


def test_night_is_darker_than_day_and_snow_is_paler_than_clear_air() -> None:
    assert light("a street at night") < light("a street at noon, sunny")
    assert saturation("a street at noon, snow") < saturation("a street at noon, sunny")


def light(prompt: str) -> int:
    return sum(
        int(colour[index : index + 2], 16) for colour in analysed(prompt).palette[:3] for index in (1, 3, 5)
    )


def saturation(prompt: str) -> int:
    parts = [
        [int(colour[index : index + 2], 16) for index in (1, 3, 5)] for colour in analysed(prompt).palette[:3]
    ]
    return sum(max(part) - min(part) for part in parts)
