"""The prompts of the evaluation, read from `prompts.toml`."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from analysis.contracts import BrandInput, EditKind, PromptInput

FILE = Path(__file__).with_name("prompts.toml")


class Edit(BaseModel):
    """An edit instruction, and what it may be taken for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instruction: str
    kinds: Annotated[list[EditKind], Field(min_length=1)]
    positions: list[int]


#: For the cases without an edit of their own.
ANY_EDIT = Edit(instruction="Make the first scene darker", kinds=["restyle"], positions=[1])


class Case(BaseModel):
    """One prompt, and what is expected of the answers. See the head of `prompts.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str
    tags: Annotated[list[str], Field(min_length=1)]
    style: str = ""
    aspect_ratio: str = "16:9"
    duration_seconds: int = 15
    brand: BrandInput | None = None
    expect: dict[str, list[str]] = {}
    edit: Edit = ANY_EDIT
    payload: str = ""
    unsafe: bool = False

    @property
    def request(self) -> PromptInput:
        """What `prompt_analysis` is asked."""
        return PromptInput.model_validate(
            self.model_dump(include={"prompt", "style", "aspect_ratio", "duration_seconds"})
        )


@cache
def cases() -> tuple[Case, ...]:
    """All of them, in the order of the file."""
    rows: list[dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["case"]
    return tuple(Case.model_validate(row) for row in rows)
