"""Tokens by a simple rule: four characters each. Prompts with a known beginning are read from a cache."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

CHARACTERS_PER_TOKEN = 4
#: What a model thinks before it writes, by its effort.
REASONING_TOKENS = {"minimal": 16, "low": 64, "medium": 256, "high": 1024, "xhigh": 2048}
#: OpenAI caches beginnings of at least this many tokens, in steps.
#: https://platform.openai.com/docs/guides/prompt-caching
CACHED_AT_LEAST, CACHED_STEP = 1024, 128


@dataclass(frozen=True)
class Counted:
    """The tokens of one answer: `read` includes `cached` and `stored`, `written` includes `reasoned`."""

    read: int
    cached: int
    stored: int
    written: int
    reasoned: int


def tokens_in(text: str) -> int:
    """At least one for any text."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def cacheable_tokens(count: int) -> int:
    """How many of the first tokens of a prompt a cache can hold."""
    return count // CACHED_STEP * CACHED_STEP if count >= CACHED_AT_LEAST else 0


class PromptCache:
    """Remembers the last prompts of each model."""

    def __init__(self, size: int = 64) -> None:
        self._lock = threading.Lock()
        self._prompts: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=size))

    def cached_tokens(self, model: str, prompt: str) -> int:
        """The tokens of the prompt's beginning that were read before; the prompt is remembered."""
        with self._lock:
            known = self._prompts[model]
            most = max((_common(prompt, other) for other in known), default=0)
            if prompt not in known:
                known.append(prompt)
        return cacheable_tokens(most // CHARACTERS_PER_TOKEN)


def _common(one: str, other: str) -> int:
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low
