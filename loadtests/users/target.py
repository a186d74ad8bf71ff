"""What is loaded: its address, its keys, its provider; found out before any user starts."""

import itertools
import json
import logging
import os
import sys
from collections import deque
from pathlib import Path
from typing import Any

from locust.env import Environment

from loadtests.users.http import Answer, Connection
from videogen.embedded.places import api_key_file

logger = logging.getLogger(__name__)

#: What subscribers find to follow, the newest first: who subscribes late still sees the whole history.
SUBMISSIONS_REMEMBERED = 1000
SUBMISSIONS_POLLED = 50


class Target:
    """Of this process. `submitted` holds generations that nobody follows yet, the newest last."""

    provider = ""
    #: Whether what is unfinished at the end is cancelled: a stack that goes away needs no tidying.
    is_tidied = True
    submitted: deque[dict[str, Any]] = deque(maxlen=SUBMISSIONS_REMEMBERED)
    #: What is polled.
    recent: deque[dict[str, Any]] = deque(maxlen=SUBMISSIONS_POLLED)
    _keys: "itertools.cycle[str]"

    @classmethod
    def next_key(cls) -> str:
        """Users take turns with the keys: a limit of one key is not that of all users together."""
        return next(cls._keys)


def target_find(environment: Environment, **options: Any) -> None:
    """Say in a sentence what is missing."""
    keys = api_keys()
    Target._keys = itertools.cycle(keys)
    Target.is_tidied = os.environ.get("LOADTEST_TIDY", "1") == "1"
    host = environment.host or ""
    headers = {"Authorization": f"Bearer {keys[0]}"}
    try:
        answer = Connection(host).request("GET", "/api/v1/providers/prerendered", headers)
    except OSError as error:
        sys.exit(f"{host} does not answer ({error}): run `make up` first.")
    Target.provider = provider_of(host, answer)


def provider_of(host: str, answer: Answer) -> str:
    if answer.status == 200:
        return "prerendered"
    if answer.status == 401:
        sys.exit(f"{host} does not know this API key; set VIDEOGEN_API_KEY.")
    if answer.status != 404:
        sys.exit(f"{host} answers {answer.status}: {answer.text[:200]}")
    logger.warning("This stack has no provider `prerendered`: every submission is drawn, which takes long.")
    return "auto"


def api_keys() -> list[str]:
    """From LOADTEST_KEYS, a file with a list; or VIDEOGEN_API_KEY; or the key of the stack of `make up`."""
    if path := os.environ.get("LOADTEST_KEYS"):
        return list(json.loads(Path(path).read_text()))
    kept = api_key_file(Path(os.environ.get("DATA_DIR") or "var"))
    key = os.environ.get("VIDEOGEN_API_KEY") or (kept.read_text() if kept.exists() else "")
    if not key.strip():
        sys.exit("There is no API key: run `make up` first, or set VIDEOGEN_API_KEY.")
    return [key.strip()]
