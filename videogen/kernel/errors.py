"""Refusals that a client may see. Each has a dotted code, and says whether trying again can help."""

from typing import Any


class DomainError(Exception):
    """An expected refusal. `str()` of it is a sentence for people; `details` is for programs.

    A subclass sets the defaults; a raise may sharpen `code` and `retryable`. `hint` says what the
    reader can do about it, where that is not in the sentence already.
    """

    code: str = "error"
    status: int = 409
    retryable: bool = False
    hint: str = ""

    def __init__(
        self, message: str, *, code: str | None = None, retryable: bool | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.retryable = self.retryable if retryable is None else retryable
        self.details = details


class Postponed(DomainError):
    """Nothing is wrong, but it is too early: the work may begin in `seconds`. No attempt was used up.

    `code` says what it waits for.
    """

    code = "postponed"
    status = 503
    retryable = True

    def __init__(self, message: str, *, seconds: float, code: str | None = None) -> None:
        super().__init__(message, code=code, retry_after_seconds=seconds)
        self.seconds = seconds
