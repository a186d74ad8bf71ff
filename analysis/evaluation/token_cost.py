"""What the text of a 30 second video with a brand costs: `python -m analysis.evaluation.token_cost`.

Instructions, schemas, data and answers are counted in tokens of o200k_base, the vocabulary of OpenAI's
models since gpt-4o; the answers are the local engine's, written as the model has to write them. What
cannot be counted here is assumed, and said so under the table.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import quicktok
from rich import box
from rich.console import Console
from rich.table import Table

from analysis.contracts import BrandInput, EditInput, PromptInput, StoryboardInput
from analysis.engines.openai.tasks import (
    BRAND_ANALYSIS,
    EDIT_CLASSIFICATION,
    MICRO_PROMPTS,
    PROMPT_ANALYSIS,
    BrandRequest,
    Task,
)
from analysis.engines.openai.wire import Usage
from analysis.language_models import cost_usd, model_of, price_of
from analysis.testing.answers import ANSWERS

#: The seed's performance guide, "Model Selection Optimization": its own optimised total.
SEED_USD = Decimal("0.083")
AIM_USD = Decimal("0.01")
#: Role markers and the name of the schema, for each call.
ENVELOPE_TOKENS = 20
#: At low effort; a model that thinks more is as much more expensive.
REASONING_TOKENS = {
    "prompt_analysis": 128,
    "brand_analysis": 128,
    "micro_prompts": 256,
    "edit_classification": 128,
}
#: From this length on OpenAI keeps an input in its prompt cache, and charges for writing it there.
CACHEABLE_TOKENS = 1024
ASSUMPTIONS = (
    "Assumed: reasoning at low effort as shown, part of the output; a schema costs what its compact JSON "
    "costs; nothing is read from the provider's prompt cache, and inputs from "
    f"{CACHEABLE_TOKENS} tokens on are written to it."
)

REQUEST = PromptInput(
    prompt=(
        "An advertisement for a reusable coffee cup that keeps its heat for six hours. We follow a young "
        "architect through a rainy evening in Tokyo: she leaves the office, crosses a street full of "
        "umbrellas and neon, waits for the last train, and at home takes the first sip, still hot."
    ),
    style="cinematic, 35 mm film grain",
    duration_seconds=30,
)
BRAND = BrandInput(
    name="Kumo",
    palette=["#ff5a36", "#101820"],
    tone="warm, confident, a little playful",
    guidelines=(
        'Slogan: "Keep the cloud". The cup stands alone and is never crowded. Natural light, real hands. '
        "Never show plastic cups or other brands. Do not use words on the cup itself."
    ),
)
INSTRUCTION = "The second scene should play at dawn, with less rain"


@dataclass(frozen=True)
class Call:
    """One call of a generation, and what it costs."""

    task: str
    model: str
    usage: Usage
    usd: Decimal


def calls_of_a_generation() -> list[Call]:
    """What a 30 second video with a brand asks for, in order."""
    return [call for call, _ in _calls() if call.task != EDIT_CLASSIFICATION.name]


def call_of_an_edit() -> Call:
    """What an edit of that video asks for."""
    return next(call for call, _ in _calls() if call.task == EDIT_CLASSIFICATION.name)


def tokens(text: str) -> int:
    """The tokens of a text."""
    return len(_ENCODING.encode(text))


def schema_tokens(task: Task[Any, Any]) -> int:
    """The tokens of a schema, which is sent with every question."""
    return tokens(_json(task.schema))


def _calls() -> Iterator[tuple[Call, Any]]:
    yield (read := _call(PROMPT_ANALYSIS, REQUEST))
    yield (branded := _call(BRAND_ANALYSIS, BrandRequest(BRAND, REQUEST)))
    asked = StoryboardInput(request=REQUEST, analysis=read[1], brand=branded[1])
    yield (planned := _call(MICRO_PROMPTS, asked))
    yield _call(EDIT_CLASSIFICATION, EditInput(instruction=INSTRUCTION, storyboard=planned[1]))


def _call(task: Task[Any, Any], asked: Any) -> tuple[Call, Any]:
    answer = _json(ANSWERS[task.name](task.name, task.schema, json.loads(task.user_turn(asked))))
    fixed = tokens(task.prompt.text) + schema_tokens(task) + ENVELOPE_TOKENS
    sent = fixed + tokens(task.user_turn(asked))
    thought = REASONING_TOKENS[task.name]
    usage = Usage(
        input_tokens=sent,
        output_tokens=tokens(answer) + thought,
        reasoning_tokens=thought,
        cache_write_tokens=sent if sent >= CACHEABLE_TOKENS else 0,
    )
    model = model_of(task.name)
    return Call(task.name, model, usage, cost_usd(price_of(model), usage)), task.read(answer, asked)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def table_of(calls: list[Call], edit: Call) -> Table:
    """The table, with the seed's total beside ours."""
    total = sum((call.usd for call in calls), Decimal(0))
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        caption=f"{ASSUMPTIONS} {_margin(calls, total)}",
        caption_justify="left",
    )
    for name in ("task", "model"):
        table.add_column(name, no_wrap=True)
    for name in ("in", "to cache", "out", "thought", "USD"):
        table.add_column(name, justify="right", no_wrap=True)
    for call in calls:
        table.add_row(*_row(call))
    table.add_section()
    table.add_row("a generation", "", "", "", "", "", f"{total:.5f}", style="bold")
    table.add_row("the seed's table", "gpt-4, gpt-3.5", "", "", "", "", f"{SEED_USD:.5f}")
    table.add_section()
    table.add_row(*_row(edit))
    return table


def _margin(calls: list[Call], total: Decimal) -> str:
    """How much more the model of the longest answer may think before the aim is missed."""
    longest = max(calls, key=lambda call: call.usage.output_tokens)
    price = price_of(longest.model)
    if price is None or total >= AIM_USD:
        return f"The aim of {AIM_USD} USD is missed."
    more = int((AIM_USD - total) / price.output_usd * 1_000_000)
    return f"The aim of {AIM_USD} USD allows {longest.task} {more} tokens of reasoning more."


def _row(call: Call) -> list[str]:
    usage = call.usage
    counts = (
        usage.input_tokens,
        usage.cache_write_tokens,
        usage.output_tokens,
        usage.reasoning_tokens,
    )
    return [call.task, call.model, *(f"{count:,}" for count in counts), f"{call.usd:.5f}"]


_ENCODING = quicktok.get_encoding("o200k_base")

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
    Console().print(table_of(calls_of_a_generation(), call_of_an_edit()))
