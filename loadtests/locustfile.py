"""Users of the API: 30 % look at its health, 20 % submit, 50 % poll. A wrong answer is a failure.

`make loadtest USERS=5 DURATION=60s` plays them against the stack of `make up`. Start that with
EXTRA_PROVIDERS=prerendered=generations.providers.prerendered.PrerenderedProvider: then the
service is measured, not the renderer. VIDEOGEN_API_KEY names a key; default: the stack's own.
"""

import logging
import os
import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener
from uuid import uuid4

import gevent
from locust import FastHttpUser, between, events, task
from locust.contrib.fasthttp import FastResponse
from locust.env import Environment

from loadtests.prompts import any_request
from videogen.embedded.places import api_key_file

logger = logging.getLogger(__name__)

FINISHED = {"completed", "failed", "cancelled"}
REPLAY_CHANCE = 0.1
RECENT = 50

#: What the answer says that it should not; empty where it is right.
Complaint = Callable[[FastResponse], str]


class Target:
    """Known once the service has answered for the first time."""

    api_key = ""
    provider = ""


def target_find(environment: Environment, **options: Any) -> None:
    """Say in a sentence what is missing, before any user starts."""
    Target.api_key = _api_key()
    url = f"{environment.host}/api/v1/providers/prerendered"
    request = Request(url, headers={"Authorization": f"Bearer {Target.api_key}"})  # noqa: S310
    try:
        build_opener(ProxyHandler({})).open(request, timeout=10).close()
        Target.provider = "prerendered"
    except OSError as error:
        status = error.code if isinstance(error, HTTPError) else None
        if status == 401:
            sys.exit(f"{environment.host} does not know this API key; set VIDEOGEN_API_KEY.")
        if status != 404:
            sys.exit(f"{environment.host} does not answer ({error}): run `make up` first.")
        logger.warning(
            "This stack has no provider `prerendered`: every submission is drawn, which takes long."
        )
        Target.provider = "auto"


events.init.add_listener(target_find)


def _api_key() -> str:
    kept = api_key_file(Path(os.environ.get("DATA_DIR") or "var"))
    key = os.environ.get("VIDEOGEN_API_KEY") or (kept.read_text() if kept.exists() else "")
    if not key.strip():
        sys.exit("There is no API key: run `make up` first, or set VIDEOGEN_API_KEY.")
    return key.strip()


class ApiUser(FastHttpUser):
    """Asks, checks the answer, and waits as long as it is told to."""

    abstract = True

    def ask(
        self,
        method: str,
        path: str,
        complaint: Complaint,
        *,
        name: str = "",
        headers: dict[str, str] | None = None,
        json: object = None,
    ) -> FastResponse | None:
        """The answer, if it is a right one. `complaint` sees every answer but 429."""
        known = {"Authorization": f"Bearer {Target.api_key}", **(headers or {})}
        with self.client.request(
            method, path, name=name or path, headers=known, json=json, catch_response=True
        ) as response:
            seconds = _header(response, "Retry-After") if response.status_code == 429 else ""
            wrong = "" if seconds else complaint(response)
            if wrong:
                response.failure(f"{wrong} (status {response.status_code}: {(response.text or '')[:200]})")
            else:
                response.success()
        gevent.sleep(float(seconds or 0))  # Outside of the block, whose time is the request's.
        return None if wrong or seconds else cast(FastResponse, response)


class HealthUser(ApiUser):
    """A load balancer."""

    weight = 3
    wait_time = between(0.01, 0.05)

    @task
    def look(self) -> None:
        self.ask(
            "GET", "/health", lambda it: "" if _is(it, 200) and it.json()["status"] == "ok" else "not well"
        )


class SubmittingUser(ApiUser):
    """Asks for videos, sometimes twice with one key, and gives up what is unfinished at the end."""

    weight = 2
    wait_time = between(5, 15)

    def on_start(self) -> None:
        self.ids: list[str] = []

    @task
    def submit(self) -> None:
        request, key = any_request(Target.provider), str(uuid4())
        first = self._post(request, key, name="POST /generations")
        if first is None:
            return
        self.ids.append(first["id"])
        if random.random() < REPLAY_CHANCE:
            again = self._post(request, key, name="POST /generations (replay)")
            if again is not None and again["id"] != first["id"]:
                raise AssertionError(f"One key made two generations: {first['id']} and {again['id']}")

    def _post(self, request: dict[str, Any], key: str, *, name: str) -> dict[str, Any] | None:
        def complaint(response: FastResponse) -> str:
            if not _is(response, 202):
                return "not accepted"
            answer = response.json()
            wrong = [field for field in request if field != "provider" and answer[field] != request[field]]
            if wrong:
                return f"not what was asked for: {', '.join(wrong)}"
            located = _header(response, "Location").endswith(f"/generations/{answer['id']}")
            return "" if located else "no Location of the generation"

        headers = {"Idempotency-Key": key}
        response = self.ask(
            "POST", "/api/v1/generations", complaint, name=name, headers=headers, json=request
        )
        return None if response is None else response.json()

    def on_stop(self) -> None:
        for generation_id in self.ids:
            self.ask(
                "POST",
                f"/api/v1/generations/{generation_id}/cancel",
                lambda it: "" if _is(it, 202, 409) else "neither cancelled nor finished",
                name="POST /generations/{id}/cancel",
            )


class PollingUser(ApiUser):
    """Follows one generation to its end, then another."""

    weight = 5
    wait_time = between(3, 7)

    def on_start(self) -> None:
        self.seen: dict[str, Any] = {}
        self.etag = ""

    @task
    def poll(self) -> None:
        if not self.seen or self.seen["status"] in FINISHED:
            self._choose()
        else:
            self._look()

    def _choose(self) -> None:
        path = f"/api/v1/generations?limit={RECENT}"
        response = self.ask(
            "GET", path, lambda it: "" if _is(it, 200) else "no list", name="GET /generations"
        )
        rows = response.json()["results"] if response is not None else []
        if rows:
            unfinished = [row for row in rows if row["status"] not in FINISHED]
            self.seen, self.etag = random.choice(unfinished or rows), ""

    def _look(self) -> None:
        response = self.ask(
            "GET",
            f"/api/v1/generations/{self.seen['id']}",
            self._complaint,
            name="GET /generations/{id}",
            headers={"If-None-Match": self.etag} if self.etag else {},
        )
        if response is not None and response.status_code == 200:
            self.seen, self.etag = response.json(), _header(response, "ETag")

    def _complaint(self, response: FastResponse) -> str:
        if _is(response, 304):
            return "" if self.etag else "304 without having been asked"
        if not _is(response, 200) or not _header(response, "ETag"):
            return "no generation with an ETag"
        answer = response.json()
        if answer["id"] != self.seen["id"]:
            return "another generation"
        went_back = answer["percentage"] < self.seen["percentage"]
        return f"percentage went back from {self.seen['percentage']}" if went_back else ""


def _is(response: FastResponse, *statuses: int) -> bool:
    return response.status_code in statuses


def _header(response: FastResponse, name: str) -> str:
    headers: Mapping[str, Any] = response.headers or {}
    return str(headers.get(name, ""))
