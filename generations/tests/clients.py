"""Clients of the API, each with a real key, and what they expect of a refusal."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone
from rest_framework.test import APIClient

from videogen.accounts.services import api_key_create, api_key_touch

GENERATIONS = "/api/v1/generations"


class JsonClient(APIClient):
    """Sends JSON."""

    default_format = "json"

    def __init__(self, secret: str = "", **options: Any) -> None:
        super().__init__(**options)
        self.secret = secret
        if secret:
            self.credentials(HTTP_AUTHORIZATION=f"Bearer {secret}")


def client_of(user: User, **options: Any) -> JsonClient:
    """A client with a new key of this user. The key counts as just used, so its next use writes nothing."""
    key, secret = api_key_create(user_name=user.username, **options)
    api_key_touch(key=key, now=timezone.now())
    return JsonClient(secret)


def problem_of(response: Any, status: int) -> dict[str, Any]:
    """The problem, which has the one shape."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert set(body) >= {"type", "title", "status", "detail", "instance", "code", "errors", "request_id"}
    assert (body["status"], body["request_id"]) == (status, response["X-Request-ID"])
    return body
