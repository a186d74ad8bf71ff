"""What is bought for a storyboard: never more than needed, and the video keeps its length."""

import random
import time
from collections.abc import Sequence
from decimal import Decimal
from itertools import product

import pytest

from analysis.contracts import Scene, Storyboard
from generations.providers.durations import HALF, Planned, TooFewScenes, plan_durations, storyboard_fit

VEO = [Decimal(4), Decimal(6), Decimal(8)]
HAILUO = [Decimal(6), Decimal(10)]
KLING = [Decimal(seconds) for seconds in range(3, 16)]
PRICE = Decimal("0.20")


def seconds(*values: float) -> list[Decimal]:
    return [Decimal(str(value)) for value in values]


def storyboard(*lengths: float) -> Storyboard:
    scenes = [
        Scene(
            position=position,
            duration_seconds=Decimal(str(length)),
            title=f"Title {position}",
            micro_prompt=f"A lighthouse, seen for the {position}. time",
            subject="lighthouse",
            setting="sea",
            time_of_day="dusk",
            weather="clear",
            mood="calm",
            camera="static",
            palette=["#1b4d3e", "#f2e8cf", "#22283a"],
        )
        for position, length in enumerate(lengths, start=1)
    ]
    return Storyboard(title="Lighthouse", scenes=scenes)


def best_by_trying(wanted: Sequence[Decimal], allowed: Sequence[Decimal]) -> tuple[Decimal, Decimal]:
    """The least that can be bought and, with it, the least deviation, by trying every plan."""
    lengths = [HALF * halves for halves in range(2, 31)]
    able = {plays: min(b for b in allowed if b >= plays) for plays in lengths if plays <= max(allowed)}
    return min(
        (
            sum((able[plays] for plays in plan), Decimal(0)),
            sum((abs(p - w) for p, w in zip(plan, wanted, strict=True)), Decimal(0)),
        )
        for plan in product(able, repeat=len(wanted))
        if sum(plan) == sum(wanted)
    )


@pytest.mark.parametrize("seed", range(60))
def test_a_plan_is_as_cheap_and_as_faithful_as_the_best_of_all_plans(seed: int) -> None:
    dice = random.Random(seed)
    allowed = [Decimal(length) for length in dice.sample(range(1, 13), dice.randint(1, 4))]
    longest = int(max(allowed)) * 2
    wanted = [HALF * dice.randint(2, max(2, longest)) for _ in range(dice.randint(1, 3))]
    plan = plan_durations(wanted, allowed, PRICE)
    deviation = sum(abs(p.plays - w) for p, w in zip(plan, wanted, strict=True))
    assert (sum(p.bought for p in plan), deviation) == best_by_trying(wanted, allowed)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_is_wanted_the_sum_stays_and_every_clip_is_sold_and_long_enough(seed: int) -> None:
    dice = random.Random(seed)
    allowed = dice.choice([VEO, HAILUO, KLING, seconds(5.04, 10.08)])
    wanted = [HALF * dice.randint(2, 16) for _ in range(dice.randint(1, 24))]
    fitted = storyboard_fit(storyboard(*map(float, wanted)), allowed, PRICE)
    played = [scene.duration_seconds for scene in fitted.storyboard.scenes]
    assert sum(played) == sum(wanted)
    assert all(
        b in allowed and b >= p >= 1 and p % HALF == 0 for b, p in zip(fitted.bought, played, strict=True)
    )


@pytest.mark.parametrize(
    ("wanted", "allowed", "bought"),
    [
        (seconds(5, 5, 5), VEO, 16),
        (seconds(8, 8), VEO, 16),
        (seconds(4, 4, 4, 4), VEO, 16),
        (seconds(5, 5, 5), HAILUO, 18),
        (seconds(3.5, 3.5), KLING, 7),
        (seconds(1, 1), VEO, 8),
        (seconds(4.5, 4.5, 4.5), VEO, 14),
    ],
)
def test_least_is_bought(wanted: list[Decimal], allowed: list[Decimal], bought: int) -> None:
    assert sum(planned.bought for planned in plan_durations(wanted, allowed, PRICE)) == bought


def test_where_seconds_cost_nothing_the_lengths_stay_as_they_were_wanted() -> None:
    wanted = seconds(5, 5, 5)
    assert [planned.plays for planned in plan_durations(wanted, VEO, Decimal(0))] == wanted
    assert [planned.plays for planned in plan_durations(wanted, VEO, PRICE)] != wanted


def test_a_scene_never_plays_for_longer_than_the_contract_allows_though_it_would_be_cheaper() -> None:
    plan = plan_durations(seconds(10, 10), seconds(2, 20), PRICE)
    assert plan == [Planned(Decimal(10), Decimal(20))] * 2


def test_too_few_scenes_say_how_many_it_takes() -> None:
    with pytest.raises(TooFewScenes, match=r"2 scenes of at most 8 s .* it needs 3\.") as refused:
        plan_durations(seconds(10, 10), VEO, PRICE)
    assert refused.value.needed == refused.value.details["needed"] == 3


def test_a_model_that_sells_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="a second or more"):
        plan_durations(seconds(5), [], PRICE)


def test_the_longest_storyboard_is_planned_in_the_blink_of_an_eye() -> None:
    wanted = [Decimal("1.5"), Decimal("4.5")] * 30
    began = time.perf_counter()
    plan_durations(wanted, KLING, PRICE)
    assert time.perf_counter() - began < 0.25


# Storyboards


def test_a_storyboard_that_fits_is_left_as_it_is() -> None:
    wanted = storyboard(4, 6, 8)
    fitted = storyboard_fit(wanted, VEO, PRICE)
    assert fitted.storyboard is wanted
    assert (fitted.bought, fitted.warnings) == ((4, 6, 8), ())


def test_what_is_only_cut_is_said_and_the_storyboard_stays() -> None:
    fitted = storyboard_fit(wanted := storyboard(3, 8), VEO, PRICE)
    assert fitted.storyboard is wanted
    assert fitted.warnings == ("4 s are bought for scene 1 and cut to 3 s.",)


def test_scenes_that_play_for_longer_or_shorter_are_named() -> None:
    fitted = storyboard_fit(storyboard(5, 5), VEO, PRICE)
    assert [scene.duration_seconds for scene in fitted.storyboard.scenes] == [6, 4]
    assert fitted.warnings == ("Scene 1 plays 6 s instead of 5 s and scene 2 plays 4 s instead of 5 s.",)


def test_many_changes_are_summed_up() -> None:
    warnings = storyboard_fit(storyboard(*[5] * 12), HAILUO, PRICE).warnings
    assert warnings == ("12 clips are cut: 72 s are bought for 60 s of video.",)
    warnings = storyboard_fit(storyboard(*[5] * 12), VEO, PRICE).warnings
    assert warnings == ("12 scenes play longer or shorter than planned, by at most 1 s.",)


def test_a_scene_that_no_clip_can_fill_is_split_and_goes_on_from_another_angle() -> None:
    fitted = storyboard_fit(storyboard(14, 4), VEO, PRICE)
    first, second, third = fitted.storyboard.scenes
    assert second.micro_prompt == f"{first.micro_prompt} (continued, another angle)"
    assert (first.title, second.title, third.title) == ("Title 1", "", "Title 2")
    assert fitted.warnings[0] == (
        "Scene 1 was split, because the model makes clips of at most 8 s; there are 3 scenes now."
    )


def test_a_scene_is_split_as_often_as_it_takes_and_no_two_prompts_are_equal() -> None:
    fitted = storyboard_fit(storyboard(15, 15), seconds(2, 3, 4), PRICE)
    prompts = [scene.micro_prompt for scene in fitted.storyboard.scenes]
    assert len(prompts) == len(set(prompts)) == 8
    assert fitted.storyboard.duration_seconds == 30
    assert fitted.warnings[0].startswith("Scenes 1 and 2 were split")


def test_the_longest_prompt_is_cut_to_make_room() -> None:
    wanted = storyboard(14)
    long = wanted.scenes[0].model_copy(update={"micro_prompt": "x" * 1500})
    fitted = storyboard_fit(Storyboard(title="Long", scenes=[long]), VEO, PRICE)
    second = fitted.storyboard.scenes[1]
    assert Scene.model_validate(second.model_dump()) == second
    assert second.micro_prompt.endswith("x (continued, another angle)")


def test_more_scenes_than_the_contract_allows_are_refused() -> None:
    with pytest.raises(TooFewScenes, match="it needs 90"):
        storyboard_fit(storyboard(*[12] * 15), seconds(1, 2), PRICE)
