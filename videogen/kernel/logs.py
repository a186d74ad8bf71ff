"""Log lines that know their request, as JSON for machines or as text for people."""

import logging
import re
import uuid
from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

#: The id of the request, or of the stage run, that this thread of work belongs to.
request_id: ContextVar[str] = ContextVar("request_id", default="")

#: The header that carries it.
REQUEST_ID = "X-Request-ID"
_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(environ: Mapping[str, Any]) -> str:
    """The client's own where it is sane, else a new one."""
    given = environ.get("HTTP_X_REQUEST_ID", "")
    return given if _SANE.fullmatch(given) else uuid.uuid4().hex


class RequestIdFilter(logging.Filter):
    """Puts the current request id on each record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class JsonFormatter(BaseJsonFormatter):
    """One JSON object per line; what is passed as `extra` becomes its own field."""

    def __init__(self) -> None:
        super().__init__(
            "{asctime}{levelname}{name}{message}{request_id}",
            style="{",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
        )


class TextFormatter(logging.Formatter):
    """Time, level, message, and the request id where there is one."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname:<7} {name}: {message}", "%H:%M:%S", style="{")

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        identifier = getattr(record, "request_id", "")
        return f"{line}  [{identifier}]" if identifier else line
