"""A real WebSocket server process, as the stack starts it, and clients of it."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from videogen.stack.configuration import StackConfiguration
from videogen.stack.services import front
from videogen.testing.processes import process_environment

Message = dict[str, Any]


@contextmanager
def websocket_server(**extra: str) -> Iterator[str]:
    """Its URL, for as long as it runs."""
    configuration = replace(StackConfiguration.from_settings(), ws_port=free_port())
    program = next(program for program in front(configuration) if program.name == "websocket")
    variables = process_environment() | dict(program.environment) | extra
    process = subprocess.Popen(program.argv, cwd=program.directory, env=variables)
    try:
        while not program.is_ready():
            assert process.poll() is None
            time.sleep(0.05)
        yield configuration.websocket_url
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_key(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def open_socket(url: str, headers: dict[str, str] | None = None, **options: Any) -> ClientConnection:
    # Closing waits for what is unread, which here nobody wants.
    return connect(url, additional_headers=headers, proxy=None, close_timeout=0.2, **options)


def say(client: ClientConnection, **message: Any) -> None:
    client.send(json.dumps(message))


def hear(client: ClientConnection, *, seconds: float = 5) -> Message:
    return dict(json.loads(client.recv(timeout=seconds)))


def hear_events(client: ClientConnection, count: int, *, seconds: float = 5) -> list[int]:
    """The numbers of the next `count` events."""
    numbers: list[int] = []
    while len(numbers) < count:
        message = hear(client, seconds=seconds)
        numbers += [message["sequence"]] if message["type"] == "event" else []
    return numbers


def hear_close(client: ClientConnection, *, seconds: float = 5) -> tuple[int, str]:
    """Read to the end: the code and the reason with which the server closed."""
    deadline = time.monotonic() + seconds
    try:
        while True:
            client.recv(timeout=max(0.0, deadline - time.monotonic()))
    except ConnectionClosed as closed:
        assert closed.rcvd is not None, "it ended without a word"
        return closed.rcvd.code, closed.rcvd.reason
