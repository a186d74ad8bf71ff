"""The local engine: each task is one pure function."""

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
from analysis.engines.base import CallContext, TaskResult
from analysis.engines.local.brand import analyse_brand
from analysis.engines.local.edit import classify_edit
from analysis.engines.local.prompt import analyse_prompt
from analysis.engines.local.storyboard import write_storyboard
from analysis.engines.local.vocabulary import vocabulary


class LocalEngine:
    """Needs no network, no key and no state. An `AnalysisEngine`."""

    name = "local"

    def prepare(self) -> None:
        """See `AnalysisEngine`."""
        vocabulary()

    def prompt_analysis(self, request: PromptInput, context: CallContext) -> TaskResult[PromptAnalysis]:
        """See `AnalysisEngine`."""
        return TaskResult(analyse_prompt(request), self.name)

    def brand_analysis(
        self, brand: BrandInput, request: PromptInput, context: CallContext
    ) -> TaskResult[BrandAnalysis]:
        """See `AnalysisEngine`."""
        return TaskResult(analyse_brand(brand, request), self.name)

    def micro_prompts(self, request: StoryboardInput, context: CallContext) -> TaskResult[Storyboard]:
        """See `AnalysisEngine`."""
        return TaskResult(write_storyboard(request), self.name)

    def edit_classification(self, edit: EditInput, context: CallContext) -> TaskResult[EditClassification]:
        """See `AnalysisEngine`."""
        return TaskResult(classify_edit(edit), self.name)

    def moderation(self, texts: list[str], context: CallContext) -> list[str]:
        """It has no moderation: what it draws are its own pictures."""
        return []
