"""What the text of a video costs, in tokens of the models' own vocabulary. No network."""

from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from analysis.engines.openai.tasks import TASKS
from analysis.evaluation.token_cost import (
    AIM_USD,
    CACHEABLE_TOKENS,
    SEED_USD,
    call_of_an_edit,
    calls_of_a_generation,
    schema_tokens,
    table_of,
    tokens,
)


def test_tokens_are_counted_as_the_models_count_them() -> None:
    # From the examples of tiktoken, which made the vocabulary.
    assert tokens("tiktoken is great!") == 6
    assert tokens("お誕生日おめでとう") == 8


def test_a_30_second_video_with_a_brand_costs_less_than_a_cent() -> None:
    total = sum((call.usd for call in calls_of_a_generation()), Decimal(0))
    assert Decimal("0.001") < total < AIM_USD < SEED_USD


def test_every_call_is_at_its_default_model_and_has_a_price() -> None:
    models = {call.task: call.model for call in [*calls_of_a_generation(), call_of_an_edit()]}
    assert models == {
        "prompt_analysis": "gpt-6-luna",
        "brand_analysis": "gpt-6.1-terra",
        "micro_prompts": "gpt-6.1-terra",
        "edit_classification": "gpt-6-luna",
    }
    assert all(call.usd > 0 for call in calls_of_a_generation())


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_the_part_of_a_question_that_never_changes_is_short(task) -> None:
    assert tokens(task.prompt.text) + schema_tokens(task) < CACHEABLE_TOKENS


def test_the_table_shows_the_seed_beside_ours() -> None:
    console = Console(width=200, record=True, file=StringIO())
    console.print(table_of(calls_of_a_generation(), call_of_an_edit()))
    text = console.export_text()
    assert "micro_prompts" in text
    assert "0.08300" in text
    assert "Assumed: reasoning" in text
