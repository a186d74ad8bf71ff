"""STUB"""

from pathlib import Path
from typing import Any


def storages_from_environment(data_dir: Path) -> dict[str, Any]:
    return {"assets": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": data_dir / "assets"}}}
