"""A file appears whole under its name, or not at all; and what it means when it cannot be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from generations.media.ffmpeg import DISK_FULL, MediaError
from videogen.kernel import whole
from videogen.kernel.disk import is_full


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """The path to write to. It becomes `target` when the block ends well, and goes away when it does not."""
    try:
        with whole.whole_file(target) as part:
            yield part
    except OSError as error:
        if is_full(error):
            raise MediaError(DISK_FULL, code="storage.full") from error
        raise MediaError(f"The file could not be written: {error.strerror}", retryable=True) from error
