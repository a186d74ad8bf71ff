"""The storyboard: one scene and one micro-prompt for each clip."""

from collections.abc import Mapping
from typing import Any

from analysis.contracts import BrandAnalysis, PromptAnalysis, Storyboard, StoryboardInput
from analysis.services import micro_prompts_write
from generations.models import Clip, Generation
from generations.services.planning import prompt_input
from generations.services.requests import request_of
from generations.services.storyboards import storyboard_adopt
from generations.stages.base import StageWork


def execute(work: StageWork) -> Mapping[str, Any]:
    generation = work.generation
    brand = generation.brand_analysis
    result = micro_prompts_write(
        request=StoryboardInput(
            request=prompt_input(request_of(generation)),
            analysis=PromptAnalysis.model_validate(generation.analysis),
            brand=BrandAnalysis.model_validate(brand) if brand else None,
            seed=generation.seed,
        )
    )
    return {
        "storyboard": result.value.model_dump(mode="json"),
        "engine": result.engine,
        "warnings": result.warnings,
    }


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    generation.warnings = [*generation.warnings, *output["warnings"]]
    generation.save(update_fields=["warnings"])
    storyboard_adopt(generation=generation, storyboard=Storyboard.model_validate(output["storyboard"]))
