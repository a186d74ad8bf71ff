"""What sockets leave behind, and when it is collected."""

import asyncio
import gc
from collections.abc import Iterator

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.db import connections

from generations.realtime.consumers import GenerationsConsumer
from generations.realtime.garbage import LATEST_SECONDS, SELDOM_SECONDS, full_collections
from generations.realtime.rounds import ROUND_SECONDS
from generations.realtime.routing import websocket
from generations.tests.factories import GenerationFactory
from videogen.accounts.services import api_key_create


@pytest.fixture
def collected() -> Iterator[list[int]]:
    """The generation of each collection that has ended."""
    ended: list[int] = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "stop":
            ended.append(about["generation"])

    gc.callbacks.append(note)
    yield ended
    gc.callbacks.remove(note)


def alive() -> int:
    return sum(isinstance(each, GenerationsConsumer) for each in gc.get_objects())


async def lived(path: str, secret: str, *, seconds: float = 0) -> None:
    """A socket is opened, hears where its generation stands, and is closed by its client."""
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers}
    client = ApplicationCommunicator(websocket, scope)
    await client.send_input({"type": "websocket.connect"})
    assert await client.receive_output() == {"type": "websocket.accept", "subprotocol": None}
    assert "snapshot" in (await client.receive_output())["text"]
    assert alive() == 1
    await asyncio.sleep(seconds)
    await client.send_input({"type": "websocket.disconnect", "code": 1000})
    await client.wait()
    await sync_to_async(connections.close_all)()  # Those of the thread that asked for it.


@pytest.mark.django_db(transaction=True)
def test_a_socket_that_has_ended_is_freed_without_a_collection(alice: User) -> None:
    secret, generation = api_key_create(user_name="alice")[1], GenerationFactory(owner=alice)
    gc.collect()
    gc.disable()
    try:
        asyncio.run(lived(f"/ws/generations/{generation.pk}", secret))
        assert alive() == 0
    finally:
        gc.enable()


@pytest.mark.django_db(transaction=True)
def test_full_collections_are_as_ever_when_the_last_socket_has_gone(alice: User) -> None:
    secret, generation = api_key_create(user_name="alice")[1], GenerationFactory(owner=alice)
    usual, during = gc.get_threshold(), []

    async def watched() -> None:
        life = asyncio.create_task(lived(f"/ws/generations/{generation.pk}", secret, seconds=ROUND_SECONDS))
        await asyncio.sleep(ROUND_SECONDS)
        during.append(gc.get_threshold())
        await life
        await asyncio.sleep(2 * ROUND_SECONDS)

    asyncio.run(watched())

    assert during[0][:2] == usual[:2] and during[0][2] > 10**9
    assert gc.get_threshold() == usual


def test_no_full_collection_happens_by_itself(collected: list[int]) -> None:
    with full_collections(now=0):
        kept = [[number] for number in range(300_000)]

    assert len(kept) and 1 in collected and 2 not in collected


@pytest.mark.parametrize(
    ("now", "told_at", "is_time"),
    [
        (SELDOM_SECONDS, 0, True),
        (SELDOM_SECONDS, SELDOM_SECONDS - 1, False),
        (SELDOM_SECONDS - 1, 0, False),
        (LATEST_SECONDS - 1, LATEST_SECONDS - 1, False),
        (LATEST_SECONDS, LATEST_SECONDS, True),
    ],
    ids=["quiet", "news", "quiet, but too soon", "news for long", "news for too long"],
)
def test_a_full_collection_waits_for_quiet(
    collected: list[int], now: float, told_at: float, is_time: bool
) -> None:
    with full_collections(now=0) as garbage:
        garbage.look(now, told_at=told_at)
        garbage.look(now, told_at=told_at)

    assert collected.count(2) == is_time
