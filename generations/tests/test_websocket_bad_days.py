"""Sockets when a reader sleeps, Redis restarts, or PostgreSQL is away."""

import json
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgpack
import pytest
from django.contrib.auth.models import User
from redis import Redis
from redis.exceptions import RedisError

from generations.models import Generation, ProgressEvent
from generations.services.events import event_record, group_name
from generations.tests.factories import GenerationFactory
from generations.tests.sockets import hear, hear_close, hear_events, open_socket, websocket_server, with_key
from videogen.accounts.services import api_key_create
from videogen.embedded.places import redis_socket
from videogen.embedded.redis import redis
from videogen.kernel.channel import PREFIX
from videogen.stack.supervisor import Supervisor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def secret(alice: User) -> str:
    return api_key_create(user_name="alice")[1]


@pytest.fixture
def generation(alice: User) -> Generation:
    return GenerationFactory(owner=alice)


@contextmanager
def own_redis() -> Iterator[tuple[Supervisor, Path]]:
    """A Redis that may be killed, and its socket; it comes back by itself."""
    with tempfile.TemporaryDirectory(prefix="videogen-", ignore_cleanup_errors=True) as name:
        directory = Path(name)
        directory.chmod(0o711)  # The server may be another user, who has to pass through.
        supervisor = Supervisor(mark=name, log_dir=directory / "logs", quiet=True)
        supervisor.start([redis(directory, "queue")])
        try:
            supervisor.wait_ready(["redis-queue"])
            yield supervisor, redis_socket(directory, "queue")
        finally:
            supervisor.stop()


def test_sockets_survive_a_restart_of_redis_and_miss_nothing(secret: str, generation: Generation) -> None:
    with (
        own_redis() as (supervisor, path),
        websocket_server(REDIS_URL=f"unix://{path}?db=0") as server,
        open_socket(f"{server}/ws/generations/{generation.pk}", with_key(secret)) as client,
    ):
        assert hear(client)["type"] == "snapshot"
        time.sleep(1.5)  # Past the early look, so that only the hint can bring what follows.
        kill(supervisor)
        event_record(generation=generation, type="stage.started")  # Nobody hears of it.
        event = event_record(generation=generation, type="stage.started")
        hint_when_somebody_listens(path, event)
        assert hear_events(client, 2) == [1, 2]


def kill(supervisor: Supervisor) -> None:
    process = supervisor.keepers["redis-queue"]._process
    assert process is not None
    process.send_signal(signal.SIGKILL)
    process.wait()


def hint_when_somebody_listens(path: Path, event: ProgressEvent) -> None:
    group = f"{PREFIX}__group__{group_name(event.generation_id)}"
    hint = msgpack.packb({"type": "progress.event", "event": event.as_message()})
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            if Redis(unix_socket_path=str(path)).publish(group, hint):
                return
        except RedisError:
            pass
        time.sleep(0.1)
    raise AssertionError("The server did not subscribe again")


def test_while_redis_is_away_whoever_would_follow_is_told_to_come_back(
    tmp_path: Path, secret: str, generation: Generation
) -> None:
    url = "/ws/generations"
    with websocket_server(REDIS_URL=f"unix://{tmp_path}/nothing?db=0") as server:
        with open_socket(f"{server}{url}/{generation.pk}", with_key(secret)) as client:
            assert hear_close(client)[0] == 1013
        with open_socket(f"{server}{url}", with_key(secret)) as client:
            client.send(json.dumps({"type": "subscribe", "generation_id": str(generation.pk)}))
            assert hear(client)["code"] == "unavailable"


def test_a_socket_opened_while_postgresql_is_away_is_told_to_come_back(tmp_path: Path, secret: str) -> None:
    with (
        websocket_server(DATABASE_URL=f"postgresql://videogen@/videogen?host={tmp_path}") as server,
        open_socket(f"{server}/ws/generations", with_key(secret)) as client,
    ):
        assert hear_close(client)[0] == 1013


def test_who_does_not_read_is_dropped_and_can_go_on_from_there(secret: str, generation: Generation) -> None:
    large_history(generation, events=400)
    with websocket_server() as server:
        url = f"{server}/ws/generations/{generation.pk}"
        with open_socket(url, with_key(secret), sock=small_receiver(server), compression=None) as sleeper:
            time.sleep(11)
            assert hear_close(sleeper, seconds=20)[0] == 4408
        with open_socket(f"{url}?after=399", with_key(secret)) as client:
            assert hear_events(client, 1) == [400]


def large_history(generation: Generation, *, events: int) -> None:
    """More than the kernel's buffers hold."""
    ProgressEvent.objects.bulk_create(
        ProgressEvent(
            generation=generation,
            sequence=number,
            type="stage.started",
            status="processing",
            percentage=0,
            data={"text": "x" * 40_000},
        )
        for number in range(1, events + 1)
    )
    Generation.objects.filter(pk=generation.pk).update(last_sequence=events)


def small_receiver(server: str) -> socket.socket:
    host, port = server.removeprefix("ws://").split(":")
    receiver = socket.socket()
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    receiver.connect((host, int(port)))
    return receiver
