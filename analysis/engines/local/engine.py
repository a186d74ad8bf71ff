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
from analysis.engines.local.brand import analyse_brand
from analysis.engines.local.edit import classify_edit
from analysis.engines.local.prompt import analyse_prompt
from analysis.engines.local.storyboard import write_storyboard


class LocalEngine:
    """Needs no network, no key and no state. An `AnalysisEngine`."""

    name = "local"

    def prompt_analysis(self, request: PromptInput) -> PromptAnalysis:
        """See `AnalysisEngine`."""
        return analyse_prompt(request)

    def brand_analysis(self, brand: BrandInput, request: PromptInput) -> BrandAnalysis:
        """See `AnalysisEngine`."""
        return analyse_brand(brand, request)

    def micro_prompts(self, request: StoryboardInput) -> Storyboard:
        """See `AnalysisEngine`."""
        return write_storyboard(request)

    def edit_classification(self, edit: EditInput) -> EditClassification:
        """See `AnalysisEngine`."""
        return classify_edit(edit)
