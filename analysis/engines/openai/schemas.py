"""The answers of a language model: the contracts without what the code knows already, in few tokens.

A JSON Schema of them is sent along, in the part of JSON Schema that strict structured output accepts
everywhere: types, enumerations, objects of required properties, arrays, `anyOf` with null. Lengths,
patterns and bounds differ from server to server, and are left to the contracts and `checks`.
See https://developers.openai.com/api/docs/guides/structured-outputs, "Supported schemas".
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from analysis.contracts import (
    CameraMove,
    EditKind,
    Intent,
    Mood,
    Pacing,
    Setting,
    TimeOfDay,
    Weather,
)
from analysis.engines.local.text import clean

#: A text without control characters and line ends: no database stores a NUL, and no title has two lines.
Text = Annotated[str, AfterValidator(clean)]
#: The keywords of JSON Schema that are sent; what Pydantic says beside them costs tokens and decides nothing.
KEYWORDS = ("type", "enum", "const", "anyOf", "items", "properties", "required", "additionalProperties")


class Answer(BaseModel):
    """What a model answers to one task. Every property is required; what may be missing is null."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class PromptAnswer(Answer):
    """The answer to `prompt_analysis`."""

    language: Text
    intent: Intent
    subject: Text
    place: Text
    setting: Setting
    time_of_day: TimeOfDay
    weather: Weather
    mood: Mood
    palette: list[Text]
    camera: CameraMove
    pacing: Pacing
    keywords: list[Text]


class BrandAnswer(Answer):
    """The answer to `brand_analysis`. The brand's name, tone and own colours are not asked for."""

    companion_colours: list[Text]
    mood: Mood
    tone: Text
    tagline: Text
    avoid: list[Text]


class Change(Answer):
    """Where a scene leaves what the analysis says of the whole video."""

    setting: Setting | None
    time_of_day: TimeOfDay | None
    weather: Weather | None
    mood: Mood | None


class SceneAnswer(Answer):
    """One scene. Its position is its place in the list; its colours are computed."""

    duration_seconds: float
    title: Text
    micro_prompt: Text
    subject: Text
    camera: CameraMove
    change: Change | None


class StoryboardAnswer(Answer):
    """The answer to `micro_prompts`."""

    title: Text
    scenes: list[SceneAnswer]


class EditAnswer(Answer):
    """The answer to `edit_classification`."""

    kind: EditKind
    positions: list[int]
    instruction: Text
    confidence: float


def schema_of(answer: type[Answer]) -> dict[str, Any]:
    """The strict JSON Schema of an answer, without references, titles and descriptions."""
    schema = answer.model_json_schema()
    return _plain(schema, schema.get("$defs", {}))


def _plain(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    if reference := schema.get("$ref"):
        return _plain(definitions[reference.rpartition("/")[2]], definitions)
    kept = {keyword: schema[keyword] for keyword in KEYWORDS if keyword in schema}
    if "properties" in kept:
        kept["properties"] = {name: _plain(part, definitions) for name, part in kept["properties"].items()}
    if "items" in kept:
        kept["items"] = _plain(kept["items"], definitions)
    if "anyOf" in kept:
        kept["anyOf"] = [_plain(part, definitions) for part in kept["anyOf"]]
    return kept
