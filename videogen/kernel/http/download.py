"""A file from a stranger's address: never from the inside, never more than agreed, whole or not at all."""

import hashlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpcore
import httpx

from videogen.kernel.errors import DomainError
from videogen.kernel.http.network import GuardedNetwork
from videogen.kernel.http.origins import origin_of, port_of
from videogen.kernel.http.patience import Patience
from videogen.kernel.http.wire import TRANSPORT_ERRORS, answer_to, failure_of, is_compressed
from videogen.kernel.progress import ReportProgress
from videogen.kernel.whole import whole_file

_REDIRECTS = {301, 302, 303, 307, 308}
_PORTS = {80, 443}
#: Refusals that another attempt may not meet: the server is busy, or too early or too late.
_PASSING_STATUSES = {408, 425, 429}
_MEDIA_TYPE_LENGTH = 100


class DownloadFailed(DomainError):
    """There is no file. The sentence names the host only: the rest of a signed URL is a secret."""

    code = "fetch.failed"


@dataclass(frozen=True)
class Downloaded:
    """What was written. The media type is what the server says, and may be wrong."""

    sha256: str
    size_bytes: int
    media_type_claimed: str


def download(
    url: str,
    into: Path,
    *,
    max_bytes: int,
    timeout_seconds: float,
    report: ReportProgress,
    allowed_origins: Collection[str] = (),
    max_redirects: int = 3,
) -> Downloaded:
    """Fetch `url` into the file `into`, which appears when it is whole.

    Each address on the way has to be public, on the usual ports, or of an allowed origin. No key,
    cookie or proxy is used. The timeout bounds the whole of it. Raises `DownloadFailed`, `OSError`
    where the file cannot be written, and what `report` raises, which is called while it waits too.
    """
    allowed = {origin_of(origin) for origin in allowed_origins}
    progress = _Progress(report)
    patience = Patience(timeout_seconds, progress.tick)
    target = _first(url, allowed)
    for _ in range(max_redirects + 1):
        network = GuardedNetwork(patience, public_only=origin_of(target) not in allowed)
        with _failures(target.host, network), answer_to(_request(target), network) as answer:
            headers = httpx.Headers(answer.headers)
            if answer.status not in _REDIRECTS:
                _check(answer.status, headers, target.host, max_bytes)
                return _received(answer, headers, into, max_bytes, progress)
        target = _next(target, headers, allowed)
    raise _redirected(f"was left after {max_redirects} redirects")


class _Progress:
    """How far it is, told again and again, so that whoever listens can end it at any moment."""

    def __init__(self, report: ReportProgress) -> None:
        self._report = report
        self.fraction = 0.0

    def tick(self) -> None:
        self._report(self.fraction)


def _first(url: str, allowed: Collection[str]) -> httpx.URL:
    try:
        target = httpx.URL(url)
        origin_of(target)
    except (httpx.InvalidURL, ValueError):
        raise _forbidden("The download's address is no http or https URL.") from None
    if target.userinfo:
        raise _forbidden("The download's address holds a user name or a password.")
    _check_port(target, allowed)
    return target


def _next(here: httpx.URL, headers: httpx.Headers, allowed: Collection[str]) -> httpx.URL:
    try:
        target = here.join(headers["location"])
        origin_of(target)
    except (KeyError, httpx.InvalidURL, ValueError):
        raise _redirected(f"was redirected by {here.host} to what is no http or https URL") from None
    if target.userinfo:
        raise _redirected(f"was redirected by {here.host} to an address with a user name or a password")
    if here.scheme == "https" and target.scheme == "http":
        raise _redirected(f"was redirected by {here.host} from https to http")
    _check_port(target, allowed)
    return target


def _check_port(target: httpx.URL, allowed: Collection[str]) -> None:
    if port_of(target) not in _PORTS and origin_of(target) not in allowed:
        raise _forbidden(f"Port {port_of(target)} of {target.host} is not one to download from.")


def _request(target: httpx.URL) -> httpx.Request:
    return httpx.Request("GET", target, headers={"Accept": "*/*", "User-Agent": "videogen"})


def _check(status: int, headers: httpx.Headers, host: str, max_bytes: int) -> None:
    if status != 200:
        passing = status in _PASSING_STATUSES or status >= 500
        message = f"{host} answered with status {status} instead of the file."
        raise DownloadFailed(message, code="fetch.status", retryable=passing, status=status)
    if is_compressed(headers):
        raise DownloadFailed(f"{host} sent the file compressed, unasked.", code="fetch.unexpected")
    if (_length(headers) or 0) > max_bytes:
        raise _too_large(max_bytes)


def _received(
    answer: httpcore.Response, headers: httpx.Headers, into: Path, max_bytes: int, progress: _Progress
) -> Downloaded:
    length = _length(headers)
    digest = hashlib.sha256()
    size = 0
    with whole_file(into) as part:
        with part.open("wb") as file:
            for chunk in answer.iter_stream():
                size += len(chunk)
                if size > max_bytes:
                    raise _too_large(max_bytes)
                digest.update(chunk)
                file.write(chunk)
                progress.fraction = min(1.0, size / length) if length else 0.0
        progress.fraction = 1.0
        progress.tick()
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
    return Downloaded(digest.hexdigest(), size, media_type[:_MEDIA_TYPE_LENGTH])


def _length(headers: httpx.Headers) -> int | None:
    """How long the body says that it is. A body in chunks does not say it, whatever its headers claim."""
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() and "transfer-encoding" not in headers else None


@contextmanager
def _failures(host: str, network: GuardedNetwork) -> Iterator[None]:
    """Make a `DownloadFailed` of what goes wrong with the connection."""
    try:
        yield
    except TRANSPORT_ERRORS as error:
        failure = failure_of(error, host, network)
        retryable = failure.kind != "forbidden_address"
        raise DownloadFailed(failure.sentence, code=f"fetch.{failure.kind}", retryable=retryable) from error


def _forbidden(sentence: str) -> DownloadFailed:
    return DownloadFailed(sentence, code="fetch.forbidden_address")


def _redirected(what_happened: str) -> DownloadFailed:
    return DownloadFailed(f"The download {what_happened}.", code="fetch.redirected")


def _too_large(max_bytes: int) -> DownloadFailed:
    return DownloadFailed(f"The file is larger than {max_bytes} bytes.", code="fetch.too_large")
