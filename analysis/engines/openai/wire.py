"""What is asked of a language model, and what comes back, whichever way it travels."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from analysis.errors import AnalysisError
from videogen.kernel.waiting import Tick


@dataclass(frozen=True)
class Turn:
    """One message of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True)
class Question:
    """One call to a language model.

    `instructions` never change within a prompt version, so that the provider can cache them; what
    a user wrote is only ever in `turns`. `schema` is a strict JSON Schema; `effort` may be empty.
    """

    model: str
    instructions: str
    turns: tuple[Turn, ...]
    schema_name: str
    schema: Mapping[str, Any]
    max_output_tokens: int
    effort: str = ""


@dataclass(frozen=True)
class Usage:
    """Tokens as the server counted them: `reasoning` are part of `output`, the others of `input`."""

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    #: Put into the provider's prompt cache by this call, which may cost more than other input.
    cache_write_tokens: int = 0


@dataclass(frozen=True)
class ServerLimits:
    """What the headers say about limits; None where they say nothing that can be understood."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    retry_after_seconds: float | None = None


@dataclass(frozen=True)
class Reply:
    """A whole answer. `text` is JSON by the schema if the server keeps to it; nobody has checked yet."""

    text: str
    usage: Usage
    request_id: str = ""
    limits: ServerLimits = ServerLimits()


@dataclass(frozen=True)
class Facts:
    """What is known about a call that failed: it may have cost something all the same."""

    usage: Usage = Usage()
    request_id: str = ""
    limits: ServerLimits = ServerLimits()
    #: Whether the server is to blame; only that counts for the circuit breaker.
    server_at_fault: bool = False


class CallFailed(Exception):
    """A call that gave no answer: `error` for whoever asked, `facts` for the ledger and the limits."""

    def __init__(self, error: AnalysisError, facts: Facts) -> None:
        super().__init__(str(error))
        self.error = error
        self.facts = facts


class Transport(Protocol):
    """Carries a question to the server."""

    name: str

    def send(self, question: Question, *, timeout_seconds: float, tick: Tick) -> Reply:
        """One HTTP request, never repeated. Raises `CallFailed`, or whatever `tick` raises."""


class Caller(Protocol):
    """Makes calls that are limited, protected by a breaker and written into the ledger."""

    def call(self, task: str, question: Question, *, version: str, attempt: int) -> Reply:
        """Ask once. Raises an `AnalysisError`, or `Postponed` when it is too early to ask."""
