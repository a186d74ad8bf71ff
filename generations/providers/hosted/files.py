"""A file of ours as an input of a model: in the request itself where it is small, else uploaded."""

import base64
from pathlib import Path

import httpx
from django.conf import settings

from generations.providers.hosted.answers import output_url
from generations.providers.hosted.exchanges import ask
from generations.providers.hosted.failures import refused, upload_failure
from generations.providers.hosted.vendors import FAL, REPLICATE

#: What Replicate takes in a request. https://replicate.com/docs/topics/predictions/input-files
REPLICATE_INLINE_BYTES = 256 * 1000
FAL_INLINE_BYTES = 10 * 1024 * 1024


def data_url(path: Path, media_type: str) -> str:
    """The file as an address that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"


def fal_file(path: Path, media_type: str) -> str:
    """What stands for the file in a model's input. Raises `ProviderError` for one that is too large."""
    if path.stat().st_size > FAL_INLINE_BYTES:
        raise refused(FAL, f"an input file has more than {FAL_INLINE_BYTES // 1024**2} MB")
    return data_url(path, media_type)


def replicate_file(path: Path, media_type: str) -> str:
    """What stands for the file in a model's input. Raises `ProviderError` where it cannot be uploaded."""
    if path.stat().st_size <= REPLICATE_INLINE_BYTES:
        return data_url(path, media_type)
    request = httpx.Request(
        "POST",
        f"{REPLICATE.url}/files",
        headers=REPLICATE.authorization(),
        files={"content": (path.name, path.read_bytes(), media_type)},
    )
    request.read()  # Multipart comes in pieces; it is sent as a whole.
    answer = ask(REPLICATE, request, timeout_seconds=settings.PROVIDER_TIMEOUT_SECONDS)
    urls = answer.members.get("urls")
    address = output_url(urls.get("get")) if isinstance(urls, dict) else ""
    if answer.is_success and address:
        return address
    raise upload_failure(REPLICATE, answer)
