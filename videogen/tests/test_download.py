"""A file from a stranger: whole or not at all, within bounds, and never from the inside."""

import errno
import hashlib
import resource
import signal
import socket
import time
from contextlib import contextmanager

import pytest

from videogen.kernel.http.download import DownloadFailed, download
from videogen.kernel.whole import part_of
from videogen.tests.raw_server import (
    RawServer,
    answer,
    drips,
    falls_silent,
    full_backlog,
    pours,
    redirect,
    says,
    tls_context,
)

SECRET = "X-Amz-Signature=0123456789abcdef"
CLIP = bytes(range(256)) * 1000
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


def ignored(fraction):
    """Nobody looks at the progress."""


@pytest.fixture
def fetch(tmp_path):
    """Fetches from a server, or from any URL, into `fetch.into`."""

    def fetch(server, *, allowed=(), url=None, **options):
        options = {"max_bytes": 1_000_000, "timeout_seconds": 5, "report": ignored} | options
        allowed = (server.origin, *allowed) if server else allowed
        url = url or f"{server.origin}/out.mp4?{SECRET}"
        return download(url, fetch.into, allowed_origins=allowed, **options)

    fetch.into = tmp_path / "clip.mp4"
    return fetch


@pytest.fixture
def refusal(fetch):
    """Why a download failed, after a look that it left nothing behind and tells no secrets."""

    def refusal(server=None, **options):
        with pytest.raises(DownloadFailed) as raised:
            fetch(server, **options)
        assert not fetch.into.exists() and not part_of(fetch.into).exists()
        assert SECRET not in str(raised.value) and SECRET not in str(raised.value.details)
        return raised.value

    return refusal


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


@pytest.fixture
def tried(monkeypatch):
    """Where connections were tried."""
    addresses = []

    class Noted(socket.socket):
        def connect_ex(self, where):
            addresses.append(where[:2])
            return super().connect_ex(where)

    monkeypatch.setattr(socket, "socket", Noted)
    return addresses


# Ports 80 and 443 are right, so it is the address that is refused.
INSIDE = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0.0.0.0", "[::1]"]
INSIDE += [
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
    "10.0.0.1",
    "[fe80::1]",
    "[64:ff9b::a9fe:a9fe]",
    "100.64.0.1",
]


@pytest.mark.parametrize("host", INSIDE)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_address_of_the_inside_is_refused_however_it_is_spelled(scheme, host, refusal, tried):
    failed = refusal(url=f"{scheme}://{host}/latest/meta-data/?{SECRET}")

    assert (failed.code, failed.retryable, tried) == ("fetch.forbidden_address", False, [])


@pytest.mark.parametrize("host", INSIDE)
def test_a_redirect_to_the_inside_is_not_followed(host, refusal, tried):
    with RawServer(redirect(f"http://{host}/?{SECRET}")) as server:
        failed = refusal(server)

    assert (failed.code, failed.retryable) == ("fetch.forbidden_address", False)
    assert tried == [("127.0.0.1", server.port)]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "clips.test"])
def test_another_port_is_refused_before_the_name_is_looked_up(host, refusal, monkeypatch):
    with (
        RawServer(says(answer(CLIP))) as inner,
        RawServer(redirect(f"http://{host}:{inner.port}/")) as server,
    ):
        failed = refusal(server)

    assert failed.code == "fetch.forbidden_address" and str(inner.port) in str(failed)
    assert inner.connections == 0


def test_an_allowed_origin_allows_no_other_scheme_or_host(refusal):
    with RawServer(says(answer(CLIP))) as server:
        for origin in (f"https://127.0.0.1:{server.port}", f"http://localhost:{server.port}"):
            assert refusal(server, url=f"{origin}/?{SECRET}").code == "fetch.forbidden_address"

    assert server.connections == 0


BAD_URLS = ["", "clip.mp4", "ftp://h/c", "file:///etc/passwd", "http:///c", "http://u:p@clips.test/c"]
BAD_URLS += ["data:video/mp4,x", "http://clips.test:0/", "http://0177.0.0.1/", "http://a\nb/"]


@pytest.mark.parametrize("url", BAD_URLS)
def test_what_is_no_plain_http_url_is_refused(url, tmp_path, tried):
    with pytest.raises(DownloadFailed) as raised:
        download(url, tmp_path / "clip", max_bytes=1, timeout_seconds=1, report=ignored)

    assert (raised.value.code, raised.value.retryable, tried) == ("fetch.forbidden_address", False, [])


def test_redirects_are_followed_to_another_allowed_origin(fetch):
    with (
        RawServer(says(answer(CLIP))) as store,
        RawServer(redirect("/there"), redirect(store.origin)) as server,
    ):
        assert fetch(server, allowed=[f"{store.origin}/"]).size_bytes == len(CLIP)

    lines = [request.split(b"\r\n")[0] for request in server.requests + store.requests]
    assert lines == [f"GET /out.mp4?{SECRET} HTTP/1.1".encode(), b"GET /there HTTP/1.1", b"GET / HTTP/1.1"]


@pytest.mark.parametrize("most", [0, 3])
def test_a_redirect_too_many_is_refused(most, refusal):
    with RawServer(redirect("/again")) as server:
        failed = refusal(server, max_redirects=most)

    assert (failed.code, failed.retryable) == ("fetch.redirected", False)
    assert server.connections == most + 1


BAD_REDIRECTS = ["ftp://h/c", "file:///etc/passwd", "javascript:alert(1)", "http://h:x/", "http://u:p@h/c"]


@pytest.mark.parametrize("where", BAD_REDIRECTS)
def test_a_redirect_to_what_is_no_plain_http_url_is_refused(where, refusal):
    with RawServer(redirect(where)) as server:
        assert refusal(server).code == "fetch.redirected"

    assert server.connections == 1


def test_a_redirect_to_nowhere_is_refused(refusal):
    with RawServer(says(answer(status="302 Found"))) as server:
        assert refusal(server).code == "fetch.redirected"


@pytest.fixture
def named(monkeypatch):
    """Leads all names to this machine, and counts how often they are looked up."""
    asked = []

    def getaddrinfo(host, port, **options):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def secure_server(tmp_path, monkeypatch, name, *talks):
    context, certificate = tls_context(tmp_path, name)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return RawServer(*talks, context=context)


def test_tls_verifies_the_name_though_the_address_is_connected_to(tmp_path, monkeypatch, fetch, named):
    with secure_server(tmp_path, monkeypatch, "clips.test", says(answer(CLIP))) as server:
        origin = f"https://clips.test:{server.port}"
        assert fetch(None, url=origin, allowed=[origin]).size_bytes == len(CLIP)

    assert named == ["clips.test"]


def test_a_certificate_of_another_name_is_refused(tmp_path, monkeypatch, refusal, named):
    with secure_server(tmp_path, monkeypatch, "other.test", says(answer(CLIP))) as server:
        origin = f"https://clips.test:{server.port}"
        failed = refusal(url=f"{origin}/?{SECRET}", allowed=[origin])

    assert failed.code == "fetch.unreachable" and "certificate" in str(failed)
    assert server.requests == []


def test_https_is_not_given_up_by_a_redirect(tmp_path, monkeypatch, refusal):
    with RawServer(says(answer(CLIP))) as plain:
        talk = redirect(plain.origin)
        with secure_server(tmp_path, monkeypatch, "127.0.0.1", talk) as server:
            failed = refusal(server, allowed=[plain.origin])

    assert failed.code == "fetch.redirected" and "https to http" in str(failed)
    assert plain.connections == 0
