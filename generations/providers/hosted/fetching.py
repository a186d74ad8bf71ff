"""The finished clip comes here: downloaded with limits, and looked at before it is believed to be one."""

from pathlib import Path

from django.conf import settings

from generations.media.ffmpeg import MediaError
from generations.media.probe import probe
from generations.providers.base import ProviderError
from generations.providers.hosted.failures import advised, output_lost
from generations.providers.hosted.vendors import Vendor
from videogen.kernel.http.download import Downloaded, DownloadFailed, download
from videogen.kernel.progress import ReportProgress

#: The address is right, and the file is no longer there, or no longer for us.
LOST = {403, 404, 410}
#: What our own limits do not let in. With other settings it may be.
UNACCEPTABLE = {"fetch.too_large", "fetch.forbidden_address", "fetch.redirected"}

LIMITS = (
    "It is not lost: after a change of FETCH_MAX_BYTES or FETCH_ALLOWED_ORIGINS, a retry fetches it. "
    "Else have the clip made anew."
)


def clip_fetch(vendor: Vendor, url: str, *, into: Path, report: ReportProgress) -> None:
    """Write the clip to `into`. Raises `ProviderError`, with nothing left there, and what `report` raises."""
    try:
        downloaded = download(
            url,
            into,
            max_bytes=settings.FETCH_MAX_BYTES,
            timeout_seconds=settings.FETCH_TIMEOUT_SECONDS,
            report=report,
            allowed_origins=settings.FETCH_ALLOWED_ORIGINS,
        )
    except DownloadFailed as error:
        raise _fetch_failure(vendor, error) from error
    try:
        probe(into)
    except MediaError as error:
        came = _what_came(into, downloaded)
        into.unlink()
        raise _invalid(f"What {vendor.title} gave as a clip is {came}. {error}") from error


def _fetch_failure(vendor: Vendor, error: DownloadFailed) -> ProviderError:
    if error.code == "fetch.status" and error.details.get("status") in LOST:
        return output_lost(vendor, f"no longer has the clip ({error.details['status']})")
    if error.code in UNACCEPTABLE:
        refused = ProviderError(
            f"What {vendor.title} gave as a clip cannot be taken. {error}",
            code="provider.output_refused",
            retryable=False,
        )
        return advised(refused, LIMITS)
    return ProviderError(
        f"The clip could not be fetched from {vendor.title}. {error}",
        code="provider.unreachable",
        retryable=True,
    )


def _invalid(message: str) -> ProviderError:
    return ProviderError(message, code="provider.output_invalid", retryable=False)


def _what_came(path: Path, downloaded: Downloaded) -> str:
    """What the file begins like; else what its server called it."""
    with path.open("rb") as file:
        start = file.read(256).lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith((b"{", b"[")):
        return "JSON"
    if start.startswith(b"<?xml"):
        return "XML"
    if not start:
        return "empty"
    claimed = "".join(filter(str.isprintable, downloaded.media_type_claimed))[:60]
    return f"no video that can be read, though called {claimed}" if claimed else "no video that can be read"
