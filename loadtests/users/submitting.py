"""Asks for videos, sometimes twice with one key, and gives up what is unfinished at the end."""

import random
from functools import partial
from typing import Any
from uuid import uuid4

from locust import between, task

from loadtests.prompts import any_request
from loadtests.users.api import GENERATIONS
from loadtests.users.api_user import ApiUser
from loadtests.users.http import Answer
from loadtests.users.target import Target

REPLAY_CHANCE = 0.1


class SubmittingUser(ApiUser):
    weight = 2
    wait_time = between(5, 15)

    def on_start(self) -> None:
        self.ids: list[str] = []

    @task
    def submit(self) -> None:
        request, key = any_request(Target.provider), str(uuid4())
        first = self._post(request, key, name=GENERATIONS)
        if first is None:
            return
        self.ids.append(first["id"])
        Target.submitted.append(first)
        Target.recent.append(first)
        # The first one always: then no run is too short for a replay.
        if len(self.ids) == 1 or random.random() < REPLAY_CHANCE:
            self._post(request, key, name=f"{GENERATIONS} (replay)", made=first["id"])

    def _post(self, request: dict[str, Any], key: str, *, name: str, made: str = "") -> dict[str, Any] | None:
        """What was made; that of the id `made`, where the key has been used already."""
        answer = self.ask(
            "POST",
            GENERATIONS,
            partial(complaint, request, made),
            name=name,
            headers={"Idempotency-Key": key},
            json=request,
        )
        return None if answer is None else answer.json()

    def on_stop(self) -> None:
        for generation_id in self.ids if Target.is_tidied else []:
            self.ask(
                "POST",
                f"{GENERATIONS}/{generation_id}/cancel",
                lambda it: "" if it.status in (202, 409) else "neither cancelled nor finished",
                name=f"{GENERATIONS}/{{id}}/cancel",
            )
        super().on_stop()


def complaint(request: dict[str, Any], made: str, answer: Answer) -> str:
    if answer.status != 202:
        return "not accepted"
    told = answer.json()
    if made and told["id"] != made:
        return f"one key made two generations, {made} and {told['id']}"
    wrong = [field for field in request if field != "provider" and told[field] != request[field]]
    if wrong:
        return f"not what was asked for: {', '.join(wrong)}"
    is_located = answer.header("Location").endswith(f"/generations/{told['id']}")
    return "" if is_located else "no Location of the generation"
