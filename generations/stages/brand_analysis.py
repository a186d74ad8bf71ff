"""How should the brand look and sound in the picture?"""

from collections.abc import Mapping
from typing import Any

from analysis.contracts import BrandInput
from analysis.services import brand_analyse
from generations.models import Clip, Generation
from generations.services.moderation import input_moderate
from generations.services.offers import prompt_input
from generations.services.requests import request_of
from generations.stages.base import StageWork, warnings_add
from generations.stages.text_task import context_of, made_by


def execute(work: StageWork) -> Mapping[str, Any]:
    request, context = request_of(work.generation), context_of(work)
    warnings = input_moderate(request, context)
    brand = BrandInput.model_validate(request["brand"])
    result = brand_analyse(brand=brand, request=prompt_input(request), context=context)
    return {"brand": result.value.model_dump(mode="json"), **made_by(result, *warnings)}


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    generation.brand_analysis = output["brand"]
    warnings_add(generation, output)
    generation.save(update_fields=["brand_analysis", "warnings"])
