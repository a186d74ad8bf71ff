"""How should the brand look and sound in the picture?"""

from collections.abc import Mapping
from typing import Any

from analysis.contracts import BrandInput
from analysis.services import brand_analyse
from generations.models import Clip, Generation
from generations.services.planning import prompt_input
from generations.services.requests import request_of
from generations.stages.base import StageWork


def execute(work: StageWork) -> Mapping[str, Any]:
    brand = BrandInput.model_validate(work.generation.brand)
    result = brand_analyse(brand=brand, request=prompt_input(request_of(work.generation)))
    return {
        "brand": result.value.model_dump(mode="json"),
        "engine": result.engine,
        "warnings": result.warnings,
    }


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    generation.brand_analysis = output["brand"]
    generation.warnings = [*generation.warnings, *output["warnings"]]
    generation.save(update_fields=["brand_analysis", "warnings"])
