"""Follows one generation to its end over REST, then another."""

import random
from typing import Any

from locust import between, task

from loadtests.users.api import FINISHED, GENERATIONS
from loadtests.users.api_user import ApiUser
from loadtests.users.http import Answer
from loadtests.users.target import Target

RECENT = 50


class PollingUser(ApiUser):
    weight = 5
    wait_time = between(3, 7)

    def on_start(self) -> None:
        self.seen: dict[str, Any] = {}
        self.etag = ""

    @task
    def poll(self) -> None:
        if not self.seen or self.seen["status"] in FINISHED:
            self._choose()
        if self.seen:
            self._look()

    def _choose(self) -> None:
        """Clients know the ids of what they submitted; the list is for whoever has submitted nothing yet."""
        rows = list(Target.recent) or self._list()
        if rows:
            self.seen, self.etag = random.choice(rows), ""

    def _list(self) -> list[dict[str, Any]]:
        path = f"{GENERATIONS}?limit={RECENT}"
        answer = self.ask("GET", path, lambda it: "" if it.status == 200 else "no list", name=GENERATIONS)
        return [] if answer is None else list(answer.json()["results"])

    def _look(self) -> None:
        answer = self.ask(
            "GET",
            f"{GENERATIONS}/{self.seen['id']}",
            self._complaint,
            name=f"{GENERATIONS}/{{id}}",
            headers={"If-None-Match": self.etag} if self.etag else {},
        )
        if answer is not None and answer.status == 200:
            self.seen, self.etag = answer.json(), answer.header("ETag")

    def _complaint(self, answer: Answer) -> str:
        if answer.status == 304:
            return "" if self.etag else "304 without having been asked"
        if answer.status != 200 or not answer.header("ETag"):
            return "no generation with an ETag"
        found = answer.json()
        if found["id"] != self.seen["id"]:
            return "another generation"
        went_back = found["percentage"] < self.seen["percentage"]
        return f"percentage went back from {self.seen['percentage']}" if went_back else ""
