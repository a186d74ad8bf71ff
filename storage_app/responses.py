"""An asset as an HTTP answer: a redirect to a signed URL, or the bytes, whole or in part."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import content_disposition_header

from storage_app.models import Asset
from storage_app.services import asset_open, asset_url

CHUNK_BYTES = 2**18
#: Several ranges in one request would need a multipart answer, which no player asks for.
_ONE_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def asset_response(
    request: HttpRequest, asset: Asset, *, filename: str, inline: bool = True
) -> HttpResponseBase:
    """Answer a GET or HEAD. Whether the caller may see the asset has been decided before.

    Honours a single Range with If-Range (206, 416) and If-None-Match (304). A Range that is
    malformed or has several parts is ignored, as RFC 9110 allows.
    """
    disposition = content_disposition_header(as_attachment=not inline, filename=filename) or "inline"
    expires_seconds = settings.ASSET_URL_SECONDS
    if url := asset_url(asset=asset, expires_seconds=expires_seconds, content_disposition=disposition):
        return HttpResponseRedirect(url, headers={"Cache-Control": "private, no-store"})
    headers = _headers(asset, disposition)
    if headers["ETag"] in _entity_tags(request):
        return HttpResponse(status=304, headers=headers)
    if request.method == "HEAD":
        return HttpResponse(headers=headers | {"Content-Length": str(asset.size_bytes)})
    part = _part(request, asset.size_bytes, headers["ETag"])
    if part is None:
        return _stream(asset, range(asset.size_bytes), headers, status=200)
    if not part:
        return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{asset.size_bytes}"})
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{asset.size_bytes}"
    return _stream(asset, part, headers, status=206)


def _headers(asset: Asset, disposition: str) -> dict[str, str]:
    return {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition,
        "Content-Type": asset.media_type,
        "ETag": f'"{asset.sha256}"',
        "X-Content-Type-Options": "nosniff",
    }


def _entity_tags(request: HttpRequest) -> list[str]:
    return [tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")]


def _part(request: HttpRequest, size: int, etag: str) -> range | None:
    """The part that was asked for, or None for the whole. An empty one cannot be had."""
    match = _ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not match or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = match.groups()
    if not first:
        return range(max(0, size - int(last)), size) if last else None
    if last and int(last) < int(first):
        return None
    return range(min(int(first), size), min(int(last) + 1, size) if last else size)


def _stream(asset: Asset, part: range, headers: dict[str, str], *, status: int) -> StreamingHttpResponse:
    headers["Content-Length"] = str(len(part))
    return StreamingHttpResponse(_Slice(asset_open(asset=asset), part), status=status, headers=headers)


@dataclass
class _Slice:
    """Part of a file, in chunks. Django closes it with the response, whether it was read or not."""

    file: BinaryIO
    part: range

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.part.start)
        left = len(self.part)
        while left and (chunk := self.file.read(min(CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        self.file.close()
