"""A file appears whole under its name, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generations.media.ffmpeg import DISK_FULL, MediaError
from videogen.kernel.disk import is_full


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
    except OSError as error:
        if is_full(error):
            raise MediaError(DISK_FULL, code="storage.full") from error
        raise MediaError(f"The file could not be written: {error.strerror}", retryable=True) from error
    finally:
        part.unlink(missing_ok=True)
