"""Where assets go, as the environment says."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from storage_app.configuration import FILE_SYSTEM, S3, storages_from_environment

DATA_DIR = Path("/data")


@pytest.mark.parametrize(
    "environment, backend, options",
    [
        ({}, FILE_SYSTEM, {"location": Path("/data/assets")}),
        ({"STORAGE_URL": "file:///mnt/some%20disk"}, FILE_SYSTEM, {"location": Path("/mnt/some disk")}),
        ({"STORAGE_URL": "s3://bucket"}, S3, {"bucket_name": "bucket"}),
        (
            {"STORAGE_URL": "s3://bucket/a/b/?endpoint_url=http://minio:9000&region=eu-west-1"},
            S3,
            {
                "bucket_name": "bucket",
                "location": "a/b",
                "endpoint_url": "http://minio:9000",
                "region_name": "eu-west-1",
            },
        ),
        (
            {"AWS_STORAGE_BUCKET_NAME": "bucket", "AWS_S3_ENDPOINT_URL": "http://s3:1", "AWS_REGION": "eu"},
            S3,
            {"bucket_name": "bucket", "endpoint_url": "http://s3:1", "region_name": "eu"},
        ),
        ({"STORAGE_URL": "file:///a", "AWS_STORAGE_BUCKET_NAME": "b"}, FILE_SYSTEM, {"location": Path("/a")}),
    ],
)
def test_the_place_for_assets_comes_from_the_environment(environment, backend, options):
    assert storages_from_environment(DATA_DIR, environment) == {
        "assets": {"BACKEND": backend, "OPTIONS": options}
    }


def test_the_url_may_come_from_a_mounted_secret(tmp_path):
    (tmp_path / "url").write_text("s3://bucket\n")
    found = storages_from_environment(DATA_DIR, {"STORAGE_URL_FILE": str(tmp_path / "url")})
    assert found["assets"]["OPTIONS"] == {"bucket_name": "bucket"}


@pytest.mark.parametrize(
    "url",
    [
        "/just/a/path",
        "file://host/path",
        "file:relative",
        "s3:///no-bucket",
        "ftp://x/y",
        "s3://b?colour=red",
    ],
)
def test_a_wrong_url_is_refused_with_the_name_of_the_variable(url):
    with pytest.raises(ImproperlyConfigured, match="STORAGE_URL"):
        storages_from_environment(DATA_DIR, {"STORAGE_URL": url})


def test_the_file_system_does_not_load_boto3(process_environment):
    script = "import django, sys; django.setup(); import storage_app.services, storage_app.responses\n"
    script += (
        "from django.core.files.storage import storages; storages['assets']; print('boto3' in sys.modules)"
    )
    environment = process_environment | {"DJANGO_SETTINGS_MODULE": "videogen.settings"}
    answer = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=True)
    assert answer.stdout == b"False\n"
