"""One request and one answer: in time, in bounds, and with certainty whether it can have arrived."""

import os
import socket
import threading
import time
import traceback
from contextlib import contextmanager

import httpx
import pytest

from videogen.kernel.http.exchange import NoAnswer, NotSent, send_once
from videogen.tests.raw_server import (
    RawServer,
    answer,
    drips,
    falls_silent,
    full_backlog,
    hears_out,
    pours,
    redirect,
    says,
    tls_context,
)

KEY = "r8_0123456789abcdef"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


def post(origin, content=b"{}"):
    headers = {"Authorization": f"Bearer {KEY}"}
    return httpx.Request("POST", f"{origin}/v1/jobs?token={KEY}", headers=headers, content=content)


def test_a_whole_answer_comes_back_whatever_its_status():
    with RawServer(says(answer(b'{"id": "x"}', "X-Request-Id: 7", status="402 Payment Required"))) as server:
        response = send_once(post(server.origin), timeout_seconds=5)

    assert (response.status_code, response.json()) == (402, {"id": "x"})
    assert response.headers["x-request-id"] == "7"


def test_the_request_arrives_as_it_was_made():
    with RawServer(says(answer())) as server:
        send_once(post(server.origin, b"{}"), timeout_seconds=5)

    line, *headers = server.requests[0].decode().lower().split("\r\n")
    assert line == f"post /v1/jobs?token={KEY} http/1.1"
    assert {f"authorization: bearer {KEY}", "content-length: 2", f"host: 127.0.0.1:{server.port}"} < {
        *headers
    }
    assert {"accept-encoding: identity", "connection: close"} < {*headers}


def test_a_body_larger_than_all_buffers_arrives():
    size = 20_000_000
    with RawServer(hears_out(size, answer(b"thanks"))) as server:
        assert send_once(post(server.origin, bytes(size)), timeout_seconds=20).text == "thanks"


def test_a_redirect_is_an_answer_and_not_an_order():
    with RawServer(says(answer())) as other, RawServer(redirect(f"{other.origin}/")) as server:
        assert send_once(post(server.origin), timeout_seconds=5).status_code == 302

    assert other.connections == 0


def test_no_proxy_of_the_environment_is_used(monkeypatch):
    with RawServer(says(answer())) as proxy, RawServer(says(answer(b"direct"))) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.origin)
        assert send_once(post(server.origin), timeout_seconds=5).text == "direct"

    assert proxy.connections == 0


@contextmanager
def unresolved():
    """A name server that never answers."""
    with pytest.MonkeyPatch.context() as patch:
        released = threading.Event()
        patch.setattr(socket, "getaddrinfo", lambda *args, **options: released.wait(30) and [])
        yield "http://slow.test"
        released.set()


@contextmanager
def talking(talk, scheme="http"):
    with RawServer(talk) as server:
        yield f"{scheme}://127.0.0.1:{server.port}"


BEFORE = {
    "name": unresolved,
    "connect": full_backlog,
    "handshake": lambda: talking(falls_silent(), "https"),
}
AFTER = {
    "request": lambda: talking(falls_silent()),  # It reads the head only.
    "headers": lambda: talking(falls_silent(b"HTTP/1.1 200 OK\r\nX: ")),
    "body": lambda: talking(falls_silent(HEAD)),
    "dripping headers": lambda: talking(drips(b"HTTP/1.1 200 OK\r\nX: ", b"y")),
    "endless early hints": lambda: talking(drips(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n")),
    "dripping body": lambda: talking(drips(HEAD, b"y")),
    "pouring body": lambda: talking(pours(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n")),
}


def content_of(phase):
    return bytes(20_000_000) if phase == "request" else b"{}"


@pytest.mark.parametrize("phase", [*BEFORE, *AFTER])
def test_the_time_is_up_wherever_it_hangs_or_drips(phase):
    with (BEFORE | AFTER)[phase]() as origin:
        started = time.monotonic()
        with pytest.raises(
            NotSent if phase in BEFORE else NoAnswer, match="did not answer in time"
        ) as raised:
            send_once(post(origin, content_of(phase)), timeout_seconds=0.6, max_bytes=10**12)

    assert 0.55 < time.monotonic() - started < 1.1
    assert KEY not in str(raised.value)


def test_an_address_that_hangs_leaves_time_for_the_next_one(monkeypatch):
    with full_backlog() as hanging, RawServer(says(answer(b"fine"))) as server:
        ports = [int(hanging.rpartition(":")[2]), server.port]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)) for port in ports]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)

        assert send_once(post("http://clips.test"), timeout_seconds=1).text == "fine"


class NobodyWantsIt(BaseException):
    """Neither an Exception nor anything that a library knows."""


@pytest.mark.parametrize("reason", [NobodyWantsIt, TimeoutError])
@pytest.mark.parametrize("phase", [*BEFORE, *AFTER])
def test_what_nobody_wants_any_more_is_left_at_once(reason, phase):
    def tick():
        if time.monotonic() > started + 0.3:
            raise reason

    with (BEFORE | AFTER)[phase]() as origin:
        started = time.monotonic()
        with pytest.raises(reason):
            send_once(post(origin, content_of(phase)), timeout_seconds=20, max_bytes=10**12, tick=tick)
        assert time.monotonic() - started < 0.8


def test_it_asks_a_few_times_a_second_and_not_for_each_byte():
    ticks = []
    with talking(drips(HEAD, b"y")) as origin, pytest.raises(NoAnswer):
        send_once(post(origin), timeout_seconds=1, tick=lambda: ticks.append(time.monotonic()))

    assert 3 <= len(ticks) <= 8


@pytest.fixture
def unused_port():
    """A port that is ours, so that nobody else listens there; and neither do we."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


def test_a_refused_connection_is_not_sent(unused_port):
    with pytest.raises(NotSent, match=r"127\.0\.0\.1 cannot be reached: connection refused") as raised:
        send_once(post(f"http://127.0.0.1:{unused_port}"), timeout_seconds=5)

    assert KEY not in str(raised.value)


@pytest.mark.parametrize(
    "origin", ["http://a..test", "http:///", "ftp://127.0.0.1", "http://127.0.0.1:65536"]
)
def test_an_address_that_leads_nowhere_is_not_sent_to(origin):
    with pytest.raises(NotSent) as raised:
        send_once(post(origin), timeout_seconds=5)

    assert KEY not in str(raised.value)


def test_a_key_that_is_no_header_is_not_sent_and_not_shown():
    with RawServer(says(answer())) as server, pytest.raises(NotSent, match="bad key") as raised:
        send_once(httpx.Request("POST", server.origin, headers={"X": f"{KEY}\n"}), timeout_seconds=5)

    assert KEY not in "".join(traceback.format_exception(raised.value))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
BAD_ANSWERS = {
    "nothing": (b"", "was cut"),
    "cut in the headers": (b"HTTP/1.1 200 OK\r\nContent-", "was cut"),
    "cut in the body": (answer(b"half", length=8), "was cut"),
    "cut in a chunk": (CHUNKED + b"8\r\nhalf", "was cut"),
    "garbage": (b"220 mail.example ESMTP\r\n\r\n", "is not HTTP"),
    "no number": (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", "is not HTTP"),
    "endless headers": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500_000, "is not HTTP"),
    "compressed": (answer(b"\x1f\x8b", "Content-Encoding: gzip"), "compressed"),
    "too large": (answer(bytes(2 * 1024 * 1024 + 1)), "more than 2097152 bytes"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
def test_what_may_have_arrived_but_was_not_answered_well_has_no_answer(name):
    said, reason = BAD_ANSWERS[name]
    with RawServer(says(said)) as server, pytest.raises(NoAnswer, match=reason) as raised:
        send_once(post(server.origin), timeout_seconds=5)

    assert (server.connections, len(server.requests)) == (1, 1)  # It was not tried again.
    assert KEY not in str(raised.value)


def test_an_answer_may_be_as_large_as_agreed():
    with RawServer(says(answer(bytes(2 * 1024 * 1024)))) as server:
        assert len(send_once(post(server.origin), timeout_seconds=5).content) == 2 * 1024 * 1024


def test_a_certificate_that_is_trusted_is_enough(tmp_path, monkeypatch):
    context, certificate = tls_context(tmp_path, "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    size = 3_000_000

    with RawServer(hears_out(size, answer(bytes(300_000))), context=context) as server:
        assert len(send_once(post(server.origin, bytes(size)), timeout_seconds=5).content) == 300_000


@pytest.mark.parametrize("name, is_trusted", [("127.0.0.1", False), ("other.test", True)])
def test_a_stranger_behind_tls_gets_nothing(name, is_trusted, tmp_path, monkeypatch):
    context, certificate = tls_context(tmp_path, name)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    refused = pytest.raises(NotSent, match="its certificate is not accepted")
    with RawServer(says(answer()), context=context) as server, refused:
        send_once(post(server.origin), timeout_seconds=5)
    assert server.requests == []


def test_a_server_without_tls_gets_nothing_by_https():
    talk = says(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with RawServer(talk, rude=True) as server, pytest.raises(NotSent, match="cannot be reached"):
        send_once(post(f"https://127.0.0.1:{server.port}"), timeout_seconds=5)


def test_a_list_of_certificates_that_is_away_is_no_disk_error(tmp_path, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "away.pem"))

    with pytest.raises(NotSent, match="certificates that we trust cannot be read"):
        send_once(post("https://127.0.0.1"), timeout_seconds=5)


def test_many_open_files_are_no_obstacle():
    """Beyond 1024 of them, `select` would fail."""
    spare = [os.dup(0) for _ in range(1100)]
    try:
        with RawServer(says(answer(b"fine"))) as server:
            assert send_once(post(server.origin), timeout_seconds=5).text == "fine"
    finally:
        for number in spare:
            os.close(number)
