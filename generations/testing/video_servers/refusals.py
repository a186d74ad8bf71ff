"""Errors in a provider's shape, and what a fault answers instead of the right thing or after it."""

import json
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any

from generations.testing.video_servers.faults import Fault
from videogen.kernel.testing.http_server import JSON, Answer

WEB_PAGE = b"<!DOCTYPE html><html><head><title>502</title></head><body>Nobody is there.</body></html>"
HTML = {"Content-Type": "text/html"}
NOT_FOUND = Answer(404, b"Not found", {"Content-Type": "text/plain"})
#: Stands for the status where the connection is closed, or stays silent, instead of an answer.
CLOSED = 0


class Refusals(ABC):
    """How a provider says no. What all providers do alike is here; the shape is theirs."""

    @abstractmethod
    def problem(self, status: int, detail: str, **extra: Any) -> Answer:
        """An error in the provider's shape."""

    @abstractmethod
    def refusal(self, kind: str) -> Answer:
        """The answer to a wrong key (`unauthorized`) or an empty account (`no_credit`)."""

    def throttled(self, seconds: float, spelling: str, headers: Mapping[str, str] | None = None) -> Answer:
        """A 429 that says when to come back in one way, in all, or not at all."""
        whole = math.ceil(seconds)
        ways = spelling.removeprefix("rate_limited")
        head, extra, detail = {}, {}, "Request was throttled."
        if ways in ("_seconds", "_all"):
            head["Retry-After"] = str(whole)
        if ways == "_date":
            head["Retry-After"] = formatdate(time.time() + seconds, usegmt=True)
        if ways in ("_body", "_all"):
            extra["retry_after"] = whole
        if ways in ("_text", "_all"):
            detail += f" Your rate limit resets in ~{whole}s."
        answer = self.problem(429, detail, **extra)
        return Answer(answer.status, answer.body, {**answer.headers, **head, **(headers or {})})

    def instead(self, fault: Fault) -> Answer | None:
        """What a fault answers when nothing is done; None where it lets things be done."""
        if fault.kind.startswith("rate_limited"):
            return self.throttled(fault.seconds or 1.0, fault.kind, fault.headers)
        match fault.kind:
            case "error_before":
                return self._error(fault)
            case "unauthorized" | "no_credit":
                return self.refusal(fault.kind)
            case "bad_request":
                return self.problem(fault.status or 422, fault.message or "Something is wrong.")
            case "html" | "html_output":
                return Answer(fault.status or 200, WEB_PAGE, {**HTML, **fault.headers})
            case "redirect":
                return Answer(302, b"", {"Location": fault.message, **fault.headers})
            case "expired":
                return NOT_FOUND
        return Answer(CLOSED, b"") if fault.kind in ("drop", "hang_before") else None

    def afterwards(self, fault: Fault, answer: Answer) -> Answer:
        """What a fault makes of the right answer."""
        match fault.kind:
            case "error_after":
                return self._error(fault)
            case "html_after":
                return Answer(fault.status or 200, WEB_PAGE, {**HTML, **fault.headers})
            case "truncated_json":
                return Answer(answer.status, answer.body[: len(answer.body) // 2], answer.headers)
        return Answer(answer.status, answer.body, {**answer.headers, **fault.headers})

    def _error(self, fault: Fault) -> Answer:
        answer = self.problem(fault.status or 500, fault.message or "The server had an error.")
        return Answer(answer.status, answer.body, {**answer.headers, **fault.headers})


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """JSON, as all of both APIs is."""
    return Answer(status, json.dumps(body).encode(), {**JSON, **(headers or {})})
