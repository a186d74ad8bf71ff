"""The refusal for what is still being made, or never will be."""

from generations.models import Generation
from videogen.kernel.errors import DomainError


class NotReady(DomainError):
    """It has an address, but there is nothing there yet."""

    status = 404


def not_ready(what: str, generation: Generation) -> NotReady:
    """`what` of this generation is not there; the sentence says how far the generation is."""
    message = (
        f"The {what} is not there: this generation is {generation.status}, at {generation.percentage} %."
    )
    return NotReady(
        message,
        code=f"{what}.not_ready",
        retryable=not generation.is_finished,
        current_status=generation.status,
        percentage=generation.percentage,
    )
