"""The split of a duration into clips, over everything that can be asked for."""

from decimal import Decimal
from typing import get_args

import pytest

from analysis.contracts import Pacing
from analysis.engines.local.choice import Choices
from analysis.engines.local.durations import clip_count, split_duration

PACINGS: tuple[Pacing, ...] = get_args(Pacing)
SEEDS = range(6)
DURATIONS = range(4, 181)


@pytest.mark.parametrize("pacing", PACINGS)
def test_the_clips_sum_to_the_duration_exactly(pacing: Pacing) -> None:
    for seconds in DURATIONS:
        for seed in SEEDS:
            assert sum(split_duration(seconds, pacing, Choices(seed))) == seconds


@pytest.mark.parametrize("pacing", PACINGS)
def test_every_clip_is_whole_halves_of_a_second_within_its_bounds(pacing: Pacing) -> None:
    for seconds in DURATIONS:
        for seed in SEEDS:
            lengths = split_duration(seconds, pacing, Choices(seed))
            assert len(lengths) <= 60
            assert all(Decimal(1) <= length <= 15 and length % Decimal("0.5") == 0 for length in lengths)


@pytest.mark.parametrize("at_least", [2, 7, 60])
def test_many_beats_get_a_clip_each_as_far_as_there_is_time(at_least: int) -> None:
    for seconds in DURATIONS:
        lengths = split_duration(seconds, "slow", Choices(0), at_least=at_least)
        assert sum(lengths) == seconds
        assert len(lengths) >= min(at_least, seconds // 2)


@pytest.mark.parametrize(
    "seconds, pacing, fewest, most",
    [
        (4, "medium", 1, 2),
        (15, "medium", 4, 5),
        (15, "fast", 5, 6),
        (15, "slow", 2, 3),
        (180, "medium", 26, 34),
    ],
)
def test_a_typical_video_has_a_typical_number_of_clips(
    seconds: int, pacing: Pacing, fewest: int, most: int
) -> None:
    assert fewest <= clip_count(seconds, pacing) <= most


def test_faster_pacing_never_has_fewer_clips() -> None:
    for seconds in DURATIONS:
        assert clip_count(seconds, "slow") <= clip_count(seconds, "medium") <= clip_count(seconds, "fast")


def test_clips_are_not_all_of_one_length() -> None:
    assert all(len(set(split_duration(60, pacing, Choices(3)))) > 2 for pacing in PACINGS)


def test_another_seed_cuts_elsewhere() -> None:
    assert split_duration(60, "medium", Choices(1)) != split_duration(60, "medium", Choices(2))
