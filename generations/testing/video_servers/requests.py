"""Requests as the servers see them, and what leads from them to answers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from generations.testing.video_servers.ledger import Asked, Submission
from videogen.kernel.testing.http_server import Answer, json_of


@dataclass
class Request:
    """One request. `found` is what its path says; `submission` is there where it asks for a job."""

    asked: Asked
    headers: Mapping[str, str]
    body: bytes
    url: str
    found: Mapping[str, str]
    submission: Submission | None = None

    @cached_property
    def json(self) -> Mapping[str, Any]:
        """The body's object; empty where it is none."""
        body = json_of(self.body)
        return body if isinstance(body, dict) else {}

    @cached_property
    def query(self) -> Mapping[str, str]:
        """What comes after the question mark."""
        return dict(parse_qsl(urlsplit(self.url).query))


@dataclass(frozen=True)
class Route:
    """What is behind a path. `is_open`: nobody has to show a key."""

    kind: str
    method: str
    pattern: str
    answer: Callable[[Request], Answer]
    is_open: bool = False

    def match(self, method: str, path: str) -> Mapping[str, str] | None:
        """What the path says, where this route is meant."""
        found = re.fullmatch(self.pattern, path) if method == self.method else None
        return found.groupdict() if found else None
