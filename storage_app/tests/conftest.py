"""Two places for bytes: a directory, and a real S3 server in a process of its own."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import boto3
import pytest
from django.contrib.auth.models import User

from storage_app.configuration import storages_from_environment

BUCKET = "videogen-tests"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    endpoint = f"http://127.0.0.1:{port}"
    try:
        _wait_for(endpoint)
        yield endpoint
    finally:
        process.kill()
        process.wait()


def _wait_for(endpoint: str) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            urlopen(endpoint).close()
            return
        except URLError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


@pytest.fixture
def file_storage(settings: Any, tmp_path: Path) -> Path:
    """The directory that assets go to."""
    location = tmp_path / "assets"
    settings.STORAGES = settings.STORAGES | storages_from_environment(location.parent, {})
    return location


@pytest.fixture
def s3_storage(
    settings: Any, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Any]:
    """The bucket that assets go to."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    url = f"s3://{BUCKET}/some/prefix?endpoint_url={s3_endpoint}&region=us-east-1"
    settings.STORAGES = settings.STORAGES | storages_from_environment(tmp_path, {"STORAGE_URL": url})
    bucket = boto3.resource("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(
        Bucket=BUCKET
    )
    yield bucket
    bucket.objects.all().delete()


@pytest.fixture(params=["file_storage", "s3_storage"])
def any_storage(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice")
