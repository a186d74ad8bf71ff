"""A file from a stranger: whole or not at all, within bounds, and in time."""

import errno
import hashlib
import resource
import signal
import socket
import time
from contextlib import contextmanager

import pytest

from videogen.kernel.http.download import DownloadFailed
from videogen.kernel.whole import part_of
from videogen.tests.downloads import CLIP, SECRET
from videogen.tests.raw_server import (
    RawServer,
    answer,
    drips,
    falls_silent,
    full_backlog,
    pours,
    says,
)

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def test_a_whole_file_is_written_and_described(fetch):
    with RawServer(says(answer(CLIP, "Content-Type: Video/MP4; codecs=avc1"))) as server:
        downloaded = fetch(server)

    assert fetch.into.read_bytes() == CLIP
    assert downloaded.sha256 == hashlib.sha256(CLIP).hexdigest()
    assert (downloaded.size_bytes, downloaded.media_type_claimed) == (len(CLIP), "video/mp4")


def test_only_what_is_needed_is_sent(fetch):
    with RawServer(says(answer(CLIP, "Set-Cookie: a=b"))) as server:
        fetch(server)

    line, *headers = server.requests[0].decode().lower().split("\r\n")
    assert line == f"get /out.mp4?{SECRET.lower()} http/1.1"
    assert "accept-encoding: identity" in headers
    assert {header.split(":")[0] for header in headers} == {
        "host", "accept", "accept-encoding", "connection", "user-agent"
    }  # fmt: skip


@pytest.mark.parametrize(
    "whole",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nclip\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nclip",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nclip and more",
    ],
)
def test_a_body_may_be_framed_in_any_way(whole, fetch):
    with RawServer(says(whole)) as server:
        assert fetch(server).size_bytes == 4

    assert fetch.into.read_bytes() == b"clip"


def test_progress_goes_from_nothing_to_all(fetch):
    def slowly(connection):
        connection.sendall(HEAD % 1000)
        for _ in range(10):
            connection.sendall(bytes(100))
            time.sleep(0.08)

    reports = []
    with RawServer(slowly) as server:
        fetch(server, report=reports.append)
    assert reports[0] == 0.0 and reports == sorted(reports) and reports[-1] == 1.0
    assert any(0 < fraction < 1 for fraction in reports)


STATUSES = {404: False, 403: False, 410: False, 204: False, 206: False, 304: False, 429: True, 408: True}
STATUSES |= {500: True, 503: True}


@pytest.mark.parametrize("status, retryable", STATUSES.items())
def test_a_status_that_is_not_ok_is_told(status, retryable, refusal):
    with RawServer(says(answer(status=f"{status} Whatever"))) as server:
        failed = refusal(server)

    assert (failed.code, failed.details, failed.retryable) == ("fetch.status", {"status": status}, retryable)
    assert str(status) in str(failed)


CUT = {
    "before the headers": b"",
    "in the headers": b"HTTP/1.1 200 OK\r\nContent-",
    "in the body": answer(CLIP, length=len(CLIP) + 1),
    "in a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nhalf",
    "before the last chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nclip\r\n",
}


@pytest.mark.parametrize("where", CUT)
def test_a_file_that_is_cut_off_is_none(where, refusal):
    with RawServer(says(CUT[where])) as server:
        failed = refusal(server)

    assert (failed.code, failed.retryable) == ("fetch.cut_off", True)


def test_a_failed_download_leaves_the_older_file_alone(fetch):
    fetch.into.write_bytes(b"older")
    with RawServer(says(CUT["in the body"])) as server, pytest.raises(DownloadFailed):
        fetch(server)

    assert fetch.into.read_bytes() == b"older" and not part_of(fetch.into).exists()


UNEXPECTED = {
    "garbage": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", True),
    "no length": (b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n", True),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nclip", True),
    "endless headers": (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 500_000, True),
    "compressed": (answer(b"\x1f\x8b", "Content-Encoding: gzip"), False),
}


@pytest.mark.parametrize("name", UNEXPECTED)
def test_what_is_not_the_http_that_was_asked_for_is_unexpected(name, refusal):
    said, retryable = UNEXPECTED[name]
    with RawServer(says(said)) as server:
        failed = refusal(server)

    assert (failed.code, failed.retryable) == ("fetch.unexpected", retryable)


def test_a_file_that_says_it_is_too_large_is_not_read(refusal):
    with RawServer(falls_silent(HEAD % 10**10)) as server:
        failed = refusal(server)

    assert (failed.code, failed.retryable) == ("fetch.too_large", False)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.0 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"]
)
def test_a_file_that_turns_out_too_large_is_left(head, refusal):
    with RawServer(pours(head)) as server:
        assert refusal(server).code == "fetch.too_large"


def test_a_file_may_be_as_large_as_agreed(fetch):
    with RawServer(says(answer(CLIP))) as server:
        assert fetch(server, max_bytes=len(CLIP)).size_bytes == len(CLIP)


@contextmanager
def talking(talk, scheme="http"):
    with RawServer(talk) as server:
        yield f"{scheme}://127.0.0.1:{server.port}"


SLOW = {
    "connect": full_backlog,
    "handshake": lambda: talking(falls_silent(), "https"),
    "headers": lambda: talking(falls_silent()),
    "dripping headers": lambda: talking(drips(b"HTTP/1.1 200 OK\r\nX: ", b"y")),
    "body": lambda: talking(falls_silent(HEAD % 1000)),
    "dripping body": lambda: talking(drips(HEAD % 10**6, b"y")),
    "pouring body": lambda: talking(pours(HEAD % 10**14)),
    "endless redirect": lambda: talking(drips(b"HTTP/1.1 302 Found\r\nLocation: /", b"y")),
}


@pytest.mark.parametrize("phase", SLOW)
def test_the_time_is_up_wherever_it_hangs_or_drips(phase, refusal):
    with SLOW[phase]() as origin:
        started = time.monotonic()
        failed = refusal(url=f"{origin}?{SECRET}", allowed=[origin], timeout_seconds=0.6, max_bytes=10**15)

    assert (failed.code, failed.retryable) == ("fetch.timed_out", True)
    assert 0.55 < time.monotonic() - started < 1.1


class NobodyWantsIt(BaseException):
    """Neither an Exception nor anything that a library knows."""


@pytest.mark.parametrize("phase", SLOW)
def test_a_download_that_nobody_wants_any_more_is_left_at_once(phase, fetch):
    def report(fraction):
        if time.monotonic() > started + 0.3:
            raise NobodyWantsIt

    with SLOW[phase]() as origin:
        started = time.monotonic()
        with pytest.raises(NobodyWantsIt):
            fetch(None, url=origin, allowed=[origin], timeout_seconds=20, max_bytes=10**15, report=report)
        assert time.monotonic() - started < 0.8
    assert list(fetch.into.parent.iterdir()) == []


def test_a_server_that_is_away_is_unreachable(refusal):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{sock.getsockname()[1]}"
        failed = refusal(url=f"{origin}/?{SECRET}", allowed=[origin])

    assert (failed.code, failed.retryable) == ("fetch.unreachable", True)


def test_a_full_disk_is_an_error_of_the_disk(fetch):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CLIP) // 2, limits[1]))
    try:
        with RawServer(says(answer(CLIP))) as server, pytest.raises(OSError) as raised:
            fetch(server)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert raised.value.errno == errno.EFBIG and not list(fetch.into.parent.iterdir())
