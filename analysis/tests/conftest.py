"""What the tests of the text tasks share."""

from collections.abc import Callable

import pytest

from analysis.contracts import BrandAnalysis, BrandInput, PromptInput, Storyboard, StoryboardInput
from analysis.engines.local.brand import analyse_brand
from analysis.engines.local.prompt import analyse_prompt
from analysis.engines.local.storyboard import write_storyboard
from analysis.tests.openai import openai_server as openai_server
from analysis.tests.openai import transport as transport
from videogen.testing.away import away_database as away_database
from videogen.testing.away import away_redis as away_redis

COFFEE = "A 15 second ad for a reusable coffee cup, rainy Tokyo street at night"
StoryboardOf = Callable[..., Storyboard]


@pytest.fixture
def storyboard_of() -> StoryboardOf:
    """A storyboard by the local engine, from a prompt and what differs from the defaults."""

    def make(
        prompt: str = COFFEE,
        *,
        seed: int = 0,
        brand: BrandAnalysis | None = None,
        pacing: str = "",
        **request: object,
    ) -> Storyboard:
        asked = PromptInput.model_validate({"prompt": prompt, **request})
        analysis = analyse_prompt(asked)
        if pacing:
            analysis = analysis.model_copy(update={"pacing": pacing})
        return write_storyboard(StoryboardInput(request=asked, analysis=analysis, brand=brand, seed=seed))

    return make


@pytest.fixture
def kumo() -> BrandAnalysis:
    """A brand with two colours and a slogan."""
    brand = BrandInput(name="Kumo", palette=["#ff5a36", "#101820"], guidelines='Slogan: "Keep the cloud"')
    return analyse_brand(brand, PromptInput(prompt=COFFEE))
