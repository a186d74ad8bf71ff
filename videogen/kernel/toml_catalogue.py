"""Files of facts in TOML: read, checked by a model, refused with the line and the reason, written."""

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class TomlFile:
    """A file as it was read. Fractions are exact, so that cents do not become floats."""

    path: Path
    text: str
    content: dict[str, Any]


def toml_read(path: Path, *, setting: str) -> TomlFile:
    """Raises `ImproperlyConfigured`; `setting` is what an operator sets to name such a file."""
    try:
        text = path.read_text()
        return TomlFile(path, text, tomllib.loads(text, parse_float=Decimal))
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{setting} cannot be read: {error}") from None
    except tomllib.TOMLDecodeError as error:
        raise ImproperlyConfigured(f"{path} is not TOML: {error}") from None


def toml_checked(model: type[Model], content: Mapping[str, Any], *, file: TomlFile) -> Model:
    """`content` as a `model`. Raises `ImproperlyConfigured` with the file, the line and the reason."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        names = ".".join(str(part) for part in problem["loc"])
        line = _line_of([part for part in problem["loc"] if isinstance(part, str)], file.text)
        raise ImproperlyConfigured(f"{file.path}, line {line}: {names}: {problem['msg']}") from None


def toml_text(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """Tables of tables as TOML: one `[outer."inner"]` after the other."""
    parts = [
        _table(f"{outer}.{_quoted(inner)}", row)
        for outer, rows in tables.items()
        for inner, row in rows.items()
    ]
    return "\n\n".join(parts) + "\n"


def _table(name: str, row: Mapping[str, Any]) -> str:
    return "\n".join([f"[{name}]", *(f"{key} = {_value(value)}" for key, value in row.items())])


def _line_of(names: list[str], text: str) -> int:
    """The line of the table or key that the names lead to; the last one that leads there."""
    found, passed, rest = 1, list[str](), list(names)
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.split("#")[0]
        if passed and written.startswith("[") and not all(_has(written, name) for name in passed):
            break  # Another table: what is missing in ours is not to be found there.
        while rest and _has(written, rest[0]):
            found = number
            passed.append(rest.pop(0))
    return found


def _has(written: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-]|\.\d)", written) is not None


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return f"{value:f}" if isinstance(value, Decimal) else str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_quoted(key)} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return _quoted(str(value))


def _quoted(text: str) -> str:
    # What JSON escapes, TOML escapes in the same way.
    return json.dumps(text, ensure_ascii=False)
