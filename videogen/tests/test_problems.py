"""Every error has the one shape, wherever it comes from."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from redis.exceptions import ConnectionError as RedisAway
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from videogen.kernel.errors import DomainError, Postponed


class Advised(DomainError):
    """One that says what can be done about it."""

    code = "safety.input"
    status = 422
    hint = "Use other words."


ERRORS = {
    "missing": Http404("secret words"),
    "forbidden": PermissionDenied("secret words"),
    "database": OperationalError("secret words"),
    "redis": RedisAway("secret words"),
    "large": RequestDataTooBig("secret words"),
    "bug": RuntimeError("secret words"),
    "refused": DomainError("No.", code="clip.sad", status="failed", errors=[], retry_after_seconds=0.2),
    "postponed": Postponed("It is too early.", seconds=12.3, code="quota.waiting"),
    "advised": Advised("Not these words."),
}


def plain(request: HttpRequest, name: str) -> HttpResponse:
    raise ERRORS[name]


@api_view(["GET"])
@permission_classes([])
def rest(request: Request, name: str) -> Response:
    raise ERRORS[name]


urlpatterns = [path("plain/<name>", plain), path("rest/<name>", rest)]

#: Status and code of each.
EXPECTED = {
    "missing": (404, "not_found"),
    "forbidden": (403, "auth.forbidden"),
    "database": (503, "unavailable.database"),
    "redis": (503, "unavailable.redis"),
    "large": (413, "request.too_large"),
    "bug": (500, "internal"),
}


@pytest.fixture
def strangers() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("view", ["plain", "rest"])
@pytest.mark.parametrize("name", EXPECTED)
def test_an_error_is_a_problem_inside_the_rest_framework_and_outside(
    strangers: Client, view: str, name: str
) -> None:
    response = strangers.get(f"/{view}/{name}")
    body = json.loads(response.content)
    assert response["Content-Type"] == "application/problem+json"
    assert (response.status_code, body["status"], body["code"]) == (EXPECTED[name][0], *EXPECTED[name])
    assert body["type"] == f"urn:videogen:problem:{body['code']}"
    assert b"secret" not in response.content
    assert body["request_id"] == response["X-Request-ID"]


@pytest.mark.urls(__name__)
def test_a_refusal_carries_its_details_and_when_to_come_back(strangers: Client) -> None:
    response = strangers.get("/rest/refused")
    body = response.json()
    assert (body["status"], body["current_status"], body["code"]) == (409, "failed", "clip.sad")
    assert response["Retry-After"] == "1"


@pytest.mark.urls(__name__)
@pytest.mark.parametrize(
    ("name", "status", "retryable", "hint"),
    [
        ("refused", 409, False, None),
        ("postponed", 503, True, None),
        ("advised", 422, False, "Use other words."),
    ],
)
def test_a_refusal_says_whether_trying_again_can_help_and_what_else_does(
    strangers: Client, name: str, status: int, retryable: bool, hint: str | None
) -> None:
    response = strangers.get(f"/rest/{name}")
    body = response.json()
    assert (response.status_code, body["retryable"], body.get("hint")) == (status, retryable, hint)


@pytest.mark.urls(__name__)
def test_what_is_too_early_says_when_to_come_back(strangers: Client) -> None:
    response = strangers.get("/rest/postponed")
    assert (response["Retry-After"], response.json()["code"]) == ("13", "quota.waiting")


@pytest.mark.parametrize("path", ["/nothing", "/api/v1/nothing", "/api/v1/generations/"])
def test_an_unknown_address_is_a_problem(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_a_wrong_method_keeps_its_allow_header(client: Client) -> None:
    response = client.post("/health")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


def test_an_unknown_host_is_a_problem(client: Client) -> None:
    response = client.get("/api/v1/nothing", headers={"Host": "evil.example"})
    assert (response.status_code, response.json()["code"]) == (400, "request.malformed")


def test_the_pages_of_operators_keep_their_own_errors(client: Client) -> None:
    response = client.post("/admin/login/", HTTP_HOST="evil.example")
    assert (response.status_code, response["Content-Type"].split(";")[0]) == (400, "text/html")


@pytest.mark.django_db
def test_while_the_database_is_away_clients_are_told_to_come_back(
    strangers: Client, away_database: Callable[[], Any]
) -> None:
    with away_database():
        response = strangers.get("/api/v1/generations", headers={"Authorization": "Bearer vg_any"})
    assert (response.status_code, response.json()["code"]) == (503, "unavailable.database")
    assert response["Retry-After"] == "5"


# Request ids


def test_a_client_may_name_its_request(client: Client) -> None:
    response = client.get("/nothing", headers={"X-Request-ID": "mine-1"})
    assert (response["X-Request-ID"], response.json()["request_id"]) == ("mine-1", "mine-1")


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, "a\r\nSet-Cookie: b", "é"])
def test_an_insane_request_id_is_replaced(client: Client, given: str) -> None:
    assert client.get("/health", headers={"X-Request-ID": given})["X-Request-ID"] != given
