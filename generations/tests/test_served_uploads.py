"""What the real web server takes: pictures as the command line sends them, and HTTP/1 alone."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from generations.cli.client import Api
from generations.management.commands.generate import REFUSED, NoVideo, picture_send
from generations.tests.clients import client_of
from generations.tests.pictures import picture
from generations.tests.sockets import free_port
from storage_app.models import Asset
from videogen.stack.configuration import StackConfiguration
from videogen.stack.services import front
from videogen.testing.processes import ROOT, process_environment, running
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT = 2_000_000
#: How a client of HTTP/2 begins when it asks nobody before (RFC 9113, 3.4).
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


@pytest.fixture
def web() -> Iterator[int]:
    """The port of a server with one thread."""
    port = free_port()
    configuration = replace(StackConfiguration.from_settings(), port=port, web_threads=1)
    command = next(program.argv for program in front(configuration) if program.name == "web")
    environment = process_environment(MAX_UPLOAD_BYTES=str(LIMIT), DJANGO_SETTINGS_MODULE="videogen.settings")
    with running(subprocess.Popen(command, cwd=ROOT, env=environment)):
        assert eventually(lambda: is_there(port), seconds=60)
        yield port


def is_there(port: int) -> bool:
    try:
        return asked(port, "GET", "/health").status == 200
    except OSError:
        return False


def asked(port: int, method: str, path: str, body: bytes | None = None, **headers: str) -> HTTPResponse:
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, {name.replace("_", "-"): text for name, text in headers.items()})
    return connection.getresponse()


def test_pictures_are_sent_and_what_is_too_large_is_refused(web: int, alice: User, tmp_path: Path) -> None:
    api = Api(f"http://127.0.0.1:{web}", client_of(alice).secret)
    good, large, odd = tmp_path / "cup.png", tmp_path / "large.png", tmp_path / "odd.png"
    good.write_bytes(picture(size=(600, 600), seed=1))
    large.write_bytes(bytes(LIMIT))
    odd.write_bytes(b"<svg/>")
    assert picture_send(api, good) == str(Asset.objects.get().pk)
    for path, said in ((large, f"larger than {LIMIT}"), (odd, "no picture"), (tmp_path / "no", "read")):
        with pytest.raises(NoVideo, match=said) as refused:
            picture_send(api, path)
        assert (refused.value.code, str(path) in str(refused.value)) == (REFUSED, True)
    assert Asset.objects.count() == 1


def test_the_refusal_of_a_large_body_does_not_wait_for_it(web: int, alice: User) -> None:
    lines = [
        "POST /api/v1/assets HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {client_of(alice).secret}",
        "Content-Type: image/png",
        f"Content-Length: {LIMIT + 1}",
    ]
    with socket.create_connection(("127.0.0.1", web), timeout=10) as client:
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_http_2_is_left_to_the_proxy(web: int) -> None:
    """It would take 16 MB of headers, from anybody."""
    with socket.create_connection(("127.0.0.1", web), timeout=10) as client:
        client.sendall(PREFACE)
        assert client.recv(1000) == b""
    assert is_there(web)
