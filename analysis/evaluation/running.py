"""Runs the evaluation: all four text tasks for each case, by one engine."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from analysis.contracts import EditInput, StoryboardInput
from analysis.engines.base import ANYBODY, AnalysisEngine, TaskResult, Value
from analysis.errors import AnalysisError, Refused
from analysis.evaluation.cases import Case
from analysis.evaluation.judging import Answers, failures
from videogen.kernel.errors import Postponed

#: An engine that says "come back later" is waited for, all in all this long for one answer.
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Verdict:
    """How one case went. `language` and `scenes` are empty where there was no answer."""

    case: Case
    failures: list[str]
    language: str
    scenes: int
    cost_usd: Decimal
    seconds: float

    @property
    def passed(self) -> bool:
        return not self.failures


def verdicts(cases: Iterable[Case], engine: AnalysisEngine) -> Iterator[Verdict]:
    """One after the other."""
    return (verdict(case, engine) for case in cases)


def verdict(case: Case, engine: AnalysisEngine) -> Verdict:
    """Do all tasks of a case, and judge the answers. An error is a failure of the case, and of no other."""
    started, run = time.monotonic(), _Run(engine)
    language, scenes = "", 0
    try:
        answers = run.answers(case)
        wrong = failures(case, answers)
        language, scenes = answers.analysis.language, len(answers.storyboard.scenes)
    except Refused:
        wrong = [] if case.unsafe else ["moderation: the model refused it"]
    except (AnalysisError, Postponed) as error:
        wrong = [f"contract: {error.code}: {error}"]
    return Verdict(case, wrong, language, scenes, run.cost_usd, time.monotonic() - started)


class _Run:
    """The tasks of one case, and what they cost together."""

    def __init__(self, engine: AnalysisEngine) -> None:
        self.engine = engine
        self.cost_usd = Decimal(0)

    def answers(self, case: Case) -> Answers:
        engine, request = self.engine, case.request
        flagged = self._flagged(case)
        analysis = self._value(lambda: engine.prompt_analysis(request, ANYBODY))
        brand = None
        if given := case.brand:
            brand = self._value(lambda: engine.brand_analysis(given, request, ANYBODY))
        asked = StoryboardInput(request=request, analysis=analysis, brand=brand)
        storyboard = self._value(lambda: engine.micro_prompts(asked, ANYBODY))
        edit = EditInput(instruction=case.edit.instruction, storyboard=storyboard)
        classified = self._value(lambda: engine.edit_classification(edit, ANYBODY))
        return Answers(analysis, brand, storyboard, classified, flagged)

    def _flagged(self, case: Case) -> list[str] | None:
        if self.engine.name == "local" or not settings.MODERATION_MODEL:
            return None
        texts = [case.prompt, case.brand.guidelines if case.brand else ""]
        return _patiently(lambda: self.engine.moderation([text for text in texts if text], ANYBODY))

    def _value(self, task: Callable[[], TaskResult[Value]]) -> Value:
        result = _patiently(task)
        self.cost_usd += result.cost_usd
        return result.value


def _patiently(do: Callable[[], Value]) -> Value:
    """Come back when the engine says so. Raises `Postponed` when that takes too long."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return do()
        except Postponed as early:
            if time.monotonic() + early.seconds > deadline:
                raise
            time.sleep(early.seconds)
