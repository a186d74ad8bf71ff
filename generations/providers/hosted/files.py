"""A file of ours as an input of a model: in the request itself where it is small, else uploaded."""

import base64
import hashlib
from pathlib import Path

import httpx
from django.conf import settings

from generations.providers.base import ProviderError
from generations.providers.hosted.answers import output_url
from generations.providers.hosted.exchanges import ask
from generations.providers.hosted.failures import refused, upload_failure
from generations.providers.hosted.vendors import FAL, REPLICATE
from videogen.kernel.single_flight import Failure, once
from videogen.kernel.waiting import Tick, nothing

#: Replicate takes 256 kB in a request, but what goes along there comes back in each answer, each webhook
#: and the list by which lost calls are found. A page of that has 100 predictions, each with up to 9
#: pictures, and of an answer no more than MAX_ANSWER_BYTES are read. So only crumbs go along.
#: https://replicate.com/docs/topics/predictions/input-files
REPLICATE_INLINE_BYTES = 1000
#: It deletes files after a day.
UPLOAD_KEPT_SECONDS = 3600
UPLOAD_LOCK_SECONDS = 5.0
FAL_INLINE_BYTES = 10 * 1024 * 1024


def data_url(path: Path, media_type: str) -> str:
    """The file as an address that holds it."""
    return f"data:{media_type};base64,{base64.b64encode(path.read_bytes()).decode()}"


def fal_file(path: Path, media_type: str) -> str:
    """What stands for the file in a model's input. Raises `ProviderError` for one that is too large."""
    if path.stat().st_size > FAL_INLINE_BYTES:
        raise refused(FAL, f"an input file has more than {FAL_INLINE_BYTES // 1024**2} MB")
    return data_url(path, media_type)


def replicate_file(path: Path, media_type: str, *, tick: Tick = nothing) -> str:
    """What stands for the file in a model's input. The same file is uploaded once an hour, for all clips.

    Raises `Postponed`, or `ProviderError` where it cannot be uploaded.
    """
    if path.stat().st_size <= REPLICATE_INLINE_BYTES:
        return data_url(path, media_type)
    content = path.read_bytes()
    account = hashlib.sha256(f"{REPLICATE.url} {REPLICATE.key}".encode()).hexdigest()[:16]
    return once(
        f"file:{account}:{hashlib.sha256(content).hexdigest()}",
        lambda: _uploaded(path.name, content, media_type, tick),
        keep_seconds=UPLOAD_KEPT_SECONDS,
        lock_seconds=UPLOAD_LOCK_SECONDS,
        patience_seconds=settings.PROVIDER_TIMEOUT_SECONDS,
        tick=tick,
        revive=_revived,
    ).value


def _uploaded(name: str, content: bytes, media_type: str, tick: Tick) -> str:
    request = httpx.Request(
        "POST",
        f"{REPLICATE.url}/files",
        headers=REPLICATE.authorization(),
        files={"content": (name, content, media_type)},
    )
    request.read()  # Multipart comes in pieces; it is sent as a whole.
    answer = ask(REPLICATE, request, timeout_seconds=settings.PROVIDER_TIMEOUT_SECONDS, tick=tick)
    urls = answer.members.get("urls")
    address = output_url(urls.get("get")) if isinstance(urls, dict) else ""
    if answer.is_success and address:
        return address
    raise upload_failure(REPLICATE, answer)


def _revived(failure: Failure) -> ProviderError:
    error = ProviderError(failure.message, code=failure.code, retryable=False)
    error.status, error.hint = failure.status, failure.hint
    return error
