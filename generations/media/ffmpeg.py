"""One way to run ffmpeg: with limits, without a shell, and never for longer than its caller lives."""

import ctypes
import errno
import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import imageio_ffmpeg

from videogen.kernel.errors import DomainError
from videogen.kernel.progress import ReportProgress

#: Containers that strangers' files may come in. None of them can name other files, as playlists do.
SOURCE_FORMATS = "mov,matroska,avi,mpegts"
MAX_PIXELS = 8192 * 4320
MAX_OUTPUT_BYTES = 4 * 2**30
LOG_BYTES = 2**20
UNREADABLE = "The file is not a video that can be read"
DISK_FULL = "No space left on the disk that the video is written to; make room, then retry."

#: Filters, too, would start a thread for each core.
_ALWAYS = ("-nostdin", "-hide_banner", "-v", "error", "-y", "-filter_threads", "2")
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1
_SIGNS_OF_UNREADABLE = (
    "Invalid data found",
    "moov atom not found",
    "whitelist",
    "does not contain any stream",
    "matches no streams",
    "Picture size",
)


class MediaError(DomainError):
    """Sound or picture could not be made: `media.timeout`, `.unreadable`, `.failed`, or `storage.full`."""

    code = "media.failed"


def ffmpeg_binary() -> str:
    """The program to run: `FFMPEG_BINARY`, or the one that came with the install."""
    return os.environ.get("FFMPEG_BINARY") or imageio_ffmpeg.get_ffmpeg_exe()


def source(path: Path, *, format: str | None = None) -> list[str]:
    """Input arguments that read this one file and nothing that it may point at.

    `format` forces a demuxer of our own choosing, for files that we wrote ourselves.
    """
    formats = f"{format},{SOURCE_FORMATS}" if format else SOURCE_FORMATS
    forced = ["-f", format] if format else []
    limits = ["-protocol_whitelist", "file", "-format_whitelist", formats, "-max_pixels", str(MAX_PIXELS)]
    return [*limits, "-threads", "2", *forced, "-i", f"file:{path}"]


def ffmpeg_run(
    arguments: Sequence[str],
    *,
    timeout_seconds: float,
    report: ReportProgress | None = None,
    duration_seconds: float | Decimal = 0,
    cwd: Path | None = None,
    output_bytes: int = MAX_OUTPUT_BYTES,
) -> str:
    """Run to the end and answer what ffmpeg logged, or raise MediaError.

    `report` hears the fraction of `duration_seconds` twice a second; whatever it raises ends the run.
    """
    progress = ["-progress", "pipe:1", "-stats_period", "0.5"]
    with FfmpegProcess(
        [*progress, *arguments], timeout_seconds=timeout_seconds, cwd=cwd, output_bytes=output_bytes
    ) as process:
        for line in process.stdout:
            name, _, value = line.decode().strip().partition("=")
            if report and name == "out_time_us":
                done = int(value) / 1e6 if value.isdigit() else 0.0
                report(min(1.0, done / float(duration_seconds)) if duration_seconds else 0.0)
        return process.finish()


class FfmpegProcess:
    """A running ffmpeg. It is killed when the `with` block is left, or the thread that began it dies."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        timeout_seconds: float,
        cwd: Path | None = None,
        output_bytes: int = MAX_OUTPUT_BYTES,
        stdin: int = subprocess.DEVNULL,
    ) -> None:
        self._timeout_seconds = timeout_seconds
        self._timed_out = False
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - It lives as long as the process, see __exit__.
        self._process = subprocess.Popen(
            [ffmpeg_binary(), *_ALWAYS, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=self._log,
            cwd=cwd,
            env=_environment(),
            preexec_fn=_bounds(os.getpid(), output_bytes),
        )
        self._timer = threading.Timer(timeout_seconds, self._expire)
        self._timer.daemon = True
        self._timer.start()
        assert self._process.stdout is not None  # noqa: S101 - Popen was asked for a pipe.
        self.stdout = self._process.stdout
        self.stdin = self._process.stdin

    @property
    def pid(self) -> int:
        return self._process.pid

    def finish(self) -> str:
        """Wait for the end. The log of a run that succeeded; MediaError for one that did not."""
        if self.stdin:
            self.stdin.close()
        status = self._process.wait()
        self._log.seek(0)
        log = self._log.read(LOG_BYTES).decode(errors="replace")
        if self._timed_out:
            raise MediaError(
                f"ffmpeg took longer than {self._timeout_seconds:g} seconds.",
                code="media.timeout",
                retryable=True,
            )
        if status:
            raise _failure(status, log)
        return log

    def kill(self) -> None:
        """End it now. Harmless when it has ended."""
        self._timer.cancel()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for stream in (self.stdin, self.stdout, self._log):
            if stream:
                with suppress(BrokenPipeError):
                    stream.close()

    def _expire(self) -> None:
        self._timed_out = True
        self._process.kill()


def _environment() -> dict[str, str]:
    # What decodes strangers' files is given no secrets.
    return {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}


def end_with(parent: int) -> None:
    """For a process that has just begun: on Linux it ends when its parent does, however that ends."""
    if _LIBC:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def _bounds(parent: int, output_bytes: int) -> Callable[[], None]:
    def apply() -> None:
        # A worker that is killed with SIGKILL cannot clean up, so the kernel does.
        end_with(parent)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        limit = output_bytes if hard == resource.RLIM_INFINITY else min(output_bytes, hard)
        # Its own `-fs` would cut the file off and call it a success.
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))

    return apply


def _failure(status: int, log: str) -> MediaError:
    # What it says first is the cause, and the rest is what came of it.
    reason = " ".join(log.split())[:300] or f"it ended with status {status}"
    if status == 256 - errno.ENOSPC or os.strerror(errno.ENOSPC) in log:
        return MediaError(DISK_FULL, code="storage.full")
    if status == -signal.SIGXFSZ or os.strerror(errno.EFBIG) in log:
        return MediaError("The video would be larger than what may be written.", code="media.too_large")
    if any(sign in log for sign in _SIGNS_OF_UNREADABLE):
        return MediaError(f"{UNREADABLE}: {reason}", code="media.unreadable")
    return MediaError(f"ffmpeg failed: {reason}", retryable=status < 0)
