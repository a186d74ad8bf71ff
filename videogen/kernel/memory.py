"""What a process remembers for some seconds, so that it need not ask again for each request."""

from typing import Any

from cachetools import TTLCache

_memories: list[TTLCache[Any, Any]] = []


def memory(*, seconds: float, most: int = 1) -> TTLCache[Any, Any]:
    """A new memory for `cachetools.cached`, of at most `most` answers. It needs a lock beside it."""
    made: TTLCache[Any, Any] = TTLCache(maxsize=most, ttl=seconds)
    _memories.append(made)
    return made


def memories_forget() -> None:
    """Ask again from now on."""
    for each in _memories:
        each.clear()
