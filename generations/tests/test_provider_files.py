"""Files of ours as inputs of models."""

import pytest

from generations.providers.base import ProviderError
from generations.providers.hosted.fal import FalProvider
from generations.providers.hosted.files import FAL_INLINE_BYTES, REPLICATE_INLINE_BYTES
from generations.providers.hosted.replicate import ReplicateProvider
from generations.tests.hosted import answer, replicate_service

provider = ReplicateProvider()


@pytest.fixture
def service(settings):
    with replicate_service(settings) as service:
        yield service


def test_a_small_file_goes_along_in_the_request(service, tmp_path):
    path = tmp_path / "small.png"
    path.write_bytes(b"abc")
    assert provider.file_input(path, "image/png") == "data:image/png;base64,YWJj"
    assert service.asked == []


def test_a_large_file_is_uploaded(service, tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(b"z" * (REPLICATE_INLINE_BYTES + 1))
    service.answers = [answer(201, {"urls": {"get": f"{service.origin}/v1/files/f1"}})]
    assert provider.file_input(path, "image/png") == f"{service.origin}/v1/files/f1"
    asked = service.asked[0]
    assert (asked.path, asked.headers["content-type"][:20]) == ("/v1/files", "multipart/form-data;")
    assert (
        b'name="content"; filename="large.png"' in asked.body and b"z" * REPLICATE_INLINE_BYTES in asked.body
    )


@pytest.mark.parametrize(
    "given, code",
    [
        (answer(413, {"detail": "too large"}), "provider.refused"),
        (answer(401, {}), "provider.unauthorized"),
        (answer(500, {}), "provider.unreachable"),
        (answer(201, {"urls": {"get": 7}}), "provider.unreachable"),
    ],
)
def test_an_upload_that_fails_says_why(service, tmp_path, given, code):
    path = tmp_path / "large.png"
    path.write_bytes(b"z" * (REPLICATE_INLINE_BYTES + 1))
    service.answers = [given]
    with pytest.raises(ProviderError) as failed:
        provider.file_input(path, "image/png")
    assert failed.value.code == code


def test_fal_takes_files_in_the_request_only(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(b"abc")
    assert FalProvider().file_input(path, "image/png") == "data:image/png;base64,YWJj"
    path.write_bytes(b"z" * (FAL_INLINE_BYTES + 1))
    with pytest.raises(ProviderError, match="more than 10 MB"):
        FalProvider().file_input(path, "image/png")
