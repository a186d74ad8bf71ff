"""The limit of the server: an answer of the same size, without any work for it."""

import os
from collections.abc import Callable, Iterable
from typing import Any

BODY = os.environ["BARE_BODY"].encode()
HEADERS = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]
STATUS = {"GET": "200 OK", "POST": "202 Accepted"}


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    environ["wsgi.input"].read()
    start_response(STATUS[environ["REQUEST_METHOD"]], HEADERS)
    return [BODY]
