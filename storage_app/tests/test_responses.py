"""Players get the part they ask for; everyone else gets the whole."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import RequestFactory

from storage_app.models import Asset, AssetKind
from storage_app.responses import CHUNK_BYTES, asset_response
from storage_app.services import asset_create
from storage_app.tests.samples import video_file

pytestmark = pytest.mark.django_db
SIZE = 2 * CHUNK_BYTES + 1000


@pytest.fixture
def asset(file_storage: Path, alice: User, tmp_path: Path) -> Asset:
    path = video_file(tmp_path / "video", size_bytes=SIZE)
    return asset_create(owner=alice, kind=AssetKind.VIDEO, path=path, name="video")


@pytest.fixture
def content(asset: Asset, tmp_path: Path) -> bytes:
    return (tmp_path / "video").read_bytes()


def answer(asset: Asset, *, method: str = "GET", inline: bool = True, **headers: str) -> Any:
    request = RequestFactory().generic(method, "/video", headers=headers)
    return asset_response(request, asset, filename="Ein Café.mp4", inline=inline)


def body(response: Any) -> bytes:
    content = b"".join(response) if response.streaming else response.content
    response.close()
    return content


def test_without_a_range_the_whole_is_sent(asset, content):
    response = answer(asset)
    assert (response.status_code, body(response)) == (200, content)
    assert response.headers["Content-Length"] == str(SIZE)
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Type"] == "video/mp4"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "range_header, start, stop",
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 20),
        (f"bytes={SIZE - 5}-", SIZE - 5, SIZE),
        ("bytes=0-", 0, SIZE),
        ("bytes=-7", SIZE - 7, SIZE),
        (f"bytes=-{SIZE * 2}", 0, SIZE),
        (f"bytes=5-{SIZE * 2}", 5, SIZE),
        (f"bytes=1-{CHUNK_BYTES + 1}", 1, CHUNK_BYTES + 2),
    ],
)
def test_a_range_gives_exactly_that_part(asset, content, range_header, start, stop):
    response = answer(asset, Range=range_header)
    assert (response.status_code, body(response)) == (206, content[start:stop])
    assert response.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{SIZE}"
    assert response.headers["Content-Length"] == str(stop - start)


@pytest.mark.parametrize("range_header", [f"bytes={SIZE}-", f"bytes={SIZE + 5}-{SIZE + 9}", "bytes=-0"])
def test_a_range_beyond_the_end_cannot_be_had(asset, range_header):
    response = answer(asset, Range=range_header)
    assert (response.status_code, response.headers["Content-Range"]) == (416, f"bytes */{SIZE}")


@pytest.mark.parametrize(
    "range_header",
    [
        "bytes=0-1,5-6",
        "bytes=9-3",
        "bytes=-",
        "bytes=a-b",
        "frames=0-1",
        "bytes=" + "9" * 5000 + "-",
    ],
)
def test_a_range_of_another_form_is_ignored(asset, content, range_header):
    response = answer(asset, Range=range_header)
    assert (response.status_code, body(response)) == (200, content)


def test_a_range_of_an_older_version_is_ignored(asset, content):
    old, same = (answer(asset, Range="bytes=0-1", If_Range=tag) for tag in ('"old"', f'"{asset.sha256}"'))
    assert (old.status_code, body(old)) == (200, content)
    assert (same.status_code, body(same)) == (206, content[:2])


@pytest.mark.parametrize("prefix", ["", "W/", '"old", '])
def test_what_the_client_has_is_not_sent_again(asset, prefix):
    response = answer(asset, If_None_Match=f'{prefix}"{asset.sha256}"')
    assert (response.status_code, body(response)) == (304, b"")


def test_head_tells_all_and_sends_nothing(asset):
    response = answer(asset, method="HEAD", Range="bytes=0-1")
    assert (response.status_code, body(response)) == (200, b"")
    assert response.headers["Content-Length"] == str(SIZE)


@pytest.mark.parametrize("inline, word", [(True, "inline"), (False, "attachment")])
def test_the_name_survives_its_accents(asset, inline, word):
    response = answer(asset, inline=inline)
    assert response.headers["Content-Disposition"] == f"{word}; filename*=utf-8''Ein%20Caf%C3%A9.mp4"
    response.close()


def open_files() -> list[str]:
    return [str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()]


def test_the_file_is_closed_even_if_nobody_reads_it(asset):
    response = answer(asset)
    assert any(asset.storage_key in name for name in open_files())
    response.close()
    assert not any(asset.storage_key in name for name in open_files())


def test_with_s3_the_client_is_sent_there(s3_storage, settings, alice, tmp_path):
    settings.ASSET_URL_SECONDS = 77
    path = video_file(tmp_path / "video")
    response = answer(asset_create(owner=alice, kind=AssetKind.VIDEO, path=path, name="video"))
    assert (response.status_code, response.headers["Cache-Control"]) == (302, "private, no-store")
    assert "X-Amz-Expires=77" in response.headers["Location"]


def test_the_admin_lists_assets_and_opens_them(client, asset, content):
    client.force_login(User.objects.create_superuser("operator"))
    page = client.get("/admin/storage_app/asset/")
    opened = client.get(f"/admin/storage_app/asset/{asset.pk}/content")
    assert "513.0" in page.content.decode()
    assert body(opened) == content


def test_the_admin_shows_nothing_to_mallory(client, asset):
    client.force_login(User.objects.create_user("mallory"))
    assert client.get(f"/admin/storage_app/asset/{asset.pk}/content").status_code == 302


def test_an_operator_without_the_permission_sees_no_asset(client, asset):
    client.force_login(User.objects.create_user("clerk", is_staff=True))
    assert client.get(f"/admin/storage_app/asset/{asset.pk}/content").status_code == 404
