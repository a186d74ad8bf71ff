"""Where a connection may lead, how often a name is looked up, and what is an origin."""

import errno
import socket

import httpcore
import pytest

from videogen.kernel.http.addresses import is_public
from videogen.kernel.http.network import ForbiddenAddress, GuardedNetwork
from videogen.kernel.http.origins import origin_of
from videogen.kernel.http.patience import Patience

PUBLIC = ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0"]
PUBLIC += ["169.253.255.255", "223.255.255.255", "2606:4700::1111", "2a00:1450:4001::1", "2001:4860::8888"]
NOT_PUBLIC = {
    "unspecified": ["0.0.0.0", "0.1.2.3", "::"],
    "loopback": ["127.0.0.1", "127.255.255.254", "::1"],
    "private": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.0.1", "fc00::1", "fd12:3456::1"],
    "link-local, and cloud metadata": ["169.254.169.254", "169.254.170.2", "fe80::1", "fe80::1%eth0"],
    "carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.1", "255.255.255.255", "4000::1", "1::1", "100::1", "5f00::1"],
    "protocol assignments": ["192.0.0.1", "192.0.0.9", "192.0.0.171", "2001:1::1", "2001:20::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "benchmarks": ["198.18.0.1", "198.19.255.255"],
    "mapped": ["::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8"],
    "compatible": ["::127.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::7f00:1"],
    "6to4": ["2002:7f00:1::", "2002:808:808::1", "192.88.99.1"],
    "Teredo": ["2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "site-local": ["fec0::1", "feff::1"],
}


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_on_the_open_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("address", [address for kind in NOT_PUBLIC.values() for address in kind])
def test_an_address_of_the_inside_or_that_hides_another_is_not_public(address):
    assert not is_public(address)


@pytest.fixture
def tried(monkeypatch):
    """What connections were tried, all of which are refused: nothing leaves this machine."""
    addresses = []

    class Refused(socket.socket):
        def connect_ex(self, where):
            addresses.append(where)
            return errno.ECONNREFUSED

    monkeypatch.setattr(socket, "socket", Refused)
    return addresses


@pytest.fixture
def names(monkeypatch):
    """Answers to lookups, in turn; and how often a name was looked up."""
    answers = []
    asked = []

    def getaddrinfo(host, port, **options):
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in answers.pop(0)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return answers, asked


def connect():
    return GuardedNetwork(Patience(5), public_only=True).connect_tcp("clips.test", 443)


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "64:ff9b::1"])
@pytest.mark.parametrize("is_first", [True, False])
def test_one_address_of_the_inside_is_enough_to_refuse_a_name(address, is_first, names, tried):
    names[0].append([address, "8.8.8.8"] if is_first else ["8.8.8.8", address])

    with pytest.raises(ForbiddenAddress):
        connect()
    assert tried == []


def test_a_name_that_changes_its_meaning_is_looked_up_only_once(names, tried):
    names[0].extend([["8.8.8.8"], ["127.0.0.1"]])

    with pytest.raises(httpcore.ConnectError, match="connection refused"):
        connect()
    assert tried == [("8.8.8.8", 443)] and names[1] == ["clips.test"]


def test_the_addresses_of_a_name_are_tried_in_turn(names, tried):
    names[0].append(["8.8.8.8", "1.1.1.1", "9.9.9.9"])

    with pytest.raises(httpcore.ConnectError):
        connect()
    assert [address for address, port in tried] == ["8.8.8.8", "1.1.1.1", "9.9.9.9"]


ORIGINS = {
    "http://127.0.0.1:9000": "http://127.0.0.1:9000",
    "HTTPS://Example.ORG:443/a/b?c=d#e": "https://example.org",
    "HTTP://example.org:80": "http://example.org",
    "http://example.org:443/": "http://example.org:443",
    "https://user:secret@example.org/": "https://example.org",
    "http://[::1]:8080/x": "http://[::1]:8080",
    "https://bücher.example": "https://xn--bcher-kva.example",
}


@pytest.mark.parametrize("url, origin", ORIGINS.items())
def test_an_origin_has_one_spelling(url, origin):
    assert origin_of(url) == origin == origin_of(origin)


NO_ORIGINS = ["", "example.org", "//example.org", "ftp://example.org", "file:///etc/passwd", "http:///x"]
NO_ORIGINS += ["http://h:0", "http://h:65536", "http://h:x", "http://a\nb/", "javascript:alert(1)"]


@pytest.mark.parametrize("url", NO_ORIGINS)
def test_what_leads_nowhere_by_http_has_no_origin(url):
    with pytest.raises(ValueError, match=r"^It (is not|names no)"):
        origin_of(url)
