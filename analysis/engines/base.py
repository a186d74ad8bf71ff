"""The protocol of an engine: what does the four text tasks."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar
from uuid import UUID

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
from videogen.kernel.waiting import Tick, nothing

Value = TypeVar("Value")


@dataclass(frozen=True)
class CallContext:
    """On whose behalf a task is done.

    `ticket` names the attempt and keeps its place among those that wait for a limit. `tick` is
    called a few times a second while an answer is awaited; it raises when nobody wants it any more.
    """

    generation_id: UUID | None = None
    ticket: str = ""
    tick: Tick = nothing


#: For callers of whom nothing is known.
ANYBODY = CallContext()


@dataclass(frozen=True)
class TaskResult(Generic[Value]):
    """The answer to one task, and what it took to get it.

    `engine` says who gave it; `cached`: it was answered before, and cost nothing now; `warnings`
    are for the client. `cost_usd` is what the ledger has for this answer, repairs included,
    since the caller last came back with its ticket.
    """

    value: Value
    engine: str
    cost_usd: Decimal = Decimal(0)
    cached: bool = False
    warnings: tuple[str, ...] = ()


class AnalysisEngine(Protocol):
    """Does the text tasks. Any valid input gets a valid answer, or an `AnalysisError`.

    An engine that has limits raises `videogen.kernel.errors.Postponed` where a caller should come back.
    """

    name: str

    def prepare(self) -> None:
        """Load what tasks need, so that processes that are forked later need not. Nothing is asked yet."""

    def prompt_analysis(self, request: PromptInput, context: CallContext) -> TaskResult[PromptAnalysis]:
        """What the prompt asks for, in the user's own words."""

    def brand_analysis(
        self, brand: BrandInput, request: PromptInput, context: CallContext
    ) -> TaskResult[BrandAnalysis]:
        """How the brand should look and sound in the picture."""

    def micro_prompts(self, request: StoryboardInput, context: CallContext) -> TaskResult[Storyboard]:
        """The scenes, one prompt for each; their durations sum to the requested duration exactly."""

    def edit_classification(self, edit: EditInput, context: CallContext) -> TaskResult[EditClassification]:
        """What the instruction changes about the finished storyboard."""

    def moderation(self, texts: list[str], context: CallContext) -> list[str]:
        """The categories for which any of the texts must be blocked, the worst first; empty for none.

        An engine that offers no moderation answers with an empty list.
        """
