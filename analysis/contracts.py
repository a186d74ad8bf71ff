"""What goes into each text task and what must come out of it, whatever engine does the work."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Setting = Literal[
    "mountains", "sea", "city", "street", "interior", "forest", "desert", "sky", "space", "abstract"
]
TimeOfDay = Literal["dawn", "day", "dusk", "night"]
Weather = Literal["clear", "cloudy", "rain", "snow", "fog", "storm"]
Mood = Literal[
    "neutral", "calm", "joyful", "energetic", "dramatic", "mysterious", "melancholic", "romantic", "epic"
]
CameraMove = Literal[
    "static", "pan_left", "pan_right", "tilt_up", "tilt_down", "push_in", "pull_out", "orbit"
]
Pacing = Literal["slow", "medium", "fast"]
EditKind = Literal[
    "restyle", "replace_scene", "retime", "retitle", "reorder", "remove_scene", "regenerate", "unclear"
]
Intent = Literal["advertisement", "story", "explainer", "social", "other"]

HexColour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-fA-F]{6}$", to_lower=True)]
Palette = Annotated[list[HexColour], Field(min_length=3, max_length=6)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Contract(BaseModel):
    """Strict and immutable: an engine that invents a field or a type is refused, not repaired."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class BrandInput(Contract):
    """The brand as a client describes it. Colours are `#rrggbb`."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
    palette: Annotated[list[HexColour], Field(max_length=6)] = []
    tone: Annotated[str, StringConstraints(max_length=200)] = ""
    guidelines: Annotated[str, StringConstraints(max_length=2000)] = ""


class PromptInput(Contract):
    """What `prompt_analysis` reads."""

    prompt: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    style: str = ""
    aspect_ratio: str = "16:9"
    duration_seconds: int = Field(default=15, ge=4, le=180)


class PromptAnalysis(Contract):
    """What a prompt asks for. `subject` and `keywords` keep the user's own words and language."""

    language: str = Field(description="BCP 47 tag, `und` where it cannot be told")
    intent: Intent
    subject: Line
    place: str = Field(max_length=200, description="the user's words for where; may be empty")
    setting: Setting
    time_of_day: TimeOfDay
    weather: Weather
    mood: Mood
    palette: Palette
    camera: CameraMove
    pacing: Pacing
    keywords: Annotated[list[Line], Field(max_length=12)]


class BrandAnalysis(Contract):
    """How the brand should look and sound in the picture."""

    name: str
    palette: Palette
    mood: Mood
    tone: str
    tagline: str = Field(max_length=80, description="closing line on screen; may be the name alone")
    avoid: list[Line] = []


class StoryboardInput(Contract):
    """What `micro_prompts` reads."""

    request: PromptInput
    analysis: PromptAnalysis
    brand: BrandAnalysis | None = None
    seed: int = 0


class Scene(Contract):
    """One scene of the storyboard; it becomes one clip.

    `position` counts from 1. `duration_seconds` is a multiple of 0.5, so that it is a whole
    number of frames at 24, 30 and 60 frames per second.
    """

    position: int = Field(ge=1)
    duration_seconds: Decimal = Field(ge=Decimal("1"), le=Decimal("15"), multiple_of=0.5)
    title: str = Field(max_length=60, description="words drawn on the picture; empty for none")
    micro_prompt: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1500)]
    subject: Line
    setting: Setting
    time_of_day: TimeOfDay
    weather: Weather
    mood: Mood
    camera: CameraMove
    palette: Palette


class Storyboard(Contract):
    """The ordered plan of a video. Positions run from 1 without a gap; no two micro-prompts are equal."""

    title: Line
    scenes: Annotated[list[Scene], Field(min_length=1, max_length=60)]

    @model_validator(mode="after")
    def _positions_and_prompts(self) -> Self:
        if [scene.position for scene in self.scenes] != list(range(1, len(self.scenes) + 1)):
            raise ValueError("scene positions must count from 1 without a gap")
        if len({scene.micro_prompt for scene in self.scenes}) != len(self.scenes):
            raise ValueError("each scene needs a micro-prompt of its own")
        return self

    @property
    def duration_seconds(self) -> Decimal:
        """The sum of the scenes, in seconds."""
        return sum((scene.duration_seconds for scene in self.scenes), Decimal(0))


class EditInput(Contract):
    """What `edit_classification` reads: an instruction about a finished storyboard."""

    instruction: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]
    storyboard: Storyboard


class EditClassification(Contract):
    """What an edit instruction changes. `positions` is empty when it concerns the whole video."""

    kind: EditKind
    positions: list[int]
    instruction: Line
    confidence: float = Field(ge=0, le=1)
