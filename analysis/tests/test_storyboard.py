"""What a storyboard of the local engine promises."""

import re
from itertools import pairwise

import pytest

from analysis.contracts import BrandAnalysis, Storyboard
from analysis.tests.conftest import StoryboardOf
from analysis.tests.test_prompt import CASES, EXTREMES

PROMPTS = [case["prompt"] for case in CASES] + EXTREMES
SHOTS = "1. A chef sharpens a knife. 2. Flames leap. 3. A plate slides across a bar. 4. A guest smiles."


@pytest.mark.parametrize("prompt", PROMPTS, ids=[prompt[:30] for prompt in PROMPTS])
def test_any_prompt_gives_a_valid_storyboard_of_the_asked_length(
    storyboard_of: StoryboardOf, prompt: str
) -> None:
    storyboard = storyboard_of(prompt, duration_seconds=23)
    assert Storyboard.model_validate(storyboard.model_dump()) == storyboard
    assert storyboard.duration_seconds == 23


@pytest.mark.parametrize("seconds", [4, 5, 6, 7, 8, 11, 15, 30, 61, 120, 180])
@pytest.mark.parametrize("pacing", ["slow", "medium", "fast"])
def test_neighbouring_scenes_look_different(storyboard_of: StoryboardOf, seconds: int, pacing: str) -> None:
    storyboard = storyboard_of(duration_seconds=seconds, pacing=pacing)
    for before, after in pairwise(storyboard.scenes):
        assert before.camera != after.camera
        assert before.palette != after.palette
        assert before.setting != after.setting or len(storyboard.scenes) < 3


def test_micro_prompts_differ_in_more_than_their_number(storyboard_of: StoryboardOf) -> None:
    scenes = storyboard_of(duration_seconds=60).scenes
    unnumbered = {re.sub(r"Shot \d+ of \d+", "", scene.micro_prompt) for scene in scenes}
    assert len(unnumbered) == len(scenes)


def test_every_micro_prompt_keeps_the_users_words(storyboard_of: StoryboardOf) -> None:
    for scene in storyboard_of().scenes:
        assert "reusable coffee cup, rainy Tokyo street at night" in scene.micro_prompt
        assert "15 second ad" not in scene.micro_prompt


def test_the_asked_light_and_weather_are_kept_and_the_asked_setting_leads(
    storyboard_of: StoryboardOf,
) -> None:
    scenes = storyboard_of(duration_seconds=30).scenes
    settings = [scene.setting for scene in scenes]
    assert {(scene.time_of_day, scene.weather) for scene in scenes} == {("night", "rain")}
    assert settings[0] == settings[-1] == max(settings, key=settings.count) == "street"


def test_the_same_request_gives_the_same_storyboard_and_another_seed_another(
    storyboard_of: StoryboardOf,
) -> None:
    assert storyboard_of(seed=5) == storyboard_of(seed=5)
    assert storyboard_of(seed=5).scenes != storyboard_of(seed=6).scenes


@pytest.mark.parametrize(
    "prompt, telling",
    [
        (SHOTS, ["knife", "Flames", "plate", "guest"]),
        (
            "First a kitchen at dawn, then a train, finally a concert at night",
            ["kitchen", "train", "concert"],
        ),
        ("A seed falls; a bird comes; a tree grows", ["seed", "bird", "tree"]),
        ("Zuerst eine Bäckerei, dann ein Markt, schließlich ein Fest", ["Bäckerei", "Markt", "Fest"]),
        ("まず台所、次に電車、最後にコンサート", ["台所", "電車", "コンサート"]),
    ],
)
def test_scenes_follow_the_beats_of_the_prompt(
    storyboard_of: StoryboardOf, prompt: str, telling: list[str]
) -> None:
    prompts = [scene.micro_prompt for scene in storyboard_of(prompt, duration_seconds=20).scenes]
    first = [next(index for index, text in enumerate(prompts) if word in text) for word in telling]
    assert first == sorted(set(first))
    assert telling[-1] in prompts[-1]


def test_a_beat_is_what_the_shot_shows(storyboard_of: StoryboardOf) -> None:
    scenes = storyboard_of(SHOTS, duration_seconds=16).scenes
    beats = ["A chef sharpens a knife", "Flames leap", "A plate slides across a bar", "A guest smiles"]
    for scene, beat in zip(scenes, beats, strict=True):
        assert f": {beat}" in scene.micro_prompt
        assert "The story:" not in scene.micro_prompt


def test_a_beat_brings_its_own_setting_and_light(storyboard_of: StoryboardOf) -> None:
    scenes = storyboard_of("A kitchen at dawn. A boat on the sea in a storm. A desert at night.").scenes
    said = list(dict.fromkeys((scene.setting, scene.time_of_day) for scene in scenes))
    assert said == [("interior", "dawn"), ("sea", "dawn"), ("desert", "night")]


def test_more_beats_than_time_are_told_together(storyboard_of: StoryboardOf) -> None:
    storyboard = storyboard_of(" ".join(f"Dancer number {n} enters." for n in range(30)), duration_seconds=10)
    assert len(storyboard.scenes) == 5
    assert "number 29" in storyboard.scenes[-1].micro_prompt


def test_titles_are_the_users_words_whole_and_not_repeated(storyboard_of: StoryboardOf) -> None:
    titles = [scene.title for scene in storyboard_of(duration_seconds=30).scenes if scene.title]
    prompt = "a 15 second ad for a reusable coffee cup, rainy tokyo street at night"
    assert titles[0] == "Tokyo street"
    assert all(re.search(rf"\b{re.escape(title.lower())}\b", prompt) for title in titles)
    assert len(set(titles)) == len(titles)


def test_a_brand_closes_with_its_line_and_colours(storyboard_of: StoryboardOf, kumo: BrandAnalysis) -> None:
    scenes = storyboard_of(brand=kumo).scenes
    assert scenes[-1].title == "Keep the cloud"
    assert scenes[-1].palette[:2] == ["#ff5a36", "#101820"]
    assert all("#ff5a36" in scene.palette for scene in scenes)


def test_braces_in_a_prompt_are_only_text(storyboard_of: StoryboardOf) -> None:
    scenes = storyboard_of("an ad for {place.__class__} cups in {subject}").scenes
    assert all("{place.__class__}" in scene.micro_prompt for scene in scenes)
