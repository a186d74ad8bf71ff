"""What does the prompt ask for?"""

from collections.abc import Mapping
from typing import Any

from analysis.services import prompt_analyse
from generations.models import Clip, Generation
from generations.services.planning import prompt_input
from generations.services.requests import request_of
from generations.stages.base import StageWork


def execute(work: StageWork) -> Mapping[str, Any]:
    result = prompt_analyse(request=prompt_input(request_of(work.generation)))
    return {
        "analysis": result.value.model_dump(mode="json"),
        "engine": result.engine,
        "warnings": result.warnings,
    }


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    generation.analysis = output["analysis"]
    generation.warnings = [*generation.warnings, *output["warnings"]]
    generation.save(update_fields=["analysis", "warnings"])
