"""What the local engine reads in a brand."""

from typing import Any

import pytest

from analysis.contracts import BrandAnalysis, BrandInput, PromptInput
from analysis.engines.local.brand import analyse_brand


def analysed(**brand: Any) -> BrandAnalysis:
    return analyse_brand(BrandInput.model_validate({"name": "Kumo", **brand}), PromptInput(prompt="cups"))


@pytest.mark.parametrize("given", range(7))
def test_the_given_colours_stay_first_and_are_completed_to_a_palette(given: int) -> None:
    colours = [f"#{index}0{index}8ff" for index in range(given)]
    palette = analysed(palette=colours).palette
    assert palette[:given] == colours
    assert 3 <= len(palette) == len(set(palette)) <= 6


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#808080", "#ff0000"])
def test_one_colour_is_enough_even_without_a_hue(colour: str) -> None:
    assert len(analysed(palette=[colour, colour]).palette) >= 3


@pytest.mark.parametrize(
    "guidelines, tagline",
    [
        ('Our tagline is "Keep the cloud".', "Keep the cloud"),
        ("Slogan: „Immer warm“ und nichts sonst", "Immer warm"),
        ("Slogan : « Toujours chaud »", "Toujours chaud"),
        ("スローガンは「雲を持とう」", "雲を持とう"),
        ("Tagline: Keep the cloud. Use much space.", "Keep the cloud"),
        ('Never say "cheap".', "Kumo"),
        ("", "Kumo"),
    ],
)
def test_the_tagline_is_the_brands_own_or_its_name(guidelines: str, tagline: str) -> None:
    assert analysed(guidelines=guidelines).tagline == tagline


@pytest.mark.parametrize(
    "tone, mood",
    [("warm and calm", "calm"), ("verspielt", "joyful"), ("", "neutral"), ("not sad", "neutral")],
)
def test_the_mood_comes_from_the_tone(tone: str, mood: str) -> None:
    assert analysed(tone=tone).mood == mood


def test_what_the_guidelines_forbid_is_avoided() -> None:
    assert analysed(guidelines="Never show plastic. Avoid crowds; use light.").avoid == ["plastic", "crowds"]


def test_brands_without_colours_have_their_own() -> None:
    palettes = {
        tuple(analysed(name=name).palette) for name in ("Kumo", "Acme", "Lumen", "Borealis", "Onda", "Pixel")
    }
    assert len(palettes) > 2
