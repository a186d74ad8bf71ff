"""What does the prompt ask for?"""

from collections.abc import Mapping
from typing import Any

from analysis.services import prompt_analyse
from generations.models import Clip, Generation
from generations.services.moderation import input_moderate
from generations.services.offers import prompt_input
from generations.services.requests import request_of
from generations.stages.base import StageWork, warnings_add
from generations.stages.text_task import context_of, made_by


def execute(work: StageWork) -> Mapping[str, Any]:
    request, context = request_of(work.generation), context_of(work)
    warnings = input_moderate(request, context)
    result = prompt_analyse(request=prompt_input(request), context=context)
    return {"analysis": result.value.model_dump(mode="json"), **made_by(result, *warnings)}


def apply(generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
    generation.analysis = output["analysis"]
    warnings_add(generation, output)
    generation.save(update_fields=["analysis", "warnings"])
