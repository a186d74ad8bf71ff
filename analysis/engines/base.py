"""The protocol of an engine: what does the four text tasks."""

from typing import Protocol

from analysis.contracts import (
    BrandAnalysis,
    BrandInput,
    EditClassification,
    EditInput,
    PromptAnalysis,
    PromptInput,
    Storyboard,
    StoryboardInput,
)


class AnalysisEngine(Protocol):
    """Does the text tasks. Any valid input gets a valid answer, or an `AnalysisError`."""

    name: str

    def prompt_analysis(self, request: PromptInput) -> PromptAnalysis:
        """What the prompt asks for, in the user's own words."""

    def brand_analysis(self, brand: BrandInput, request: PromptInput) -> BrandAnalysis:
        """How the brand should look and sound in the picture."""

    def micro_prompts(self, request: StoryboardInput) -> Storyboard:
        """The scenes, one prompt for each; their durations sum to the requested duration exactly."""

    def edit_classification(self, edit: EditInput) -> EditClassification:
        """What the instruction changes about the finished storyboard."""
