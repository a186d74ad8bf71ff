"""Asking for a video."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event, Thread
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, connections, transaction

from generations.api import examples
from generations.models import Generation, IdempotencyKey, ProgressEvent, StageRun
from generations.tests.clients import GENERATIONS, JsonClient, client_of, problem_of
from generations.tests.factories import GenerationFactory

BODY = {"prompt": "A lighthouse at dusk", "duration_seconds": 8}

pytestmark = pytest.mark.django_db


def test_a_request_is_accepted_and_says_where_to_look(api: JsonClient) -> None:
    response = api.post(GENERATIONS, BODY)
    body = response.json()
    assert response.status_code == 202
    assert response["Location"] == body["links"]["self"]
    assert response["Retry-After"] == "1"
    assert (body["status"], body["percentage"], body["queue_position"]) == ("queued", 0, 1)


def test_what_is_left_out_has_its_default(api: JsonClient) -> None:
    body = api.post(GENERATIONS, {"prompt": "  A lighthouse \n"}).json()
    assert body["prompt"] == "A lighthouse"
    assert (body["duration_seconds"], body["aspect_ratio"], body["resolution"]) == (15, "16:9", "720p")
    assert (body["provider"], body["approval"], body["metadata"]) == ("animatic", "auto", {})
    assert 0 <= body["seed"] < 2**31


def test_everything_that_is_asked_for_is_kept(api: JsonClient) -> None:
    asked = examples.REQUEST | {"seed": 0, "style": "ink", "approval": "storyboard", "max_cost_usd": 2.5}
    body = api.post(GENERATIONS, asked).json()
    kept = {name: body[name] for name in asked}
    assert kept == asked | {"max_cost_usd": "2.500000", "brand": {**asked["brand"], "guidelines": ""}}


@pytest.mark.parametrize(
    "prompt", ["مقهى صغير تحت المطر", "夜の東京、雨", "👩‍🚀 on the 🌙", "one\n\ttwo", "x" * 4000, "a\u202eb"]
)
def test_a_prompt_is_kept_as_it_was_written(api: JsonClient, prompt: str) -> None:
    assert api.post(GENERATIONS, {"prompt": prompt}).json()["prompt"] == prompt


def test_colours_are_kept_in_lower_case(api: JsonClient) -> None:
    brand = {"name": "Kumo", "palette": ["#1B4D3E"]}
    assert api.post(GENERATIONS, BODY | {"brand": brand}).json()["brand"]["palette"] == ["#1b4d3e"]


def test_the_last_of_two_equal_names_counts(api: JsonClient) -> None:
    body = '{"prompt": "first", "prompt": "second"}'
    response = api.post(GENERATIONS, body, content_type="application/json")
    assert response.json()["prompt"] == "second"


# Dry run


def test_a_dry_run_answers_the_plan_and_stores_nothing(api: JsonClient) -> None:
    response = api.post(f"{GENERATIONS}?dry_run=true", BODY, headers={"Idempotency-Key": "k"})
    plan = response.json()
    assert response.status_code == 200
    assert plan["frame"] == {"width": 1280, "height": 720, "fps": 24}
    assert sum(scene["duration_seconds"] for scene in plan["storyboard"]["scenes"]) == 8
    assert (plan["estimated_usd"], plan["estimated_seconds"] > 0) == ("0.000000", True)
    assert not Generation.objects.exists()
    assert not IdempotencyKey.objects.exists()


def test_a_dry_run_refuses_what_the_request_would(api: JsonClient) -> None:
    problem = problem_of(api.post(f"{GENERATIONS}?dry_run=1", BODY | {"provider": "hollywood"}), 422)
    assert [error["field"] for error in problem["errors"]] == ["provider"]


# Idempotency


@pytest.mark.parametrize("first, second", [("k-1", "k-1"), ("k-1", '"k-1"'), (r'"a\"b"', 'a"b')])
def test_the_same_key_makes_one_generation_and_replays_its_answer(
    api: JsonClient, first: str, second: str
) -> None:
    made = api.post(GENERATIONS, BODY, headers={"Idempotency-Key": first})
    Generation.objects.update(percentage=50)
    again = api.post(GENERATIONS, BODY, headers={"Idempotency-Key": second})
    assert (again.status_code, again.json()) == (202, made.json())
    assert again["Idempotency-Replayed"] == "true"
    assert again["Location"] == made["Location"]
    assert "Idempotency-Replayed" not in made
    assert Generation.objects.count() == 1


def test_a_key_with_another_body_is_refused(api: JsonClient) -> None:
    api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"})
    again = api.post(GENERATIONS, BODY | {"seed": 1}, headers={"Idempotency-Key": "k"})
    assert problem_of(again, 422)["code"] == "idempotency.mismatch"


def test_a_key_belongs_to_its_owner(api: JsonClient, mallory_api: JsonClient) -> None:
    made = api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"}).json()
    other = mallory_api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"}).json()
    assert made["id"] != other["id"]


@pytest.mark.parametrize("key", ["", '""', "x" * 256, "naïve", "a\tb"])
def test_a_strange_key_is_refused(api: JsonClient, key: str) -> None:
    problem = problem_of(api.post(GENERATIONS, BODY, headers={"Idempotency-Key": key}), 400)
    assert problem["errors"][0]["field"] == "Idempotency-Key"
    assert "255" in problem["errors"][0]["message"]


def test_a_refused_request_leaves_its_key_free(api: JsonClient) -> None:
    api.post(GENERATIONS, BODY | {"provider": "hollywood"}, headers={"Idempotency-Key": "k"})
    assert api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"}).status_code == 202


def test_a_deleted_generation_is_not_made_again(api: JsonClient) -> None:
    made = api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"}).json()
    api.post(f"{GENERATIONS}/{made['id']}/cancel")
    api.delete(f"{GENERATIONS}/{made['id']}")
    again = api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"})
    assert problem_of(again, 409)["code"] == "idempotency.gone"


@pytest.mark.django_db(transaction=True)
def test_twenty_requests_at_once_make_one_generation(alice: User) -> None:
    clients = [client_of(alice) for _ in range(20)]
    start = Barrier(20)

    def post(client: JsonClient) -> tuple[int, bool]:
        start.wait()
        try:
            response = client.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"})
            return response.status_code, "Idempotency-Replayed" in response
        finally:
            connections.close_all()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(post, clients))
    assert Generation.objects.count() == 1
    assert answers.count((202, False)) == 1
    assert set(answers) <= {(202, False), (202, True), (409, False)}


@pytest.mark.django_db(transaction=True)
def test_the_last_that_is_allowed_is_not_refused_for_itself(alice: User, settings: Any) -> None:
    settings.MAX_ACTIVE_GENERATIONS = 1
    clients = [client_of(alice) for _ in range(4)]

    def post(client: JsonClient) -> int:
        try:
            return int(client.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"}).status_code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(post, clients)) == {202}


@pytest.mark.django_db(transaction=True)
def test_a_key_that_somebody_else_holds_is_waited_for_not_for_long(alice: User) -> None:
    held, is_over = Event(), Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                IdempotencyKey.objects.create(owner=alice, key="k", fingerprint="")
                held.set()
                is_over.wait(20)
        finally:
            connections.close_all()

    holder = Thread(target=hold)
    holder.start()
    assert held.wait(20)
    answer = client_of(alice).post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"})
    is_over.set()
    holder.join()
    assert problem_of(answer, 409)["code"] == "idempotency.conflict"
    assert answer["Retry-After"] == "1"
    assert not Generation.objects.exists()


@pytest.mark.parametrize("more", [{}, examples.REQUEST | {"metadata": {"b": "ä", "a": "2"}}])
def test_the_first_look_shows_what_the_answer_has_shown(api: JsonClient, more: dict[str, Any]) -> None:
    made = api.post(GENERATIONS, BODY | more).json()
    looked = api.get(made["links"]["self"]).json()
    del made["eta_seconds"], looked["eta_seconds"]
    assert looked == made


# What cannot be done


def test_an_estimate_above_the_limit_is_refused_before_anything_is_made(
    api: JsonClient, settings: Any
) -> None:
    settings.EXTRA_PROVIDERS = {"paid": "generations.tests.paid_provider.PaidProvider"}
    problem = problem_of(api.post(GENERATIONS, BODY | {"provider": "paid", "max_cost_usd": "0.01"}), 402)
    assert (problem["code"], problem["max_cost_usd"]) == ("budget.too_small", "0.010000")
    assert not Generation.objects.exists()


def test_too_many_unfinished_generations_are_refused(api: JsonClient, alice: User, settings: Any) -> None:
    settings.MAX_ACTIVE_GENERATIONS = 1
    GenerationFactory(owner=alice)
    response = api.post(GENERATIONS, BODY)
    assert problem_of(response, 429)["code"] == "generation.too_many"
    assert response["Retry-After"] == "30"


@pytest.mark.django_db(transaction=True)
def test_a_failure_halfway_leaves_nothing(api: JsonClient) -> None:
    api.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE generations_stagerun ADD CONSTRAINT no_runs CHECK (false) NOT VALID")
        try:
            answer = api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"})
        finally:
            cursor.execute("ALTER TABLE generations_stagerun DROP CONSTRAINT no_runs")
    assert answer.status_code == 500
    left = (Generation, StageRun, ProgressEvent, IdempotencyKey)
    assert [model.objects.count() for model in left] == [0, 0, 0, 0]
