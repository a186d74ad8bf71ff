"""What can go wrong with bytes, whatever they are kept in."""

from videogen.kernel.disk import is_full
from videogen.kernel.errors import DomainError


class StorageError(DomainError):
    """Bytes could not be kept or read: `storage.full`, `.unavailable`, `.missing`, `.corrupt`."""

    code = "storage.failed"
    status = 503


class PictureRefused(DomainError):
    """A client's picture cannot be used: `asset.unreadable`, `.too_large`, `.too_small`."""

    code = "asset.unreadable"
    status = 422


def storage_full() -> StorageError:
    """There is no room. Trying again at once does not help."""
    return StorageError("No space left where assets are stored; make room, then retry.", code="storage.full")


def storage_unavailable(reason: object) -> StorageError:
    """It may be back in a moment."""
    return StorageError(
        f"The asset storage does not answer: {reason}", code="storage.unavailable", retryable=True
    )


def storage_missing(name: str) -> StorageError:
    """The row is there and the bytes are not."""
    return StorageError(f"The bytes of {name} are gone.", code="storage.missing")


def storage_corrupt(name: str) -> StorageError:
    """The bytes are not those that were stored."""
    return StorageError(f"The bytes of {name} are not those that were stored.", code="storage.corrupt")


def error_of(error: OSError, name: str) -> StorageError:
    """The refusal that an error of the operating system amounts to."""
    if is_full(error):
        return storage_full()
    if isinstance(error, FileNotFoundError):
        return storage_missing(name)
    return storage_unavailable(error.strerror or error)
