"""What this installation has and is told, whether or not anything runs."""

import platform
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from django.conf import settings
from django.core.checks import CheckMessage, run_checks
from django.core.checks.messages import ERROR, WARNING
from django.core.files.storage import storages

from generations.media.ffmpeg import ffmpeg_binary
from generations.providers.base import HostedProvider
from generations.providers.registry import provider_get, provider_names
from generations.services.routing import auto_means
from storage_app.backends.base import AssetStorage
from storage_app.errors import StorageError
from videogen.doctor.finding import Finding, broken, off, ok, warning

OLDEST_PYTHON = (3, 11)
CODECS = ("libx264", "aac")
LEAST_FREE_GB = 2.0


def python() -> Iterator[Finding]:
    if sys.version_info >= OLDEST_PYTHON:
        yield ok("Python", platform.python_version())
    else:
        yield broken("Python", platform.python_version(), "Install 3.11 or newer; `make clean venv`.")


def system_checks() -> Iterator[Finding]:
    yield from messages("Settings", run_checks(), fine="system checks found nothing")


def messages(name: str, found: list[CheckMessage], *, fine: str) -> Iterator[Finding]:
    """Django's check messages as findings."""
    serious = [message for message in found if message.level >= WARNING and not message.is_silenced()]
    for message in serious:
        report = broken if message.level >= ERROR else warning
        yield report(name, f"{message.msg} ({message.id})", message.hint or "")
    if not serious:
        yield ok(name, fine)


def ffmpeg() -> Iterator[Finding]:
    advice = "Install imageio-ffmpeg, or point FFMPEG_BINARY at an ffmpeg with libx264 and aac."
    try:
        version = _said_by_ffmpeg("-version").split()[2]
        encoders = _said_by_ffmpeg("-encoders")
    except (OSError, RuntimeError, IndexError, subprocess.SubprocessError) as error:
        yield broken("ffmpeg", f"It does not run: {error}", advice)
        return
    missing = [codec for codec in CODECS if f" {codec} " not in encoders]
    if missing:
        yield broken("ffmpeg", f"{version} has no {' and no '.join(missing)}", advice)
    else:
        yield ok("ffmpeg", f"{version} with {' and '.join(CODECS)}")


def _said_by_ffmpeg(option: str) -> str:
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", option]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout


def providers() -> Iterator[Finding]:
    meant = _meant_by_default()
    for name in provider_names():
        try:
            provider = provider_get(name)
        except ImportError as error:
            yield broken(f"Provider {name}", str(error), "Correct EXTRA_PROVIDERS.")
            continue
        missing = provider.unavailable_because()
        is_hosted = isinstance(provider, HostedProvider)
        if missing is None:
            yield ok(f"Provider {name}", "available" + _role(name, meant, is_hosted=is_hosted))
        elif name == settings.DEFAULT_PROVIDER:
            yield broken(f"Provider {name}", "not available, and the default", missing)
        else:
            report = off if is_hosted else warning  # Nobody has to pay for clips.
            yield report(f"Provider {name}", "not available", missing)
    if settings.DEFAULT_PROVIDER not in ("auto", *provider_names()):
        advice = f"Set DEFAULT_PROVIDER to auto, or to one of: {', '.join(provider_names())}."
        yield broken("Providers", f"There is no {settings.DEFAULT_PROVIDER}", advice)


def _meant_by_default() -> str | None:
    """The one provider that a request gets which names none; None where several are weighed."""
    try:
        return auto_means()
    except ImportError:
        return None  # Said below, of the provider that cannot be loaded.


def _role(name: str, meant: str | None, *, is_hosted: bool) -> str:
    if name == meant:
        return ", the default"
    return ", one of those that auto weighs" if meant is None and is_hosted else ""


def storage() -> Iterator[Finding]:
    kept = cast(AssetStorage, storages["assets"])
    key, probe = f"doctor/{uuid.uuid4()}", b"Videogen was here."
    place = getattr(kept, "location", "") or getattr(kept, "bucket_name", "")
    if settings.EMBEDDED_DATABASE and not settings.DATA_DIR.exists():
        yield off("Storage", f"{place} is made by the first `make up`")  # With the right owner.
        return
    try:
        with TemporaryDirectory() as directory:
            written, read = Path(directory, "written"), Path(directory, "read")
            written.write_bytes(probe)
            kept.upload(key, written, media_type="text/plain")
            kept.download(key, read)
            same = read.read_bytes() == probe
            kept.discard(key)
    except (StorageError, OSError) as error:
        advice = "Correct STORAGE_URL, its credentials, or the directory's owner."
        yield broken("Storage", f"{place}: {error}", advice)
        return
    if same:
        yield ok("Storage", f"{place}: a probe was written, read and deleted")
    else:
        yield broken("Storage", f"{place}: it gives back other bytes", "Look at what lies between us and it.")


def disk() -> Iterator[Finding]:
    existing = next(path for path in (settings.DATA_DIR, *settings.DATA_DIR.parents) if path.exists())
    free = shutil.disk_usage(existing).free / 1e9
    if free < LEAST_FREE_GB:
        yield warning("Disk", f"{free:.1f} GB free in {existing}", "Free some, or move DATA_DIR.")
    else:
        yield ok("Disk", f"{free:.0f} GB free in {existing}")


CHECKS = (python, system_checks, ffmpeg, providers, storage, disk)
