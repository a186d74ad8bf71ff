"""A provider that answers at once with a ready clip: for load tests and for measuring the pipeline itself.

It is not among the built-in ones. This adds it:
EXTRA_PROVIDERS=prerendered=generations.providers.prerendered.PrerenderedProvider
"""

import os
import shutil
from decimal import Decimal
from pathlib import Path

from django.conf import settings

from generations.media.encoder import FrameEncoder
from generations.media.frame import ASPECT_RATIOS, RESOLUTIONS, FrameFormat
from generations.providers.base import Capabilities, ClipSpec, Submission
from videogen.kernel.progress import ReportProgress


class PrerenderedProvider:
    """Each size and length is encoded once and kept below DATA_DIR; then a clip costs a copy."""

    name = "prerendered"

    def capabilities(self) -> Capabilities:
        return Capabilities(
            models=("prerendered-1",),
            aspect_ratios=tuple(ASPECT_RATIOS),
            resolutions=tuple(RESOLUTIONS),
            min_clip_seconds=Decimal(1),
            max_clip_seconds=Decimal(15),
            audio=False,
            paid=False,
            description="A moving bar, made beforehand; for measurements.",
            conformed=True,
        )

    def unavailable_because(self) -> str | None:
        return None

    def prepare(self) -> None:
        """Nothing to load."""

    def estimate(self, spec: ClipSpec) -> Decimal:
        return Decimal(0)

    def submit(self, spec: ClipSpec, *, token: str) -> Submission:
        return Submission(job_id=token)

    def fetch(self, spec: ClipSpec, job_id: str, *, into: Path, report: ReportProgress) -> tuple[str, ...]:
        shutil.copyfile(ready_clip(spec.frame, spec.scene.duration_seconds), into)
        report(1.0)
        return ()


def ready_clip(frame: FrameFormat, seconds: Decimal) -> Path:
    """The clip of this form and length, made now if it is the first."""
    directory: Path = settings.DATA_DIR / "prerendered"
    path = directory / f"{frame.width}x{frame.height}-{frame.fps}-{seconds}.mp4"
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        own = path.with_stem(f"{path.stem}-{os.getpid()}")  # Several processes may make it at once.
        with FrameEncoder(own, frame) as encoder:
            for number in range(frame.frames(float(seconds))):
                encoder.write(_bar(frame, number))
        own.replace(path)
    return path


def _bar(frame: FrameFormat, number: int) -> bytes:
    ground, bar = b"\x60\x40\x20\xff", b"\x30\xb0\xf0\xff"  # BGRA
    width = frame.width // 8
    left = 8 * number % (frame.width - width)
    row = ground * left + bar * width + ground * (frame.width - width - left)
    return row * frame.height
