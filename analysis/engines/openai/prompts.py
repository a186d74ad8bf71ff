"""The instructions of each task: Markdown files under `prompts/`, which never hold anything of a user."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

FOLDER = Path(__file__).with_name("prompts")


@dataclass(frozen=True)
class Prompt:
    """What a language model is told to do. `version` changes with every edit of the text."""

    task: str
    version: str
    text: str


@cache
def prompt_of(task: str, revision: str = "v1") -> Prompt:
    """The instructions `prompts/<task>.<revision>.md`, of version `<revision>-<hash of the text>`."""
    text = (FOLDER / f"{task}.{revision}.md").read_text(encoding="utf-8").strip()
    return Prompt(task, f"{revision}-{sha256(text.encode()).hexdigest()[:8]}", text)
