"""A service's answer, whatever it is: a status, headers, and JSON where it is JSON."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

MAX_ID_CHARACTERS = 200
MAX_ADDRESS_CHARACTERS = 8000
_VIDEO_SUFFIXES = (".mp4", ".webm", ".mov", ".mkv")
#: Where the models put their file, best first.
_PLACES = ("video", "videos", "output", "url")


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is None where it is not JSON."""

    status: int
    headers: httpx.Headers
    text: str
    body: Any

    @classmethod
    def of(cls, status: int, headers: httpx.Headers, content: bytes) -> "Answer":
        text = content.decode(errors="replace")
        return cls(status, headers, text, _parsed(text))

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def is_foreign(self) -> bool:
        """Whether it is something else than JSON, such as the page of a gateway. An empty one is not."""
        return self.body is None and bool(self.text.strip())

    @property
    def members(self) -> Mapping[str, Any]:
        """The members of the JSON object that it is; none where it is anything else."""
        return self.body if isinstance(self.body, dict) else {}

    def word(self, name: str) -> str:
        """A member that is text; empty where there is none."""
        value = self.members.get(name)
        return value if isinstance(value, str) else ""

    def job_id(self, name: str) -> str:
        """The id of a job, as far as it can be kept."""
        return self.word(name) if is_job_id(self.word(name)) else ""

    @property
    def message(self) -> str:
        """What it says about an error, in whichever of the usual places."""
        for name in ("detail", "error", "message", "title"):
            if said := said_in(self.members.get(name)):
                return said
        return "" if self.members else self.text


def is_job_id(text: str) -> bool:
    """Whether it can be the id of a job: not empty, and short enough for the ledger."""
    return 0 < len(text) <= MAX_ID_CHARACTERS and text.isprintable()


def said_in(value: Any) -> str:
    """The words of an error: a text, an object that has one, or a list of either."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        said = next((value[name] for name in ("msg", "message", "detail", "error") if value.get(name)), "")
        return said if isinstance(said, str) else ""
    if isinstance(value, list):
        return " ".join(filter(None, (said_in(item) for item in value[:5] if not isinstance(item, list))))
    return ""


def output_url(output: Any, depth: int = 0) -> str:
    """The address of the clip in an output of any shape; empty where there is none."""
    if isinstance(output, str):
        return output if _is_address(output) else ""
    if depth > 3:
        return ""
    if isinstance(output, dict):
        found = (output_url(output.get(place), depth + 1) for place in _PLACES)
        return next(filter(None, found), "")
    if isinstance(output, list):
        addresses = list(filter(None, (output_url(item, depth + 1) for item in output)))
        return next(filter(_is_video, addresses), next(iter(addresses), ""))
    return ""


def _is_address(text: str) -> bool:
    is_kept_well = len(text) <= MAX_ADDRESS_CHARACTERS and text.isprintable()
    return is_kept_well and text.startswith(("https://", "http://"))


def _is_video(address: str) -> bool:
    try:
        return urlsplit(address).path.lower().endswith(_VIDEO_SUFFIXES)
    except ValueError:
        return False


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)  # NaN and its like are no JSON.
    except (ValueError, RecursionError):
        return None
