"""Refusals that a client may see. Each has a dotted code, and says whether trying again can help."""

from typing import Any


class DomainError(Exception):
    """An expected refusal. `str()` of it is a sentence for people; `details` is for programs.

    A subclass sets the defaults; a raise may sharpen `code` and `retryable`.
    """

    code: str = "error"
    status: int = 409
    retryable: bool = False

    def __init__(
        self, message: str, *, code: str | None = None, retryable: bool | None = None, **details: Any
    ) -> None:
        super().__init__(message)
        self.code = code or self.code
        self.retryable = self.retryable if retryable is None else retryable
        self.details = details
