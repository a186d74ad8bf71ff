"""Whole HTTP answers: right ones, errors, and what a fault makes of them."""

import gzip
import json
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any

from analysis.testing.openai_server.calls import Ending
from analysis.testing.openai_server.faults import Fault
from videogen.kernel.testing.http_server import JSON, Answer

HUGE_BYTES = 100 * 1000 * 1000
WEB_PAGE = "<!DOCTYPE html><html><head><title>502</title></head><body>No way to the model</body></html>"

#: Status, type, code and message of the faults that are an error and nothing else.
ERRORS: dict[str, tuple[int, str, str | None, str]] = {
    "rate_limited": (429, "requests", "rate_limit_exceeded", "Rate limit reached for requests."),
    "quota_exhausted": (429, "insufficient_quota", "insufficient_quota", "You exceeded your current quota."),
    "unauthorized": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "forbidden": (403, "invalid_request_error", "unsupported_country", "Country not supported."),
    "model_unknown": (404, "invalid_request_error", "model_not_found", "The model does not exist."),
    "bad_request": (400, "invalid_request_error", None, "Something is wrong."),
    "error": (500, "server_error", None, "The server had an error."),
}
#: What the faults of a model make of its answer: how it ends, and its text, where that is not the right one.
ENDINGS: dict[str, tuple[Ending, str | None]] = {
    "truncated": ("truncated", None),
    "refusal": ("refusal", ""),
    "content_filter": ("content_filter", ""),
    "wrong_json": ("complete", '{"subject": "a cup", '),
    "wrong_shape": ("complete", '{"unexpected": true}'),
}
MODELS: dict[str, str | None] = {
    "gpt-6-luna": None,
    "gpt-6.1-terra": None,
    "gpt-6.1-sol": None,
    "gpt-5.4-mini": None,
    "gpt-5-mini": "2026-12-11",
    "omni-moderation-latest": None,
}


def json_answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """JSON, as all of the API is, with the request's id."""
    own = {"x-request-id": f"req_{uuid.uuid4().hex}", "openai-processing-ms": "1"}
    return Answer(status, json.dumps(body).encode(), {**JSON, **own, **(headers or {})})


def error_answer(
    status: int,
    kind: str,
    code: str | None,
    message: str,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """An error in OpenAI's shape."""
    error = {"message": message, "type": kind, "param": param, "code": code}
    return json_answer({"error": error}, status=status, headers=headers)


def models_answer() -> Answer:
    """`GET /v1/models`."""
    models = [
        {"id": name, "object": "model", "created": 1, "owned_by": "test", "shutdown_date": shutdown_date}
        for name, shutdown_date in MODELS.items()
    ]
    return json_answer({"object": "list", "data": models})


def fault_answer(fault: Fault) -> Answer | None:
    """What a fault answers instead of everything else; None where there is to be an answer first."""
    if fault.kind in ERRORS:
        status, kind, code, message = ERRORS[fault.kind]
        return error_answer(
            fault.status or status, kind, code, fault.message or message, headers=fault.headers
        )
    if fault.kind == "html":
        return Answer(fault.status or 200, WEB_PAGE.encode(), {"Content-Type": "text/html", **fault.headers})
    if fault.kind == "redirect":
        return Answer(307, b"", {"Location": fault.message, **fault.headers})
    if fault.kind == "raw":
        return Answer(fault.status or 200, fault.message.encode(), {**JSON, **fault.headers})
    if fault.kind == "empty":
        return Answer(200, b"", {**JSON, **fault.headers})
    if fault.kind == "gzip_bomb":
        return Answer(200, _bomb(), {**JSON, "Content-Encoding": "gzip"})
    return None


@cache
def _bomb() -> bytes:
    return gzip.compress(b'{"output": "' + b" " * HUGE_BYTES + b'"}', compresslevel=1)
