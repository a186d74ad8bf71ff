"""Assets as files below one directory."""

import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.core.files.storage import FileSystemStorage

from storage_app.errors import error_of

#: Files that are still being written. Here, so that giving them their name moves no bytes.
INCOMING = ".incoming"
#: No upload takes this long; what is older was left by a worker that was killed.
LEFTOVER_SECONDS = 24 * 3600


class AssetFileStorage(FileSystemStorage):
    """A file has its name only once all its bytes are on the disk."""

    def upload(self, key: str, path: Path, *, media_type: str) -> None:
        """Copy, sync, rename. A crash leaves a file below `.incoming` at worst."""
        target, part = Path(self.path(key)), Path(self.path(INCOMING)) / uuid.uuid4().hex
        with _named_errors(key):
            target.parent.mkdir(parents=True, exist_ok=True)
            part.parent.mkdir(parents=True, exist_ok=True)
            _sweep(part.parent)
            try:
                with path.open("rb") as source, part.open("wb") as copy:
                    shutil.copyfileobj(source, copy, 2**20)
                    copy.flush()
                    os.fsync(copy.fileno())
                part.replace(target)
                _sync_directory(target.parent)
            finally:
                part.unlink(missing_ok=True)

    def download(self, key: str, into: Path) -> None:
        with _named_errors(key):
            shutil.copyfile(self.path(key), into)

    def read(self, key: str) -> BinaryIO:
        with _named_errors(key):
            return Path(self.path(key)).open("rb")

    def discard(self, key: str) -> None:
        with _named_errors(key):
            Path(self.path(key)).unlink(missing_ok=True)

    def signed_url(self, key: str, *, expires_seconds: int, headers: dict[str, str]) -> str | None:
        return None


@contextmanager
def _named_errors(key: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise error_of(error, key) from error


def _sweep(incoming: Path) -> None:
    for part in incoming.iterdir():
        with suppress(FileNotFoundError):  # Another upload has just finished, or swept.
            if time.time() - part.stat().st_mtime > LEFTOVER_SECONDS:
                part.unlink()


def _sync_directory(directory: Path) -> None:
    """The new name survives a power failure too."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
