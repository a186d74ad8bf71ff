"""Words, graphemes and their limits."""

from typing import get_args

import pytest

from analysis import contracts
from analysis.engines.local.phrases import title_of
from analysis.engines.local.text import clean, fit, graphemes, words
from analysis.engines.local.vocabulary import vocabulary


@pytest.mark.parametrize("text", ["👨‍👩‍👧‍👦", "🇯🇵", "👍🏽", "é", "नि", "❤️"])
def test_what_a_reader_sees_as_one_character_stays_one(text: str) -> None:
    assert list(graphemes(text)) == [text]


def test_two_flags_are_two_characters() -> None:
    assert list(graphemes("🇯🇵🇩🇪")) == ["🇯🇵", "🇩🇪"]


def test_a_text_is_cut_between_words_and_never_inside_a_character() -> None:
    assert fit("keep the cloud", 10) == "keep the"
    assert fit("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 10) == "👨‍👩‍👧‍👦"


def test_of_a_character_that_is_longer_than_the_limit_the_beginning_is_kept() -> None:
    assert fit("e" + 99 * "\u0323", 10) == "e" + 9 * "\u0323"


def test_joiners_that_join_nothing_are_no_text() -> None:
    assert clean("\u200d\u200c \u200d") == ""


def test_a_title_that_does_not_fit_is_left_out() -> None:
    assert title_of("keep the cloud", 20) == "Keep the cloud"
    assert title_of("keep the cloud", 10) == ""


def test_control_and_direction_characters_are_dropped_and_joined_emoji_are_kept() -> None:
    assert clean("a\x00b\u202ec \u200b 👨‍👩‍👧") == "a bc 👨‍👩‍👧"


def test_lines_become_sentences() -> None:
    assert clean("one shot\n\ntwo shots!\n") == "one shot. two shots!"


def test_combining_marks_belong_to_their_word() -> None:
    assert [word.folded for word in words("कुत्ता, दौड़ता")] == ["कुत्ता", "दौड़ता"]


FIELDS: dict[str, tuple[str, ...]] = {
    "setting": get_args(contracts.Setting),
    "hint": get_args(contracts.Setting),
    "time_of_day": get_args(contracts.TimeOfDay),
    "weather": get_args(contracts.Weather),
    "mood": get_args(contracts.Mood),
    "camera": get_args(contracts.CameraMove),
    "pacing": get_args(contracts.Pacing),
    "intent": get_args(contracts.Intent),
    "being": ("person", "animal"),
    "colour": tuple(vocabulary().hues),
    "town": ("city",),
    "look": ("monochrome",),
    "nothing": ("nothing",),
}


@pytest.mark.parametrize("tag", vocabulary().languages)
def test_word_lists_name_only_what_the_contracts_know(tag: str) -> None:
    entries = vocabulary().language(tag).own_entries
    assert [entry for entry in entries if entry.value not in FIELDS[entry.field]] == []
