"""One answer to one task: asked, given more room where it was cut, repaired once, or refused."""

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from analysis.contracts import Contract
from analysis.engines.openai.tasks import NotAsAsked, Task
from analysis.engines.openai.wire import Caller, Question, Reply, Turn
from analysis.errors import Malformed, Truncated

Input = TypeVar("Input")
Value = TypeVar("Value", bound=Contract)

GROWTH = 2
#: What is repeated of a wrong answer, and what is told of what is wrong with it.
ECHOED_CHARACTERS = 20_000
MOST_REASONS, REASONS_CHARACTERS = 10, 300


def answer(task: Task[Input, Value], asked: Input, *, caller: Caller, model: str, effort: str = "") -> Value:
    """Ask until the answer keeps to its contract: at most one repair, and one try with more room.

    Raises `Malformed` where the repair is not as asked either, and whatever `caller` raises. Calls
    are numbered from 1 for the ledger.
    """
    question = Question(
        model=model,
        instructions=task.prompt.text,
        turns=(Turn("user", task.user_turn(asked)),),
        schema_name=task.name,
        schema=task.schema,
        max_output_tokens=task.max_output_tokens(asked),
        effort=effort,
    )
    conversation = _Conversation(task, caller)
    first = conversation.ask(question)
    try:
        return task.read(first.text, asked)
    except NotAsAsked as wrong:
        repaired = conversation.ask(_repair(question, first, wrong.reasons))
    try:
        return task.read(repaired.text, asked)
    except NotAsAsked as wrong:
        told = "; ".join(wrong.reasons[:MOST_REASONS])[:REASONS_CHARACTERS]
        raise Malformed(f"{task.name} was not answered as asked, nor after a repair: {told}.") from None


@dataclass
class _Conversation(Generic[Input, Value]):
    """The calls for one answer."""

    task: Task[Input, Value]
    caller: Caller
    attempt: int = 0
    room: int = 1

    def ask(self, question: Question) -> Reply:
        try:
            return self._call(question)
        except Truncated:
            if self.room > 1:
                raise
            self.room = GROWTH
            return self._call(question)

    def _call(self, question: Question) -> Reply:
        self.attempt += 1
        roomy = replace(question, max_output_tokens=question.max_output_tokens * self.room)
        return self.caller.call(self.task.name, roomy, version=self.task.prompt.version, attempt=self.attempt)


def _repair(question: Question, reply: Reply, reasons: list[str]) -> Question:
    """The same question, with the wrong answer and what is wrong with it: the prefix stays cached."""
    listed = "\n".join(f"- {reason}" for reason in reasons[:MOST_REASONS])
    request = f"This answer cannot be used:\n{listed}\nAnswer again, in whole, with that put right."
    said = reply.text[:ECHOED_CHARACTERS]
    before = (Turn("assistant", said),) if said.strip() else ()  # Servers refuse an empty turn.
    return replace(question, turns=(*question.turns, *before, Turn("user", request)))
