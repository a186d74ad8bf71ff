"""Secrets that a stack makes for itself on its first start, readable by its owner only."""

import os
from pathlib import Path

from django.conf import settings
from django.core.management.utils import get_random_secret_key

from videogen.accounts.services import api_key_create, api_key_find
from videogen.embedded.places import api_key_file, secret_key_file

LOCAL_USER = "local"


def secret_key_ensure(data_dir: Path) -> None:
    """Keep a SECRET_KEY below the data directory where the environment names none."""
    if not settings.SECRET_KEY_IS_TEMPORARY:
        return
    _private_write(secret_key_file(data_dir), get_random_secret_key())
    settings.SECRET_KEY = secret_key_file(data_dir).read_text()
    settings.SECRET_KEY_IS_TEMPORARY = False


def api_key_ensure(data_dir: Path) -> str:
    """The key of the user at this machine: the one from last time, or a new one if that is no good."""
    path = api_key_file(data_dir)
    secret = path.read_text().strip() if path.exists() else ""
    if not secret or api_key_find(secret=secret) is None:
        _, secret = api_key_create(user_name=LOCAL_USER, name="made by manage.py up")
        _private_write(path, secret)
    return secret


def _private_write(path: Path, text: str) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    unfinished.replace(path)
