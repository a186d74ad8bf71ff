"""Bytes are kept whole, come back as they were, and go when they should."""

import hashlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction

from storage_app.errors import StorageError
from storage_app.models import Asset, AssetKind
from storage_app.services import asset_create, asset_fetch, asset_open, asset_url, assets_delete
from storage_app.tests.samples import JPEG_HEAD, video_file

pytestmark = pytest.mark.django_db
LARGE = 20 * 2**20


def keep(owner: User, path: Path) -> Asset:
    return asset_create(owner=owner, kind=AssetKind.VIDEO, path=path, name="the video")


def files_below(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size_bytes", [1000, LARGE])
def test_bytes_come_back_as_they_were(any_storage, alice, tmp_path, size_bytes):
    path = video_file(tmp_path / "video", size_bytes=size_bytes)
    asset = keep(alice, path)
    asset_fetch(asset=asset, into=tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == path.read_bytes()
    assert asset.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (asset.size_bytes, asset.media_type) == (size_bytes, "video/mp4")


def test_an_asset_can_be_read_without_a_file(any_storage, alice, tmp_path):
    path = video_file(tmp_path / "video")
    with asset_open(asset=keep(alice, path)) as file:
        assert file.read() == path.read_bytes()


def test_a_large_file_goes_to_s3_in_parts(s3_storage, alice, tmp_path):
    asset = keep(alice, video_file(tmp_path / "video", size_bytes=LARGE))
    (stored,) = s3_storage.objects.all()
    assert stored.key == f"some/prefix/{asset.storage_key}"
    assert stored.e_tag.strip('"').endswith("-3")
    assert stored.Object().content_type == "video/mp4"


@pytest.mark.parametrize(
    "content, media_type", [(JPEG_HEAD, "image/jpeg"), (b"hello", "application/octet-stream")]
)
def test_the_media_type_comes_from_the_bytes_and_not_from_the_name(
    file_storage, alice, tmp_path, content, media_type
):
    (tmp_path / "video.mp4").write_bytes(content)
    assert keep(alice, tmp_path / "video.mp4").media_type == media_type


def test_a_full_disk_has_a_name_and_leaves_nothing(file_storage, alice, tmp_path):
    path = video_file(tmp_path / "video", size_bytes=2**21)
    with pytest.raises(StorageError) as caught, file_size_limited_to(2**20):
        keep(alice, path)
    assert (caught.value.code, caught.value.retryable) == ("storage.full", False)
    assert (files_below(file_storage), Asset.objects.count()) == ([], 0)


@contextmanager
def file_size_limited_to(limit_bytes: int) -> Iterator[None]:
    """The kernel refuses to let any file of this process grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_where_bytes_are_fetched_to_has_a_name(any_storage, alice, tmp_path):
    asset = keep(alice, video_file(tmp_path / "video", size_bytes=2**21))
    with pytest.raises(StorageError) as caught, file_size_limited_to(2**20):
        asset_fetch(asset=asset, into=tmp_path / "back")
    assert caught.value.code == "storage.full"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["video"]


def test_a_row_that_is_refused_takes_its_bytes_with_it(file_storage, alice, tmp_path):
    (tmp_path / "empty").touch()
    with pytest.raises(IntegrityError), transaction.atomic():
        keep(alice, tmp_path / "empty")
    assert files_below(file_storage) == []


def test_bytes_that_changed_are_not_handed_out(any_storage, alice, tmp_path):
    asset = keep(alice, video_file(tmp_path / "video"))
    Asset.objects.filter(pk=asset.pk).update(sha256="0" * 64)
    asset.refresh_from_db()
    with pytest.raises(StorageError) as caught:
        asset_fetch(asset=asset, into=tmp_path / "back")
    assert caught.value.code == "storage.corrupt"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["video"]


def test_bytes_that_are_gone_have_a_name(any_storage, alice, tmp_path):
    asset = Asset(owner=alice, kind=AssetKind.VIDEO, storage_key="video/aa/gone.mp4")
    with pytest.raises(StorageError) as caught:
        asset_fetch(asset=asset, into=tmp_path / "back")
    assert caught.value.code == "storage.missing"


def test_a_server_that_does_not_answer_may_be_asked_again(s3_storage, settings, alice, tmp_path):
    assets = settings.STORAGES["assets"]
    options = assets["OPTIONS"] | {"endpoint_url": "http://127.0.0.1:1"}
    settings.STORAGES = settings.STORAGES | {"assets": assets | {"OPTIONS": options}}
    with pytest.raises(StorageError) as caught:
        keep(alice, video_file(tmp_path / "video"))
    assert (caught.value.code, caught.value.retryable) == ("storage.unavailable", True)
    assert Asset.objects.count() == 1  # It may have taken the bytes, and cannot be told to delete them.


def test_deleting_takes_the_bytes_once_it_is_certain(
    file_storage, alice, tmp_path, django_capture_on_commit_callbacks
):
    asset = keep(alice, video_file(tmp_path / "video"))
    with django_capture_on_commit_callbacks(execute=True):
        assets_delete(assets=[asset])
        assert len(files_below(file_storage)) == 1
    assert (files_below(file_storage), Asset.objects.count()) == ([], 0)


def test_a_rollback_keeps_the_bytes(any_storage, alice, tmp_path):
    asset = keep(alice, video_file(tmp_path / "video"))
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assets_delete(assets=[asset])
        raise ZeroDivisionError
    asset_fetch(asset=Asset.objects.get(), into=tmp_path / "back")


def test_deleting_from_s3_deletes_the_object(s3_storage, alice, tmp_path, django_capture_on_commit_callbacks):
    asset = keep(alice, video_file(tmp_path / "video"))
    with django_capture_on_commit_callbacks(execute=True):
        assets_delete(assets=[asset])
    assert list(s3_storage.objects.all()) == []


def test_a_signed_url_gives_the_bytes_for_as_long_as_it_says(s3_storage, alice, tmp_path):
    path = video_file(tmp_path / "video")
    url = asset_url(asset=keep(alice, path), expires_seconds=120, content_disposition="inline")
    assert url
    query = parse_qs(urlsplit(url).query)
    assert query["X-Amz-Expires"] == ["120"]
    assert (query["response-content-type"], query["response-content-disposition"]) == (
        ["video/mp4"],
        ["inline"],
    )
    assert urlopen(url).read() == path.read_bytes()


def test_the_file_system_has_no_signed_urls(file_storage, alice, tmp_path):
    assert asset_url(asset=keep(alice, video_file(tmp_path / "video")), expires_seconds=120) is None


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_it_stores_leaves_a_row_that_nothing_refers_to_and_no_file(
    alice, tmp_path, process_environment
):
    path = video_file(tmp_path / "video", size_bytes=LARGE * 4)
    script = (
        "import django, sys; django.setup()\n"
        "from pathlib import Path\n"
        "from django.contrib.auth.models import User\n"
        "from storage_app.services import asset_create\n"
        f"asset_create(owner=User.objects.get(), kind='video', path=Path({str(path)!r}), name='x')\n"
    )
    environment = process_environment | {
        "DJANGO_SETTINGS_MODULE": "videogen.settings",
        "STORAGE_URL": f"file://{tmp_path}/assets",
    }
    with subprocess.Popen([sys.executable, "-c", script], env=environment) as worker:
        wait_until(lambda: files_below(tmp_path / "assets"))
        worker.send_signal(signal.SIGKILL)
    assert worker.returncode == -signal.SIGKILL
    assert {path.parent.name for path in files_below(tmp_path / "assets")} == {".incoming"}
    assert Asset.objects.count() == 1


def test_what_a_killed_worker_left_is_swept_a_day_later(file_storage, alice, tmp_path):
    (file_storage / ".incoming").mkdir(parents=True)
    old, young = (file_storage / ".incoming" / name for name in ("old", "young"))
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    keep(alice, video_file(tmp_path / "video"))
    assert (old.exists(), young.exists()) == (False, True)


def test_a_file_that_is_not_there_has_a_name(file_storage, alice, tmp_path):
    with pytest.raises(StorageError) as caught:
        keep(alice, tmp_path / "nothing")
    assert caught.value.code == "storage.missing"


def wait_until(condition: Callable[[], object], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize(
    "wrong", [{"size_bytes": 0}, {"sha256": "not a hash"}, {"kind": "poem"}, {"storage_key": "a/key"}]
)
def test_the_database_refuses_a_row_that_cannot_be_true(alice, wrong):
    right = {"owner": alice, "kind": "video", "sha256": "a" * 64, "size_bytes": 1, "media_type": "video/mp4"}
    Asset.objects.create(**right, storage_key="a/key")
    with pytest.raises(IntegrityError):
        Asset.objects.create(**(right | {"storage_key": "another/key"} | wrong))
