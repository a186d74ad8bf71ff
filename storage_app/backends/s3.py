"""Assets as objects in any S3."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from storages.backends.s3 import S3Storage

from storage_app.errors import StorageError, error_of, storage_missing, storage_unavailable

PART_BYTES = 8 * 2**20
#: Larger files go up in parts, several at a time, and a part that fails is sent again alone.
TRANSFER = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=4)


class AssetS3Storage(S3Storage):
    """An object exists only once all of its parts have arrived; keys are never written twice."""

    def __init__(self, *, addressing_style: str | None = None, **options: Any) -> None:
        # Stores other than Amazon's seldom have a host name for each bucket.
        style = addressing_style or ("path" if options.get("endpoint_url") else "auto")
        config = Config(
            signature_version="s3v4",
            s3={"addressing_style": style},
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "max_attempts": 3},
            # Many stores refuse the checksums that boto3 adds by default.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        super().__init__(client_config=config, transfer_config=TRANSFER, file_overwrite=False, **options)

    def upload(self, key: str, path: Path, *, media_type: str) -> None:
        with _named_errors(key):
            target = self.bucket.Object(self._normalize_name(key))
            target.upload_file(str(path), ExtraArgs={"ContentType": media_type}, Config=TRANSFER)
            if target.content_length != path.stat().st_size:
                raise storage_unavailable(f"only {target.content_length} bytes of {key} arrived")

    def download(self, key: str, into: Path) -> None:
        with _named_errors(key):
            self.bucket.Object(self._normalize_name(key)).download_file(str(into), Config=TRANSFER)

    def read(self, key: str) -> BinaryIO:
        file = TemporaryFile()  # noqa: SIM115 - The caller closes it, and then it is gone.
        try:
            with _named_errors(key):
                self.bucket.Object(self._normalize_name(key)).download_fileobj(file, Config=TRANSFER)
        except StorageError:
            file.close()
            raise
        file.seek(0)
        return file

    def discard(self, key: str) -> None:
        with _named_errors(key):
            self.delete(key)

    def signed_url(self, key: str, *, expires_seconds: int, headers: dict[str, str]) -> str | None:
        parameters = {f"Response{name.replace('-', '')}": value for name, value in headers.items()}
        with _named_errors(key):
            return str(self.url(key, parameters=parameters, expire=expires_seconds))


@contextmanager
def _named_errors(key: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            raise storage_missing(key) from error
        raise storage_unavailable(error) from error
    except (BotoCoreError, Boto3Error) as error:
        raise storage_unavailable(error) from error
    except OSError as error:
        raise error_of(error, key) from error
