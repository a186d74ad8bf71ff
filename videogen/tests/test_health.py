"""What probes are answered."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from videogen.kernel import redis

NOWHERE = {"host": "127.0.0.1", "port": 1}


@pytest.fixture
def forget_clients() -> Iterator[None]:
    """Redis clients are kept for the life of a process; this test has its own."""
    redis._client.cache_clear()
    yield
    redis._client.cache_clear()


@pytest.mark.parametrize("path", ["/health", "/health/live"])
def test_a_living_process_answers_without_any_server(client: Client, path: str) -> None:
    response = client.get(path)  # Without the mark `django_db`, a query would fail the test.
    assert (response.status_code, response.json()["status"]) == (200, "ok")


def test_a_probe_with_a_wrong_method_hears_of_the_method() -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post("/health").status_code == 405


@pytest.mark.django_db
def test_ready_when_everything_is_there(client: Client) -> None:
    response = client.get("/health/ready")
    assert response.status_code == 200
    assert response.json()["checks"] == {"database": "ok", "redis": "ok", "cache": "ok"}


@pytest.mark.django_db
def test_not_ready_before_every_migration_has_run(client: Client) -> None:
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("generations")
    MigrationRecorder(connection).record_unapplied(*newest)
    response = client.get("/health/ready")
    assert response.status_code == 503
    assert response.json()["checks"]["database"] == "migrations are missing"
    assert response["Retry-After"] == "5"


@pytest.mark.django_db
def test_not_ready_without_the_queue(client: Client, settings: Any, forget_clients: None) -> None:
    settings.REDIS_QUEUE = NOWHERE
    response = client.get("/health/ready")
    assert (response.status_code, response["Content-Type"]) == (503, "application/problem+json")
    assert response.json()["detail"] == "redis: unreachable"


@pytest.mark.django_db
def test_ready_though_degraded_without_the_cache(client: Client, settings: Any, forget_clients: None) -> None:
    settings.REDIS_CACHE = NOWHERE
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["checks"]["cache"]) == (200, "degraded")


@pytest.mark.django_db
def test_not_ready_without_the_database(
    client: Client, django_db_blocker: Any, away_database: Callable[[], Any]
) -> None:
    with away_database():
        response = client.get("/health/ready")
    assert (response.status_code, response.json()["checks"]["database"]) == (503, "unreachable")
