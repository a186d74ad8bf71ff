"""What a place for bytes has to offer. Every method raises StorageError and nothing else."""

from pathlib import Path
from typing import BinaryIO, Protocol


class AssetStorage(Protocol):
    """Keys are chosen by the caller and written once."""

    def upload(self, key: str, path: Path, *, media_type: str) -> None:
        """Keep the file under the key. A reader finds all of it or, until this returns, nothing."""

    def download(self, key: str, into: Path) -> None:
        """Write the bytes to a file."""

    def read(self, key: str) -> BinaryIO:
        """Open the bytes for reading."""

    def discard(self, key: str) -> None:
        """Delete the bytes. Harmless when they are gone."""

    def signed_url(self, key: str, *, expires_seconds: int, headers: dict[str, str]) -> str | None:
        """An address that gives the bytes for a while, with these headers; None if there is no such thing."""
