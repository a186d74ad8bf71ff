"""Polls and lists by a streaming replica: what a client has seen or done is never taken back."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.db.models.functions import Now

from generations.models import Generation
from generations.services.events import event_record
from generations.tests.clients import GENERATIONS, JsonClient
from videogen.kernel import replica as reading
from videogen.kernel import standby as knowledge
from videogen.kernel.replica import replica_read
from videogen.kernel.standby import REPLICA
from videogen.testing.replica import StreamingReplica
from videogen.testing.replica import replica as replica
from videogen.testing.replica import streaming_replica as streaming_replica
from videogen.testing.waiting import eventually

ANSWERS = ["", "/{id}", "/{id}/clips", "/{id}/events"]


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: Any) -> None:
    monkeypatch.setattr(knowledge, "LATE_SECONDS", 600)
    monkeypatch.setattr(reading, "MARK_SECONDS", 2400)


@pytest.fixture
def paused(replica: StreamingReplica, generation: Generation, api: JsonClient) -> Iterator[StreamingReplica]:
    """It has the generation, and nothing that comes now."""
    replica.catch_up()
    owner = generation.owner_id
    assert eventually(lambda: replica_read(owner_id=owner, read=lambda alias: alias) == REPLICA)
    replica.pause()
    yield replica
    replica.resume()


@pytest.mark.parametrize("path", ANSWERS)
def test_it_is_read_from_the_replica(
    paused: StreamingReplica, generation: Generation, api: JsonClient, path: str
) -> None:
    asked: list[str] = []

    def hear(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with connections[REPLICA].execute_wrapper(hear):
        assert api.get(GENERATIONS + path.format(id=generation.pk)).status_code == 200
    assert any("generations_" in sql or "EXECUTE" in sql for sql in asked)


def test_a_client_sees_at_once_what_it_has_made(paused: StreamingReplica, api: JsonClient) -> None:
    made = api.post(GENERATIONS, {"prompt": "A lighthouse"}).json()
    assert api.get(made["links"]["self"]).status_code == 200
    assert made["id"] in [row["id"] for row in api.get(GENERATIONS).json()["results"]]


def test_a_client_sees_at_once_what_it_has_cancelled(
    paused: StreamingReplica, api: JsonClient, generation: Generation
) -> None:
    assert api.post(f"{GENERATIONS}/{generation.pk}/cancel").status_code == 202
    assert api.get(f"{GENERATIONS}/{generation.pk}").json()["status"] == "cancelled"


def test_who_hears_of_an_event_by_socket_can_read_it(
    paused: StreamingReplica, api: JsonClient, generation: Generation
) -> None:
    event = event_record(generation=generation, type="stage.started")
    page = api.get(f"{GENERATIONS}/{generation.pk}/events").json()
    assert page["last_sequence"] == event.sequence


def test_the_percentage_never_goes_back(
    paused: StreamingReplica, api: JsonClient, generation: Generation
) -> None:
    url, rows = f"{GENERATIONS}/{generation.pk}", Generation.objects.filter(pk=generation.pk)
    generation.percentage = 40
    event_record(generation=generation, type="stage.started")
    rows.update(percentage=60)  # As a heartbeat does, of which there is no event.
    seen = [api.get(url).json()["percentage"]]
    paused.resume()
    seen += [api.get(url).json()["percentage"] for _ in range(20)]
    assert seen == [60] * 21


def test_a_client_no_longer_sees_what_it_has_deleted(
    paused: StreamingReplica, api: JsonClient, generation: Generation
) -> None:
    Generation.objects.filter(pk=generation.pk).update(status="failed", finished_at=Now())
    assert api.delete(f"{GENERATIONS}/{generation.pk}").status_code == 204
    assert api.get(f"{GENERATIONS}/{generation.pk}").status_code == 404
