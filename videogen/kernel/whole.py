"""A file appears whole under its name, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def part_of(target: Path) -> Path:
    """Where the bytes of `target` are gathered: beside it, so that giving them its name moves nothing."""
    return target.with_name(f".{target.name}.part")


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """The path to write to. It becomes `target` when the block ends well, and goes away when it does not."""
    part = part_of(target)
    try:
        yield part
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
