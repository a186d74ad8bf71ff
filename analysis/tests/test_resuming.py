"""A conversation that is put back half way, and comes back. The scripted caller stands for the outside."""

import pytest

from analysis.contracts import PromptAnalysis
from analysis.engines.openai.conversation import answer
from analysis.engines.openai.resuming import ResumingCaller
from analysis.engines.openai.tasks import PROMPT_ANALYSIS
from analysis.tests.test_conversation import CUT, REQUEST, RIGHT, WRONG, ScriptedCaller
from videogen.kernel.errors import Postponed
from videogen.kernel.redis import cache_redis

EARLY = Postponed("Too early.", seconds=10, code="quota.waiting")


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache_redis().flushdb()


def come(caller: ScriptedCaller, ticket: str = "a") -> PromptAnalysis:
    resuming = ResumingCaller(caller, ticket)
    return answer(PROMPT_ANALYSIS, REQUEST, caller=resuming, model="gpt-6-luna")


@pytest.mark.parametrize(
    ("script", "attempts"),
    [
        ([EARLY, RIGHT], [1, 1]),
        ([WRONG, EARLY, RIGHT], [1, 2, 2]),
        ([CUT, EARLY, RIGHT], [1, 2, 2]),
        ([WRONG, CUT, EARLY, RIGHT], [1, 2, 3, 3]),
    ],
)
def test_what_was_said_before_is_not_asked_again(script, attempts) -> None:
    caller = ScriptedCaller(script)
    with pytest.raises(Postponed):
        come(caller)
    assert come(caller) == PROMPT_ANALYSIS.read(RIGHT, REQUEST)
    assert [attempt for _, _, attempt in caller.asked] == attempts


def test_it_may_be_put_back_more_than_once() -> None:
    caller = ScriptedCaller([WRONG, EARLY, CUT, EARLY, RIGHT])
    for _ in range(2):
        with pytest.raises(Postponed):
            come(caller)
    come(caller)
    assert [attempt for _, _, attempt in caller.asked] == [1, 2, 2, 3, 3]


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("", "")])
def test_what_was_said_to_somebody_else_is_not_repeated(first, second) -> None:
    caller = ScriptedCaller([WRONG, EARLY, RIGHT])
    with pytest.raises(Postponed):
        come(caller, first)
    come(caller, second)
    assert [attempt for _, _, attempt in caller.asked] == [1, 2, 1]


def test_without_redis_it_begins_again(away_redis) -> None:
    caller = ScriptedCaller([WRONG, EARLY, RIGHT])
    with away_redis():
        with pytest.raises(Postponed):
            come(caller)
        come(caller)
    assert [attempt for _, _, attempt in caller.asked] == [1, 2, 1]
