"""The four text tasks for a language model: what it is given, and what becomes of its answer."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from analysis.contracts import (
    BrandAnalysis,
    BrandInput,
    Contract,
    EditClassification,
    EditInput,
    PromptAnalysis,
    PromptInput,
    Storyboard,
    StoryboardInput,
)
from analysis.engines.local.durations import UNIT, apportioned, clip_count
from analysis.engines.local.language import language_of
from analysis.engines.local.palettes import (
    completed,
    distinct,
    is_grey,
    monochrome,
    palette_in_film,
    scene_palette,
)
from analysis.engines.local.phrases import beats, without_opening
from analysis.engines.local.reading import read
from analysis.engines.local.screenplay import LONGEST, coda
from analysis.engines.local.text import capitalised, clean, fit
from analysis.engines.openai.checks import (
    brand_checks,
    edit_checks,
    leak_checks,
    prompt_checks,
    storyboard_checks,
)
from analysis.engines.openai.prompts import Prompt, prompt_of
from analysis.engines.openai.schemas import (
    Answer,
    BrandAnswer,
    Change,
    EditAnswer,
    PromptAnswer,
    SceneAnswer,
    StoryboardAnswer,
    schema_of,
)

Input = TypeVar("Input")
Value = TypeVar("Value", bound=Contract)

MOST_KEYWORDS, MOST_AVOIDED = 12, 8
#: Two half seconds: what the contract calls the shortest scene.
SHORTEST_UNITS = 2
#: Room for thinking at low effort and for the answer itself, several times what is usual.
ROOM_TOKENS, ROOM_TOKENS_PER_SCENE = 1500, 400
UNCHANGED = Change(setting=None, time_of_day=None, weather=None, mood=None)


class NotAsAsked(Exception):
    """An answer that does not keep to what was asked. `reasons` are sentences that a model can act on."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True)
class BrandRequest:
    """What `brand_analysis` reads."""

    brand: BrandInput
    request: PromptInput


@dataclass(frozen=True)
class Task(Generic[Input, Value]):
    """One task. `data` is what the model is given, `answer` what it writes, `value` what that stands for."""

    name: str
    value: type[Value]
    answer: type[Answer]
    data: Callable[[Input], dict[str, Any]]
    check: Callable[[Any, Input], list[str]]
    assemble: Callable[[Any, Input], Value]
    max_output_tokens: Callable[[Input], int]

    @property
    def prompt(self) -> Prompt:
        """The instructions."""
        return prompt_of(self.name)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The strict JSON Schema of the answer."""
        return schema_of(self.answer)

    @cached_property
    def value_schema(self) -> dict[str, Any]:
        """The JSON Schema of the value."""
        return self.value.model_json_schema()

    def user_turn(self, asked: Input) -> str:
        """The data as one JSON document: whatever is in it is a string, and cannot end it."""
        return json.dumps(self.data(asked), ensure_ascii=False, separators=(",", ":"))

    def cache_payload(self, asked: Input) -> dict[str, Any]:
        """The data as far as it matters: composed characters, single spaces, sorted keys."""
        normalised: dict[str, Any] = _normalised(self.data(asked))
        return normalised

    def read(self, text: str, asked: Input) -> Value:
        """The value that an answer stands for. Raises `NotAsAsked` with every reason that can be told."""
        try:
            answer = self.answer.model_validate_json(_unfenced(text))
        except ValidationError as error:
            raise NotAsAsked(_sentences(error)) from None
        leaks = leak_checks(answer.model_dump(), self.prompt.text, self.data(asked))
        if reasons := [*self.check(answer, asked), *leaks]:
            raise NotAsAsked(reasons)
        try:
            return self.assemble(answer, asked)
        except ValidationError as error:
            raise NotAsAsked(_sentences(error)) from None


def scenes_expected(asked: StoryboardInput) -> int:
    """How many scenes suit the duration, the pacing, and the steps that the prompt tells."""
    whole = read(clean(asked.request.prompt) or asked.analysis.subject, asked.analysis.language)
    told = beats(without_opening(whole.text, whole.language), whole.language)
    return clip_count(asked.request.duration_seconds, asked.analysis.pacing, at_least=len(told))


def _prompt_data(request: PromptInput) -> dict[str, Any]:
    return _said({"prompt": request.prompt, "style": request.style})


def _brand_data(asked: BrandRequest) -> dict[str, Any]:
    # Of the request only its language: the same brand is then read once for all of its videos.
    language = language_of(asked.request.prompt)
    return _said({**asked.brand.model_dump(), "language": "" if language == "und" else language})


def _storyboard_data(asked: StoryboardInput) -> dict[str, Any]:
    data = {
        **asked.request.model_dump(),
        "scene_count": scenes_expected(asked),
        "analysis": _said(asked.analysis.model_dump()),
        "brand": _said(asked.brand.model_dump()) if asked.brand else None,
    }
    return _said(data)


def _edit_data(edit: EditInput) -> dict[str, Any]:
    left_out = {"micro_prompt", "palette"}
    scenes = [scene.model_dump(mode="json", exclude=left_out) for scene in edit.storyboard.scenes]
    return {"instruction": edit.instruction, "scenes": [_said(scene) for scene in scenes]}


def _analysis(answer: PromptAnswer, request: PromptInput) -> PromptAnalysis:
    keywords = list(dict.fromkeys(filter(None, answer.keywords)))[:MOST_KEYWORDS]
    said = answer.model_dump() | {"palette": distinct(answer.palette), "keywords": keywords}
    return PromptAnalysis.model_validate(said)


def _brand(answer: BrandAnswer, asked: BrandRequest) -> BrandAnalysis:
    name = clean(asked.brand.name) or asked.brand.name
    return BrandAnalysis(
        name=name,
        palette=distinct([*asked.brand.palette, *answer.companion_colours]),
        mood=answer.mood,
        tone=clean(asked.brand.tone) or fit(answer.tone, 200),
        tagline=answer.tagline or name,
        avoid=list(dict.fromkeys(filter(None, answer.avoid)))[:MOST_AVOIDED],
    )


def _storyboard(answer: StoryboardAnswer, asked: StoryboardInput) -> Storyboard:
    weights = [scene.duration_seconds for scene in answer.scenes]
    lengths = apportioned(2 * asked.request.duration_seconds, weights, shortest=SHORTEST_UNITS)
    scenes = [
        _scene(scene, index, len(lengths), asked) | {"duration_seconds": UNIT * units}
        for index, (scene, units) in enumerate(zip(answer.scenes, lengths, strict=True))
    ]
    return Storyboard.model_validate({"title": answer.title, "scenes": scenes})


def _scene(scene: SceneAnswer, index: int, count: int, asked: StoryboardInput) -> dict[str, Any]:
    change = scene.change or UNCHANGED
    look = {
        name: getattr(change, name) or getattr(asked.analysis, name)
        for name in ("setting", "time_of_day", "weather", "mood")
    }
    palette = _palette(look, index, count, asked)
    shared = coda(index + 1, count, palette, look["mood"], asked)
    seen = capitalised(scene.micro_prompt.rstrip(" .。"))
    return {
        "position": index + 1,
        "title": scene.title,
        "micro_prompt": f"{fit(seen, LONGEST - len(shared) - 2)}. {shared}",
        "subject": scene.subject,
        "camera": scene.camera,
        "palette": palette,
        **look,
    }


def _palette(look: dict[str, Any], index: int, count: int, asked: StoryboardInput) -> list[str]:
    """The colours of the analysis, those of another light where a scene has one, and the brand's."""
    base = list(asked.analysis.palette)
    if (look["time_of_day"], look["weather"]) != (asked.analysis.time_of_day, asked.analysis.weather):
        light = scene_palette(
            time=look["time_of_day"], weather=look["weather"], mood=look["mood"], setting=look["setting"]
        )
        base = monochrome(light) if all(map(is_grey, base)) else light
    brand = list(asked.brand.palette) if asked.brand else []
    return completed(palette_in_film(base, brand, index=index, count=count))


def _classification(answer: EditAnswer, edit: EditInput) -> EditClassification:
    positions = list(dict.fromkeys(answer.positions))
    if answer.kind != "reorder":
        positions.sort()
    said = {"positions": [] if answer.kind == "unclear" else positions}
    return EditClassification.model_validate(answer.model_dump() | said)


def _room_for_scenes(asked: StoryboardInput) -> int:
    return ROOM_TOKENS + ROOM_TOKENS_PER_SCENE * scenes_expected(asked)


def _said(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is empty: it says nothing, and costs."""
    return {name: value for name, value in data.items() if value not in ("", None, [])}


def _normalised(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).split())
    if isinstance(value, dict):
        return {name: _normalised(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_normalised(part) for part in value]
    return value


def _unfenced(text: str) -> str:
    """Without the Markdown that some models put around JSON."""
    text = text.strip()
    if text.startswith("```") and text.endswith("```"):
        return text[3:-3].strip().removeprefix("json")
    return text


def _sentences(error: ValidationError) -> list[str]:
    return [_sentence(problem) for problem in error.errors(include_url=False, include_input=False)]


def _sentence(problem: ErrorDetails) -> str:
    # The name of a property that should not be there is the model's, and may be anything.
    path = problem["loc"][:-1] if problem["type"] == "extra_forbidden" else problem["loc"]
    return f"{'.'.join(map(str, path)) or 'answer'}: {problem['msg']}"


PROMPT_ANALYSIS = Task(
    name="prompt_analysis",
    value=PromptAnalysis,
    answer=PromptAnswer,
    data=_prompt_data,
    check=prompt_checks,
    assemble=_analysis,
    max_output_tokens=lambda _: ROOM_TOKENS,
)
BRAND_ANALYSIS = Task(
    name="brand_analysis",
    value=BrandAnalysis,
    answer=BrandAnswer,
    data=_brand_data,
    check=lambda answer, asked: brand_checks(answer, asked.brand),
    assemble=_brand,
    max_output_tokens=lambda _: ROOM_TOKENS,
)
MICRO_PROMPTS = Task(
    name="micro_prompts",
    value=Storyboard,
    answer=StoryboardAnswer,
    data=_storyboard_data,
    check=storyboard_checks,
    assemble=_storyboard,
    max_output_tokens=_room_for_scenes,
)
EDIT_CLASSIFICATION = Task(
    name="edit_classification",
    value=EditClassification,
    answer=EditAnswer,
    data=_edit_data,
    check=edit_checks,
    assemble=_classification,
    max_output_tokens=lambda _: ROOM_TOKENS,
)
TASKS: dict[str, Task[Any, Any]] = {
    task.name: task for task in (PROMPT_ANALYSIS, BRAND_ANALYSIS, MICRO_PROMPTS, EDIT_CLASSIFICATION)
}
