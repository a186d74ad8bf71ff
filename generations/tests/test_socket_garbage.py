"""What sockets leave behind, and what collecting it costs those that are open."""

import asyncio
import gc
import subprocess
import sys

import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import User
from django.db import connections

from generations.realtime.consumers import GenerationsConsumer
from generations.realtime.routing import websocket
from generations.tests.factories import GenerationFactory
from videogen.accounts.services import api_key_create
from videogen.testing.processes import process_environment

#: In the process of the sockets: notes which collections happen.
COLLECTED = """
import asyncio, gc
from asgiref.testing import ApplicationCommunicator
from videogen import asgi
collected = []
gc.callbacks.append(lambda phase, about: phase == "stop" and collected.append(about["generation"]))
"""
#: What 2,000 sockets hold comes to stay.
AS_MANY_AS_2000_SOCKETS = """
kept = [[number] for number in range(2000 * 126)]
print(*sorted(set(collected)))
"""
#: Sockets come and are refused; how many full collections there were before the last, and after it.
AS_MANY_AS_ARE_COLLECTED_TOGETHER = """
async def refused():
    client = ApplicationCommunicator(asgi.application, {"type": "websocket", "path": "/nowhere"})
    await client.send_input({"type": "websocket.connect"})
    assert (await client.receive_output(timeout=5))["type"] == "websocket.accept"
    assert (await client.receive_output(timeout=5))["type"] == "websocket.close"
    await client.send_input({"type": "websocket.disconnect", "code": 1000})
    await client.wait(timeout=5)

async def all_refused():
    for _ in range(asgi.ENDED_TOGETHER - 1):
        await refused()
    before = collected.count(2)
    await refused()
    print(before, collected.count(2))

asyncio.run(all_refused())
"""


@pytest.mark.parametrize(("is_known", "last"), [(True, "websocket.send"), (False, "websocket.close")])
@pytest.mark.django_db(transaction=True)
def test_a_socket_that_has_ended_is_freed_without_a_collection(
    alice: User, is_known: bool, last: str
) -> None:
    secret = api_key_create(user_name="alice")[1] if is_known else "vg_nobody"
    gc.collect()
    gc.disable()
    try:
        asyncio.run(lived(f"/ws/generations/{GenerationFactory(owner=alice).pk}", secret, last))
        assert alive() == 0
    finally:
        gc.enable()


async def lived(path: str, secret: str, last: str) -> None:
    """A socket is opened, hears something of the type `last`, and is closed by its client."""
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    scope = {"type": "websocket", "path": path, "query_string": b"", "headers": headers}
    client = ApplicationCommunicator(websocket, scope)
    await client.send_input({"type": "websocket.connect"})
    assert (await client.receive_output(timeout=5))["type"] == "websocket.accept"
    assert (await client.receive_output(timeout=5))["type"] == last
    assert alive() == 1
    await client.send_input({"type": "websocket.disconnect", "code": 1000})
    await client.wait(timeout=5)
    await sync_to_async(connections.close_all)()  # Those of the thread that asked for it.


def alive() -> int:
    # `isinstance` would wake the lazy objects of other tests.
    return sum(type(each) is GenerationsConsumer for each in gc.get_objects())


def test_no_full_collection_stops_a_process_whose_sockets_become_more() -> None:
    assert said(COLLECTED + AS_MANY_AS_2000_SOCKETS) == ["0", "1"]


def test_a_full_collection_comes_with_the_last_of_many_sockets_that_have_ended() -> None:
    assert said(COLLECTED + AS_MANY_AS_ARE_COLLECTED_TOGETHER) == ["0", "1"]


def said(code: str) -> list[str]:
    argv = [sys.executable, "-c", code]
    output = subprocess.run(argv, env=process_environment(), capture_output=True, text=True, check=True)
    return output.stdout.split()
