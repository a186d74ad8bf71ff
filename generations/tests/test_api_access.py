"""Who may use the API: keys, staff sessions, tickets, and how often."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.utils import timezone

from generations.models import Generation
from generations.tests.clients import GENERATIONS, JsonClient, client_of, problem_of
from generations.tests.factories import GenerationFactory
from videogen.accounts.models import ApiKey, Scope
from videogen.accounts.services import api_key_revoke
from videogen.accounts.tickets import ticket_take

pytestmark = pytest.mark.django_db

#: Too few to come back while a test runs.
TWENTY = (20, 3600)


@pytest.mark.parametrize(
    "authorization", ["Bearer vg_wrong", "Bearer ", "Bearer", "Basic YTpi", "vg_x", "Bearer \xff"]
)
def test_a_wrong_key_is_refused(authorization: str) -> None:
    response = JsonClient().get(GENERATIONS, headers={"Authorization": authorization})
    assert problem_of(response, 401)["code"] == "auth.invalid_key"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_no_key_is_refused_with_a_challenge() -> None:
    response = JsonClient().get(GENERATIONS)
    assert problem_of(response, 401)["code"] == "auth.required"
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_key_in_the_address_is_not_looked_at(api: JsonClient) -> None:
    secret = api.secret
    problem_of(JsonClient().get(f"{GENERATIONS}?key={secret}&api_key={secret}"), 401)


def test_a_revoked_key_is_refused(api: JsonClient) -> None:
    api_key_revoke(key=ApiKey.objects.get())
    problem_of(api.get(GENERATIONS), 401)


def test_an_expired_key_is_refused(alice: User) -> None:
    expired = client_of(alice, expires_at=timezone.now() - timedelta(seconds=1))
    problem_of(expired.get(GENERATIONS), 401)


def test_the_key_of_a_user_who_was_shut_out_is_refused(api: JsonClient, alice: User) -> None:
    User.objects.update(is_active=False)
    problem_of(api.get(GENERATIONS), 401)


# Sessions


@pytest.fixture
def session(operator: User) -> JsonClient:
    client = JsonClient(enforce_csrf_checks=True)
    client.force_login(operator)
    return client


def test_an_operator_reads_with_a_session(session: JsonClient, operator: User) -> None:
    generation = GenerationFactory(owner=operator)
    assert session.get(f"{GENERATIONS}/{generation.pk}").status_code == 200


def test_a_session_without_its_csrf_token_changes_nothing(session: JsonClient, operator: User) -> None:
    generation = GenerationFactory(owner=operator)
    problem = problem_of(session.post(f"{GENERATIONS}/{generation.pk}/cancel"), 403)
    assert "CSRF" in problem["detail"]
    assert Generation.objects.get().status == "queued"


def test_a_session_with_its_csrf_token_may(session: JsonClient, operator: User) -> None:
    generation = GenerationFactory(owner=operator)
    session.cookies["csrftoken"] = token = "a" * 32
    response = session.post(f"{GENERATIONS}/{generation.pk}/cancel", headers={"X-CSRFToken": token})
    assert response.status_code == 202


# Tickets


def test_a_ticket_is_good_once_and_for_its_owner(api: JsonClient, alice: User) -> None:
    response = api.post("/api/v1/ws-tickets")
    body = response.json()
    assert (response.status_code, body["expires_in_seconds"], response["Cache-Control"]) == (
        201,
        60,
        "no-store",
    )
    assert body["url"].endswith(f"/ws/generations?ticket={body['ticket']}")
    holder = ticket_take(body["ticket"])
    assert holder is not None
    assert holder.user == alice
    assert ticket_take(body["ticket"]) is None


def test_a_key_that_may_read_gets_a_ticket(alice: User) -> None:
    assert client_of(alice, scopes=[Scope.READ]).post("/api/v1/ws-tickets").status_code == 201
    problem_of(client_of(alice, scopes=[Scope.WRITE]).post("/api/v1/ws-tickets"), 403)


# Rate limits


def test_every_answer_says_what_is_left(api: JsonClient, settings: Any) -> None:
    settings.RATE_LIMIT_READ = TWENTY
    api.get(GENERATIONS)
    for path in (GENERATIONS, f"{GENERATIONS}?limit=x"):
        response = api.get(path)
    assert response["RateLimit-Policy"] == '"read";q=20;w=3600'
    assert response["RateLimit"].startswith('"read";r=17;t=')


def test_reading_does_not_use_up_writing(api: JsonClient, generation: Generation, settings: Any) -> None:
    settings.RATE_LIMIT_READ = settings.RATE_LIMIT_WRITE = (1, 3600)
    api.get(GENERATIONS)
    problem_of(api.get(GENERATIONS), 429)
    assert api.post(f"{GENERATIONS}/{generation.pk}/cancel").status_code == 202


def test_one_key_does_not_use_up_anothers(api: JsonClient, mallory_api: JsonClient, settings: Any) -> None:
    settings.RATE_LIMIT_READ = (1, 3600)
    mallory_api.get(GENERATIONS)
    problem_of(mallory_api.get(GENERATIONS), 429)
    assert api.get(GENERATIONS).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_sixty_requests_at_once_are_admitted_twenty_times(api: JsonClient, settings: Any) -> None:
    settings.RATE_LIMIT_READ = TWENTY
    start = Barrier(60)

    def get(_: int) -> Any:
        client = JsonClient(api.secret)
        start.wait()
        try:
            return client.get("/api/v1/providers/animatic")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(60) as pool:
        answers = list(pool.map(get, range(60)))
    refused = [response for response in answers if response.status_code == 429]
    assert len(refused) == 40
    assert all(problem_of(response, 429)["code"] == "rate_limited" for response in refused)
    assert all(1 <= int(response["Retry-After"]) <= 180 for response in refused)
