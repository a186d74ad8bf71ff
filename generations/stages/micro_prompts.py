"""The storyboard: one scene and one micro-prompt for each clip."""

from collections.abc import Mapping
from typing import Any

from analysis.contracts import BrandAnalysis, PromptAnalysis, Storyboard, StoryboardInput
from analysis.services import micro_prompts_write, texts_moderate
from generations.models import Clip, Generation
from generations.services.offers import prompt_input
from generations.services.requests import request_of
from generations.services.storyboards import storyboard_adopt
from generations.stages.base import StageWork, warnings_add
from generations.stages.text_task import context_of, made_by


def execute(work: StageWork) -> Mapping[str, Any]:
    generation, context = work.generation, context_of(work)
    brand = generation.brand_analysis
    result = micro_prompts_write(
        request=StoryboardInput(
            request=prompt_input(request_of(generation)),
            analysis=PromptAnalysis.model_validate(generation.analysis),
            brand=BrandAnalysis.model_validate(brand) if brand else None,
            seed=generation.seed,
        ),
        context=context,
    )
    warnings = texts_moderate(texts=_written(result.value), part="output", context=context)
    return {"storyboard": result.value.model_dump(mode="json"), **made_by(result, *warnings)}


def _written(storyboard: Storyboard) -> list[str]:
    """What a provider is asked for, and what stands on the picture: a text for each scene."""
    return [f"{scene.title}\n{scene.micro_prompt}".strip() for scene in storyboard.scenes]


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    warnings_add(generation, output)
    generation.save(update_fields=["warnings"])
    storyboard_adopt(generation=generation, storyboard=Storyboard.model_validate(output["storyboard"]))
