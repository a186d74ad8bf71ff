"""What the server knows and decides, apart from HTTP: limits, faults, answers, and the ledger of it all."""

import json
import math
from collections.abc import Callable, Mapping

from analysis.testing.openai_server.answers import ENDINGS, error_answer
from analysis.testing.openai_server.calls import Call, Written
from analysis.testing.openai_server.faults import Fault
from analysis.testing.openai_server.ledger import Asked, Ledger
from analysis.testing.openai_server.limits import Limits
from analysis.testing.openai_server.schemas import Answerer, any_answer
from analysis.testing.openai_server.usage import (
    REASONING_TOKENS,
    Counted,
    PromptCache,
    cacheable_tokens,
    tokens_in,
)
from videogen.kernel.testing.http_server import Answer
from videogen.kernel.testing.script import Script


class Desk:
    """Answers questions, within limits, unless a fault is due.

    `answers` has an answerer for a task; any other gets an answer that satisfies its schema. Limits
    are per model and strict in any `window_seconds`; with `punish`, what exceeds them makes the
    refusal last longer. `latency_seconds` passes before each answer, or `latency_of[task]`.
    `announce` is whether headers tell of the limits; `told` hears of each request that was answered.
    """

    def __init__(
        self,
        *,
        answers: Mapping[str, Answerer] | None = None,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        window_seconds: float = 60.0,
        punish: bool = False,
        concurrent: int = 0,
        latency_seconds: float = 0.0,
        latency_of: Mapping[str, float] | None = None,
        announce: bool = True,
        told: Callable[[Asked], None] | None = None,
    ) -> None:
        self.answers = dict(answers or {})
        self.limits = Limits(requests_per_minute, tokens_per_minute, window_seconds, punish=punish)
        self.concurrent = concurrent
        self.latency_seconds = latency_seconds
        self.latency_of = dict(latency_of or {})
        self.announce = announce
        self.told = told
        self.ledger = Ledger()
        self.faults: Script[Fault] = Script()
        self._cache = PromptCache()

    def script(self, *faults: Fault) -> None:
        """Let these go wrong, in this order."""
        self.faults.add(*faults)

    def one_too_many(self, call: Call) -> Answer | None:
        """The refusal of a request that exceeds a limit; None where it does not."""
        what, wait_seconds = self.limits.take(call.model, tokens_in(call.prompt) + call.max_tokens)
        if not what and self.concurrent and self.ledger.running > self.concurrent:
            what, wait_seconds = "concurrent requests", 1.0
        if not what:
            return None
        message = f"Rate limit reached for {call.model} on {what}."
        if not self.announce:
            return error_answer(429, what, "rate_limit_exceeded", message)
        head = {
            "retry-after": str(math.ceil(wait_seconds)),
            "retry-after-ms": str(math.ceil(wait_seconds * 1000)),
            **self.headers(call.model),
        }
        return error_answer(429, what, "rate_limit_exceeded", message, headers=head)

    def headers(self, model: str) -> dict[str, str]:
        """What is announced of the limits; nothing with `announce` off."""
        return self.limits.headers(model) if self.announce else {}

    def written(self, call: Call, fault: Fault) -> Written:
        """What the model writes: by its answerer, unless the fault knows better."""
        ending, text = ENDINGS.get(fault.kind, ("complete", None))
        if text is None:
            answer = self.answers.get(call.task, any_answer)(call.task, call.schema, call.data)
            text = json.dumps(answer, ensure_ascii=False)
        reasoned = REASONING_TOKENS.get(call.effort, 0)
        room = (call.max_tokens or 10**9) - reasoned
        if ending == "truncated" or tokens_in(text) > room:
            ending, text = "truncated", text[: min(len(text) // 2, max(room, 0) * 4)]
        read = tokens_in(call.prompt)
        cached = self._cache.cached_tokens(call.model, call.prompt)
        stored = cacheable_tokens(read) - cached
        return Written(text, ending, Counted(read, cached, stored, tokens_in(text) + reasoned, reasoned))
