"""How often a model is asked for one answer, and what with. The scripted caller stands for the outside."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from analysis.contracts import PromptInput, StoryboardInput
from analysis.engines.local.prompt import analyse_prompt
from analysis.engines.openai.conversation import answer
from analysis.engines.openai.tasks import MICRO_PROMPTS, PROMPT_ANALYSIS
from analysis.engines.openai.wire import Question, Reply, Usage
from analysis.errors import AnalysisError, Malformed, RateLimited, Refused, Truncated
from analysis.testing.answers import ANSWERS
from analysis.tests.conftest import COFFEE
from videogen.kernel.errors import Postponed

REQUEST = PromptInput(prompt=COFFEE)
RIGHT = json.dumps(analyse_prompt(REQUEST).model_dump(mode="json"))
WRONG = json.dumps({**json.loads(RIGHT), "language": "de", "palette": ["red"]})
CUT = Truncated("The answer did not end.")


@dataclass
class ScriptedCaller:
    """A `Caller` whose answers are written down beforehand."""

    script: list[str | Exception]
    asked: list[tuple[Question, str, int]] = field(default_factory=list)

    def call(self, task: str, question: Question, *, version: str, attempt: int) -> Reply:
        self.asked.append((question, version, attempt))
        said = self.script[len(self.asked) - 1]
        if isinstance(said, Exception):
            raise said
        return Reply(text=said, usage=Usage(input_tokens=10, output_tokens=10))


def ask(*script: str | Exception) -> tuple[Callable[[], Any], ScriptedCaller]:
    caller = ScriptedCaller(list(script))
    return lambda: answer(PROMPT_ANALYSIS, REQUEST, caller=caller, model="gpt-6-luna", effort="low"), caller


def test_a_right_answer_is_asked_for_once() -> None:
    do, caller = ask(RIGHT)
    assert do() == analyse_prompt(REQUEST)
    question, version, attempt = caller.asked[0]
    assert (question.model, question.effort, question.schema_name) == (
        "gpt-6-luna",
        "low",
        "prompt_analysis",
    )
    assert (version, attempt) == (PROMPT_ANALYSIS.prompt.version, 1)
    assert COFFEE not in question.instructions
    assert json.loads(question.turns[0].text) == {"prompt": COFFEE}


@pytest.mark.parametrize("first", [WRONG, "no JSON", "{}", "", RIGHT[:40]])
def test_a_wrong_answer_is_repaired_once_with_the_reasons(first) -> None:
    do, caller = ask(first, RIGHT)
    assert do() == analyse_prompt(REQUEST)
    before, after = (question for question, _, _ in caller.asked)
    assert after.turns[0] == before.turns[0]
    assert [turn.text for turn in after.turns if turn.role == "assistant"] == [first][: bool(first)]
    assert after.turns[-1].text.startswith("This answer cannot be used:\n- ")
    assert (after.instructions, after.schema) == (before.instructions, before.schema)
    assert [attempt for _, _, attempt in caller.asked] == [1, 2]


def test_the_repair_says_what_is_wrong() -> None:
    do, caller = ask(WRONG, RIGHT)
    do()
    assert "- language: the prompt is not in it\n" in caller.asked[1][0].turns[-1].text


def test_an_answer_that_is_wrong_twice_is_an_error_with_the_reasons_and_without_the_users_words() -> None:
    do, caller = ask("no JSON", WRONG)
    with pytest.raises(Malformed, match="nor after a repair: language: the prompt is not in it") as failed:
        do()
    assert len(caller.asked) == 2
    assert "coffee" not in str(failed.value)
    assert failed.value.retryable


def test_a_very_long_wrong_answer_is_not_paid_for_again() -> None:
    do, caller = ask("x" * 1_000_000, RIGHT)
    do()
    assert len(caller.asked[1][0].turns[1].text) == 20_000


def test_a_truncated_answer_gets_more_room_once() -> None:
    do, caller = ask(CUT, RIGHT)
    assert do() == analyse_prompt(REQUEST)
    first, second = (question.max_output_tokens for question, _, _ in caller.asked)
    assert second == 2 * first


@pytest.mark.parametrize(
    ("script", "rooms"),
    [
        ([CUT, CUT], [1, 2]),
        ([CUT, WRONG, CUT], [1, 2, 2]),
        ([WRONG, CUT, CUT], [1, 1, 2]),
    ],
)
def test_there_is_one_try_with_more_room_and_no_other(script, rooms) -> None:
    do, caller = ask(*script)
    with pytest.raises(Truncated):
        do()
    least = caller.asked[0][0].max_output_tokens
    assert [question.max_output_tokens // least for question, _, _ in caller.asked] == rooms
    assert [attempt for _, _, attempt in caller.asked] == list(range(1, len(rooms) + 1))


def test_a_repair_may_be_given_more_room() -> None:
    do, caller = ask(WRONG, CUT, RIGHT)
    assert do() == analyse_prompt(REQUEST)
    assert len(caller.asked) == 3


@pytest.mark.parametrize(
    "error", [Refused("no"), RateLimited("later"), Malformed("HTML"), Postponed("early", seconds=3)]
)
def test_every_other_failure_is_the_callers_to_raise_and_nobody_asks_again(error) -> None:
    do, caller = ask(error)
    with pytest.raises((AnalysisError, Postponed)) as raised:
        do()
    assert raised.value is error
    assert len(caller.asked) == 1


def test_a_storyboard_whose_sum_is_wrong_is_told_both_sums() -> None:
    asked = StoryboardInput(request=REQUEST, analysis=analyse_prompt(REQUEST))
    data = json.loads(MICRO_PROMPTS.user_turn(asked))
    right = ANSWERS["micro_prompts"]("micro_prompts", MICRO_PROMPTS.schema, data)
    scenes = [scene | {"duration_seconds": 10} for scene in right["scenes"]]
    caller = ScriptedCaller([json.dumps(right | {"scenes": scenes}), json.dumps(right)])
    storyboard = answer(MICRO_PROMPTS, asked, caller=caller, model="gpt-6.1-terra")
    assert storyboard.duration_seconds == 15
    assert f"last {10 * len(scenes)} seconds together, and not 15" in caller.asked[1][0].turns[-1].text
