"""What holds a connection, and what must not: waiting for anybody else inside a transaction."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models.functions import Now
from django.http import HttpResponse
from django.test import RequestFactory
from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from generations.api.quick_poll import QuickPoll
from generations.models import ProviderCall
from generations.tests.clients import JsonClient
from generations.tests.factories import GenerationFactory
from generations.tests.studio import Studio
from generations.tests.studio import studio as studio

pytestmark = pytest.mark.django_db(transaction=True)

#: What the interpreter says of itself where it turns to somebody else: servers, programs, files.
OUTSIDE = {"socket.connect", "subprocess.Popen", "open"}


class Witness:
    """Notes who is turned to while this thread's connection is in a transaction. Hooks cannot be removed."""

    def __init__(self) -> None:
        self.is_watching = False
        self.seen: list[str] = []
        self.guilty: list[str] = []
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.is_watching and event in OUTSIDE and self._is_elsewhere(event, arguments):
            self.seen.append(event)
            raw = connection.connection
            if raw and not raw.closed and raw.get_transaction_status() != TRANSACTION_STATUS_IDLE:
                self.guilty.append(f"{event} {arguments[:2]}")

    @staticmethod
    def _is_elsewhere(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return str(arguments[0]).startswith(f"{settings.DATA_DIR}/")
        return event != "socket.connect" or isinstance(arguments[1], tuple)  # Redis is on a Unix socket.

    @contextmanager
    def watching(self) -> Iterator[None]:
        self.seen, self.guilty, self.is_watching = [], [], True
        try:
            yield
        finally:
            self.is_watching = False


witness = Witness()


def test_no_transaction_is_open_while_providers_programs_and_files_are_waited_for(studio: Studio) -> None:
    with witness.watching():
        generation = studio.made()
    assert generation.status == "completed"
    assert set(witness.seen) == OUTSIDE
    assert witness.guilty == []


def asked(client: JsonClient, path: str = "/api/v1/generations") -> int:
    """A request as a server handles it, with the signals that Django's test client leaves out."""
    told = {"Authorization": f"Bearer {client.secret}", "Host": "127.0.0.1"}
    statuses: list[str] = []

    def start(status: str, *rest: Any) -> Any:
        statuses.append(status)

    body = QuickPoll(WSGIHandler())(RequestFactory().get(path, headers=told).environ, start)
    if isinstance(body, HttpResponse):
        body.close()
    return int(statuses[0].split()[0])


def connection_ends() -> None:
    """The server ends this thread's connection."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.get_backend_pid()])
    other.close()


@pytest.mark.parametrize("is_poll", [False, True])
def test_a_connection_that_was_lost_between_requests_is_not_noticed(
    api: JsonClient, alice: User, is_poll: bool
) -> None:
    generation = GenerationFactory(owner=alice)
    path = f"/api/v1/generations/{generation.pk}" if is_poll else "/api/v1/generations"
    assert asked(api, path) == 200
    connection_ends()
    assert asked(api, path) == 200


def test_a_connection_that_is_lost_in_a_request_answers_503_and_the_next_one_works(api: JsonClient) -> None:
    def lose(execute: Any, *statement: Any) -> Any:
        connection_ends()
        return execute(*statement)

    assert asked(api) == 200
    with connection.execute_wrapper(lose):
        assert asked(api) == 503
    assert asked(api) == 200


def test_no_round_of_the_dispatcher_leaves_a_transaction_open(studio: Studio) -> None:
    studio.slow_down()
    studio.sent()
    ProviderCall.objects.update(next_look_at=Now())
    with witness.watching():
        call_command("dispatch", "--once")
    assert "socket.connect" in witness.seen
    assert witness.guilty == []
    assert connection.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE


def test_requests_leave_no_transaction_open(api: JsonClient) -> None:
    for path in ("", "?limit=1", "/nothing"):
        api.get(f"/api/v1/generations{path}")
        assert connection.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE
    api.post("/api/v1/generations", {"prompt": "A lighthouse"})
    assert connection.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE


def test_the_witness_notices_a_program_that_is_waited_for_in_a_transaction(db: None) -> None:
    with witness.watching(), transaction.atomic():
        list(ProviderCall.objects.all())
        subprocess.run(["/bin/true"], check=True)
    assert [line.split()[0] for line in witness.guilty] == ["subprocess.Popen"]
