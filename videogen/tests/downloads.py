"""Downloads from servers of the tests, and what must hold whenever one fails."""

import pytest

from videogen.kernel.http.download import DownloadFailed, download
from videogen.kernel.whole import part_of

SECRET = "X-Amz-Signature=0123456789abcdef"
CLIP = bytes(range(256)) * 1000


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
