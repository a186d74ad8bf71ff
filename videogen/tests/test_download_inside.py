"""Downloads lead to the open internet only, whatever the address, the redirect or the name says."""

import socket

import pytest

from videogen.kernel.http.download import DownloadFailed, download
from videogen.tests.downloads import CLIP, SECRET, ignored
from videogen.tests.raw_server import RawServer, answer, redirect, says, tls_context


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


@pytest.fixture
def named(monkeypatch):
    """Leads all names to this machine, and counts how often they are looked up."""
    asked = []

    def getaddrinfo(host, port, **options):
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("is_redirected", [False, True])
def test_another_port_is_refused_before_the_name_is_looked_up(is_redirected, refusal, named):
    with RawServer(says(answer(CLIP))) as inner:
        url = f"http://clips.test:{inner.port}/?{SECRET}"
        with RawServer(redirect(url)) as server:
            failed = refusal(server) if is_redirected else refusal(url=url)

    assert (failed.code, failed.retryable) == ("fetch.forbidden_address", False)
    assert f"Port {inner.port} of clips.test" in str(failed)
    assert inner.connections == 0 and "clips.test" not in named


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
