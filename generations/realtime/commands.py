"""What a client may say."""

import json
from dataclasses import dataclass
from uuid import UUID


class Malformed(Exception):
    """A message that cannot be understood. `str()` of it is a sentence."""


@dataclass(frozen=True)
class Ping:
    """Answered with a pong, for clients that cannot see protocol pings."""


@dataclass(frozen=True)
class Subscribe:
    """Follow a generation from the event after `after`."""

    generation_id: UUID
    after: int


@dataclass(frozen=True)
class Unsubscribe:
    """Follow it no longer."""

    generation_id: UUID


Command = Ping | Subscribe | Unsubscribe


def command_parse(text: str | None) -> Command:
    """The command in a message. Raises `Malformed`."""
    try:
        message = json.loads(text or "")
    except (ValueError, RecursionError):
        raise Malformed("Send text messages that are JSON.") from None
    if not isinstance(message, dict):
        raise Malformed("Send a JSON object with a `type`.")
    match message.get("type"):
        case "ping":
            return Ping()
        case "subscribe":
            return Subscribe(_generation_id(message), after_parse(message.get("after", 0)))
        case "unsubscribe":
            return Unsubscribe(_generation_id(message))
    raise Malformed("`type` must be subscribe, unsubscribe or ping.")


def generation_id_parse(value: object) -> UUID | None:
    """The id that a client gave, if it can be one."""
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


def after_parse(value: object) -> int:
    """The number of the last event that the client has. Raises `Malformed`."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 10:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise Malformed("`after` must be the sequence of the last event that you have, or 0.")
    return value


def _generation_id(message: dict[str, object]) -> UUID:
    generation_id = generation_id_parse(message.get("generation_id"))
    if generation_id is None:
        raise Malformed("`generation_id` must be the id of a generation.")
    return generation_id
