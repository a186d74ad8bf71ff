"""Why a socket is closed. It is accepted first, so that a browser sees the code and the reason."""

from enum import IntEnum


class CloseCode(IntEnum):
    """4000 to 4999 are ours to define (RFC 6455, section 7.4.2); their last three digits follow HTTP."""

    BROKEN = 1011
    AWAY = 1013
    MALFORMED = 4400
    NOT_AUTHENTICATED = 4401
    FORBIDDEN = 4403
    NOT_FOUND = 4404
    TOO_SLOW = 4408


class Refused(Exception):
    """The socket is to be closed. `str()` of it is a sentence, of at most 123 bytes to fit the frame."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def away() -> Refused:
    """PostgreSQL or Redis does not answer; the client had better come back."""
    return Refused(CloseCode.AWAY, "The service is away for a moment; connect again in a few seconds.")
