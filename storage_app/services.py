"""Keeping bytes, getting them back, and letting them go."""

import hashlib
import logging
import shutil
import uuid
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import puremagic
from django.core.files.storage import storages
from django.db import transaction

from storage_app.backends.base import AssetStorage
from storage_app.errors import StorageError, error_of, storage_corrupt
from storage_app.models import Asset, AssetKind
from storage_app.pictures import Picture, picture_normalise

logger = logging.getLogger(__name__)

UNKNOWN_MEDIA_TYPE = "application/octet-stream"
#: Where formats say what they are.
HEAD_BYTES = 8192
_SUFFIXES = {
    "video/mp4": ".mp4",
    "video/webm": ".webm",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
}


def asset_create(
    *, owner: Any, kind: AssetKind, path: Path, name: str, picture: Picture | None = None
) -> Asset:
    """Keep a copy of the file. When this returns, all of its bytes are there.

    `name` is for messages only; the media type comes from the bytes. Raises StorageError
    `storage.full` or `storage.unavailable`, and keeps nothing then. Whoever is killed in the middle, or
    cannot clean up, leaves a row to which nothing refers, and by which the bytes are found and deleted.
    """
    asset = Asset(id=uuid.uuid4(), owner=owner, kind=kind)
    if picture:
        asset.width, asset.height = picture.width, picture.height
    try:
        asset.sha256, asset.size_bytes, asset.media_type = _measure(path)
    except OSError as error:
        raise error_of(error, name) from error
    asset.storage_key = f"{kind}/{asset.id.hex[:2]}/{asset.id}{_SUFFIXES.get(asset.media_type, '')}"
    asset.save(force_insert=True)
    with ExitStack() as undo:
        undo.callback(_discard, [asset])
        _storage().upload(asset.storage_key, path, media_type=asset.media_type)
        undo.pop_all()
    return asset


def reference_create(*, owner: Any, file: BinaryIO) -> Asset:
    """Keep a client's picture, normalised. Raises `PictureRefused` and what `asset_create` does."""
    try:
        with TemporaryDirectory(prefix="reference-") as directory:
            source, target = Path(directory, "source"), Path(directory, "reference.jpg")
            with source.open("wb") as copy:
                shutil.copyfileobj(file, copy)
            picture = picture_normalise(source, target)
            asset = asset_create(
                owner=owner, kind=AssetKind.UPLOAD, path=target, name=target.name, picture=picture
            )
    except OSError as error:
        raise error_of(error, "the picture") from error
    # Nobody sees it before all of its bytes are there, and what is left of a killed upload is an orphan.
    asset.kind = AssetKind.REFERENCE
    asset.save(update_fields=["kind"])
    return asset


def asset_fetch(*, asset: Asset, into: Path) -> None:
    """Write the bytes to `into`, which appears whole and verified, or not at all.

    Raises StorageError `storage.corrupt` when they are not those that were stored.
    """
    part = into.with_name(f".{into.name}.part")
    try:
        _storage().download(asset.storage_key, part)
        sha256, size_bytes, _ = _measure(part)
        if (sha256, size_bytes) != (asset.sha256, asset.size_bytes):
            raise storage_corrupt(str(asset))
        part.replace(into)
    except OSError as error:
        raise error_of(error, str(asset)) from error
    finally:
        part.unlink(missing_ok=True)


def asset_open(*, asset: Asset) -> BinaryIO:
    """The bytes, for reading. The caller closes it."""
    return _storage().read(asset.storage_key)


def asset_url(*, asset: Asset, expires_seconds: int, content_disposition: str = "inline") -> str | None:
    """An address that gives the bytes for a while to whoever has it; None where we serve them ourselves."""
    headers = {"Content-Type": asset.media_type, "Content-Disposition": content_disposition}
    return _storage().signed_url(asset.storage_key, expires_seconds=expires_seconds, headers=headers)


def assets_delete(*, assets: Iterable[Asset]) -> None:
    """Delete the bytes after commit, and then the rows: a rollback keeps both.

    Nothing may refer to them any more. What cannot be deleted now keeps its row, and so is found again.
    """
    doomed = list(assets)

    def discard() -> None:
        _discard(doomed)

    with transaction.atomic():
        transaction.on_commit(discard, robust=True)


def _discard(assets: Iterable[Asset]) -> None:
    gone = []
    for asset in assets:
        try:
            _storage().discard(asset.storage_key)
        except StorageError as error:
            logger.warning("The bytes of %s stay behind: %s", asset.storage_key, error)
        else:
            gone.append(asset.pk)
    Asset.objects.filter(pk__in=gone).delete()


def _storage() -> AssetStorage:
    return cast(AssetStorage, storages["assets"])


def _measure(path: Path) -> tuple[str, int, str]:
    """The hash, the size and the media type of a file's bytes."""
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        size_bytes = file.tell()
        file.seek(0)
        return sha256, size_bytes, _media_type(file.read(HEAD_BYTES))


def _media_type(head: bytes) -> str:
    try:
        return puremagic.from_string(head, mime=True) or UNKNOWN_MEDIA_TYPE
    except (puremagic.PureError, ValueError):  # Unknown, or empty.
        return UNKNOWN_MEDIA_TYPE
