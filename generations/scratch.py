"""Where an attempt keeps its files while it works. A killed attempt cannot clean up; the workers do."""

import shutil
import time
from pathlib import Path

from django.conf import settings

from generations.pipeline import STAGES

PREFIX = "stage-"

#: Nothing that is younger can be abandoned: an attempt ends by its own deadline.
LONGEST_SECONDS = 2 * max(stage.timeout_seconds for stage in STAGES)


def scratch_directory() -> Path:
    """The directory, made if missing."""
    path: Path = settings.DATA_DIR / "scratch"
    path.mkdir(parents=True, exist_ok=True)
    return path


def scratch_clear() -> None:
    """Remove what killed attempts left behind."""
    for path in scratch_directory().glob(f"{PREFIX}*"):
        try:
            abandoned = time.time() - path.stat().st_mtime > LONGEST_SECONDS
        except FileNotFoundError:
            continue  # Its attempt has just ended.
        if abandoned:
            shutil.rmtree(path, ignore_errors=True)
