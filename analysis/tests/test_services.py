"""The tasks as the rest of the product calls them."""

from decimal import Decimal

import pytest
from pytest_django.fixtures import Settings

from analysis.contracts import BrandInput, EditInput, PromptInput, StoryboardInput
from analysis.errors import AnalysisError
from analysis.services import brand_analyse, edit_classify, micro_prompts_write, prompt_analyse

REQUEST = PromptInput(prompt="A boat on the sea")


def test_the_four_tasks_follow_each_other() -> None:
    analysis = prompt_analyse(request=REQUEST).value
    brand = brand_analyse(brand=BrandInput(name="Kumo"), request=REQUEST).value
    storyboard = micro_prompts_write(
        request=StoryboardInput(request=REQUEST, analysis=analysis, brand=brand)
    ).value
    edit = edit_classify(request=EditInput(instruction="remove scene 1", storyboard=storyboard)).value
    assert (analysis.setting, storyboard.scenes[-1].title, edit.kind) == ("sea", "Kumo", "remove_scene")


def test_a_result_says_who_gave_it_and_what_it_cost() -> None:
    result = prompt_analyse(request=REQUEST)
    assert (result.engine, result.cost_usd, result.warnings) == ("local", Decimal(0), ())


def test_an_engine_that_does_not_exist_is_refused_by_name(settings: Settings) -> None:
    settings.ANALYSIS_ENGINE = "oracle"
    with pytest.raises(AnalysisError, match="oracle") as refused:
        prompt_analyse(request=REQUEST)
    assert refused.value.code == "analysis.engine_unknown"
