"""Choices that look free but are not: each is named, and a hash of the seed and the name decides."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

Option = TypeVar("Option")


class Choices:
    """Decides by seed. Each choice depends on its own name only, so a new choice disturbs no other."""

    def __init__(self, seed: object) -> None:
        self.seed = seed

    def fraction(self, name: object) -> float:
        """A number from 0 up to 1."""
        digest = sha256(f"{self.seed}:{name}".encode(errors="replace")).digest()
        return int.from_bytes(digest[:6]) / 2**48

    def pick(self, name: object, options: Sequence[Option]) -> Option:
        """One of the options."""
        return options[int(self.fraction(name) * len(options))]

    def shuffled(self, name: object, options: Sequence[Option]) -> list[Option]:
        """All of the options, in an order of its own."""
        order = sorted(range(len(options)), key=lambda index: self.fraction(f"{name}:{index}"))
        return [options[index] for index in order]
