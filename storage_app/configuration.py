"""Where assets are kept, as the environment says it."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

FILE_SYSTEM = "storage_app.backends.filesystem.AssetFileStorage"
S3 = "storage_app.backends.s3.AssetS3Storage"
#: What may follow the `?` of an `s3://` URL.
S3_OPTIONS = ("endpoint_url", "region", "addressing_style")

Storages = dict[str, dict[str, Any]]


def storages_from_environment(data_dir: Path, environment: Mapping[str, str] = os.environ) -> Storages:
    """Django's STORAGES entry `assets`, from the first of these that is set:

    `STORAGE_URL`, which is `file:///path` or `s3://bucket/prefix?endpoint_url=…&region=…`;
    `AWS_STORAGE_BUCKET_NAME` with `AWS_LOCATION`, `AWS_S3_ENDPOINT_URL`, `AWS_S3_REGION_NAME`;
    else the directory `assets` below `data_dir`. Credentials are found by boto3's own rules.
    """
    if url := _text(environment, "STORAGE_URL"):
        return {"assets": _from_url(url)}
    if bucket := _text(environment, "AWS_STORAGE_BUCKET_NAME"):
        region = _text(environment, "AWS_S3_REGION_NAME") or _text(environment, "AWS_REGION")
        endpoint_url = _text(environment, "AWS_S3_ENDPOINT_URL") or _text(environment, "AWS_ENDPOINT_URL_S3")
        return {
            "assets": _s3(
                bucket, _text(environment, "AWS_LOCATION"), endpoint_url=endpoint_url, region=region
            )
        }
    return {"assets": _file_system(data_dir / "assets")}


def _text(environment: Mapping[str, str], name: str) -> str:
    if secret_file := environment.get(f"{name}_FILE"):
        return Path(secret_file).read_text().strip()
    return environment.get(name, "").strip()


def _from_url(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path.startswith("/"):
        return _file_system(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        return _s3(parts.netloc, unquote(parts.path), **_s3_options(parts))
    raise ImproperlyConfigured(
        f"STORAGE_URL={url!r} must look like file:///path or s3://bucket/prefix?endpoint_url=…&region=…"
    )


def _s3_options(parts: SplitResult) -> dict[str, str]:
    options = dict(parse_qsl(parts.query))
    if unknown := sorted(set(options) - set(S3_OPTIONS)):
        raise ImproperlyConfigured(
            f"STORAGE_URL: unknown {', '.join(unknown)}; known are {', '.join(S3_OPTIONS)}"
        )
    return options


def _file_system(location: Path) -> dict[str, Any]:
    return {"BACKEND": FILE_SYSTEM, "OPTIONS": {"location": location}}


def _s3(bucket: str, prefix: str, *, region: str = "", **options: str) -> dict[str, Any]:
    options |= {"bucket_name": bucket, "location": prefix.strip("/"), "region_name": region}
    return {"BACKEND": S3, "OPTIONS": {name: value for name, value in options.items() if value}}
