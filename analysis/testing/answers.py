"""Answers for the test server that a competent model would give: the local engine reads the same data."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from analysis.contracts import (
    BrandAnalysis,
    BrandInput,
    EditInput,
    PromptAnalysis,
    PromptInput,
    Scene,
    Storyboard,
    StoryboardInput,
)
from analysis.engines.local.brand import analyse_brand
from analysis.engines.local.edit import classify_edit
from analysis.engines.local.prompt import analyse_prompt
from analysis.engines.local.screenplay import coda
from analysis.engines.local.storyboard import write_storyboard
from analysis.engines.local.text import fit
from analysis.engines.openai.checks import MICRO_PROMPT_CHARACTERS
from analysis.testing.openai_server.schemas import Answerer

Json = dict[str, Any]


def storyboard_asked(data: Mapping[str, Any]) -> StoryboardInput:
    """The input that the data of `micro_prompts` was made from, but for its seed."""
    brand = data.get("brand")
    return StoryboardInput(
        request=PromptInput.model_validate(
            {name: data[name] for name in PromptInput.model_fields if name in data}
        ),
        analysis=PromptAnalysis.model_validate({"place": "", "keywords": [], **data["analysis"]}),
        brand=BrandAnalysis.model_validate({"tone": "", **brand}) if brand else None,
    )


def storyboard_answer(storyboard: Storyboard, asked: StoryboardInput) -> Json:
    """A storyboard as the model would have to write it."""
    scenes = [_scene(scene, len(storyboard.scenes), asked) for scene in storyboard.scenes]
    told = Counter[str]()
    for scene in scenes:
        seen = scene["micro_prompt"]
        told[seen] += 1
        if told[seen] > 1:  # The local engine's words run out in a long film.
            scene["micro_prompt"] = f"Return number {told[seen]} to this view. {seen}"
    return {"title": storyboard.title, "scenes": scenes}


def _scene(scene: Scene, count: int, asked: StoryboardInput) -> Json:
    shared = coda(scene.position, count, scene.palette, scene.mood, asked)
    seen = scene.micro_prompt.removesuffix(shared).strip()
    look = {name: getattr(scene, name) for name in ("setting", "time_of_day", "weather", "mood")}
    change = {name: None if value == getattr(asked.analysis, name) else value for name, value in look.items()}
    return {
        "duration_seconds": float(scene.duration_seconds),
        "title": scene.title,
        "micro_prompt": fit(seen, MICRO_PROMPT_CHARACTERS - 40),
        "subject": scene.subject,
        "camera": scene.camera,
        "change": change if any(change.values()) else None,
    }


def _prompt_analysis(task: str, schema: Mapping[str, Any], data: Mapping[str, Any]) -> Json:
    return analyse_prompt(PromptInput.model_validate(data)).model_dump(mode="json")


def _brand_analysis(task: str, schema: Mapping[str, Any], data: Mapping[str, Any]) -> Json:
    brand = BrandInput.model_validate({name: value for name, value in data.items() if name != "language"})
    read = analyse_brand(brand, PromptInput(prompt=brand.name))
    return {
        "companion_colours": [colour for colour in read.palette if colour not in brand.palette],
        **read.model_dump(mode="json", include={"mood", "tone", "tagline", "avoid"}),
    }


def _micro_prompts(task: str, schema: Mapping[str, Any], data: Mapping[str, Any]) -> Json:
    asked = storyboard_asked(data)
    return storyboard_answer(write_storyboard(asked), asked)


def _edit_classification(task: str, schema: Mapping[str, Any], data: Mapping[str, Any]) -> Json:
    # What the data leaves out does not matter for the kind of an edit.
    scenes = [
        {"title": "", "micro_prompt": f"Scene {scene['position']}.", "palette": ["#000000"] * 3, **scene}
        for scene in data["scenes"]
    ]
    storyboard = Storyboard.model_validate({"title": "A video", "scenes": scenes})
    edit = EditInput(instruction=data["instruction"], storyboard=storyboard)
    return classify_edit(edit).model_dump(mode="json")


#: By the name of the schema, which is the task's.
ANSWERS: dict[str, Answerer] = {
    "prompt_analysis": _prompt_analysis,
    "brand_analysis": _brand_analysis,
    "micro_prompts": _micro_prompts,
    "edit_classification": _edit_classification,
}
