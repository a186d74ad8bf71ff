"""The fetching of finished clips, from servers that give all kinds of things instead."""

import pytest

from generations.media.probe import probe
from generations.providers.base import ProviderError
from generations.providers.hosted.replicate import ReplicateProvider
from generations.tests.hosted import answer, replicate_service, spec_of
from generations.tests.sample_clips import foreign_clip
from videogen.kernel.testing.http_server import Answer

SPEC = spec_of("google/veo-3.1")
MP4 = {"Content-Type": "video/mp4"}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    path = tmp_path_factory.mktemp("clips") / "clip.mp4"
    return foreign_clip(path, "testsrc2=s=320x240:r=30:d=1", "-pix_fmt", "yuv420p").read_bytes()


@pytest.fixture
def service(settings):
    with replicate_service(settings) as service:
        settings.FETCH_ALLOWED_ORIGINS = [service.origin]
        yield service


def fetch(service, into, given, *, report=lambda fraction: None):
    service.answers = [given]
    url = f"{service.origin}/x/clip.mp4?signature=abc"
    return ReplicateProvider().fetch(SPEC, url, into=into, report=report)


def test_a_clip_is_written_whole_and_our_key_is_not_shown(service, tmp_path, clip):
    into, told = tmp_path / "clip.mp4", []
    assert fetch(service, into, Answer(200, clip, MP4), report=told.append) == ()
    assert probe(into).frames == 30
    assert (told[-1], "authorization" in service.asked[0].headers) == (1.0, False)


HTML = b"\n <!DOCTYPE html><html><body>Expired</body></html>"
BAD = {
    "404": (answer(404, {}), "provider.output_lost", False, "404"),
    "403": (answer(403, {}), "provider.output_lost", False, "403"),
    "410": (answer(410, {}), "provider.output_lost", False, "410"),
    "500": (answer(500, {}), "provider.unreachable", True, "500"),
    "429": (answer(429, {}), "provider.unreachable", True, "429"),
    "page": (Answer(200, HTML, MP4), "provider.output_invalid", False, "a web page"),
    "JSON": (answer(200, {"error": "gone"}), "provider.output_invalid", False, "JSON"),
    "XML": (Answer(200, b"<?xml version='1.0'?><Error/>", MP4), "provider.output_invalid", False, "XML"),
    "empty": (Answer(200, b"", MP4), "provider.output_invalid", False, "empty"),
    "bytes": (Answer(200, b"\0" * 999, MP4), "provider.output_invalid", False, "called video/mp4"),
    "playlist": (
        Answer(200, b"#EXTM3U\nfile:///etc/passwd", MP4),
        "provider.output_invalid",
        False,
        "no video",
    ),
    "too large": (
        Answer(200, b"", {"Content-Length": "99999999"}),
        "provider.output_refused",
        False,
        "larger",
    ),
    "cut off": (
        Answer(200, b"\0" * 99, {"Content-Length": "999", "Connection": "close"}),
        "provider.unreachable",
        True,
        "",
    ),
    "inside": (
        Answer(302, b"", {"Location": "http://169.254.169.254/x"}),
        "provider.output_refused",
        False,
        "",
    ),
    "elsewhere": (Answer(302, b"", {"Location": "ftp://a.example/"}), "provider.output_refused", False, ""),
    "round": (Answer(302, b"", {"Location": "/x/clip.mp4"}), "provider.output_refused", False, "redirects"),
}


@pytest.mark.parametrize("given, code, retryable, said", BAD.values(), ids=BAD)
def test_what_is_no_clip_leaves_nothing_and_says_what_came(
    service, settings, tmp_path, given, code, retryable, said
):
    settings.FETCH_MAX_BYTES, settings.FETCH_TIMEOUT_SECONDS = 1_000_000, 2
    with pytest.raises(ProviderError) as failed:
        fetch(service, tmp_path / "clip.mp4", given)
    assert (failed.value.code, failed.value.retryable) == (code, retryable)
    assert said in str(failed.value) and "signature" not in str(failed.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "file:///etc/passwd", "data:video/mp4;base64,AAAA", ""]
)
def test_an_address_from_the_inside_is_not_asked(service, settings, tmp_path, url):
    settings.FETCH_ALLOWED_ORIGINS = []
    with pytest.raises(ProviderError) as failed:
        ReplicateProvider().fetch(SPEC, url, into=tmp_path / "clip.mp4", report=lambda fraction: None)
    assert (failed.value.code, failed.value.retryable) == ("provider.output_refused", False)


def test_whoever_no_longer_wants_it_ends_it(service, tmp_path, clip):
    def report(fraction):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(service, tmp_path / "clip.mp4", Answer(200, clip, MP4), report=report)
    assert list(tmp_path.iterdir()) == []
