"""Reference pictures over HTTP."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import F
from django.test import Client
from PIL import Image

from generations.services.dispatching import orphans_delete
from generations.tests.clients import JsonClient, client_of, problem_of
from generations.tests.factories import AssetFactory, GenerationFactory
from generations.tests.pictures import picture, reference
from storage_app.errors import StorageError
from storage_app.models import Asset
from storage_app.services import asset_open
from videogen.accounts.models import Scope

ASSETS = "/api/v1/assets"

pytestmark = pytest.mark.django_db


def upload(content: bytes, name: str = "cup.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def sent(api: JsonClient, content: bytes) -> Any:
    return api.post(ASSETS, {"file": upload(content)}, format="multipart")


def sent_raw(api: JsonClient, content: Any, media_type: str = "image/png") -> Any:
    return api.generic("POST", ASSETS, content, content_type=media_type)


@pytest.mark.parametrize("send", [sent, sent_raw])
def test_a_picture_is_kept_as_a_jpeg_and_says_where_it_is(api: JsonClient, send: Any) -> None:
    response = send(api, picture(size=(4096, 2048)))
    body = response.json()
    assert (response.status_code, response["Location"]) == (201, body["links"]["self"])
    assert (body["kind"], body["media_type"]) == ("reference", "image/jpeg")
    assert (body["width"], body["height"]) == (2048, 1024)
    assert api.get(body["links"]["self"]).json() == body
    assert api.get(ASSETS).json() == {"results": [body]}


def test_its_bytes_can_be_fetched_whole_or_in_part(api: JsonClient) -> None:
    body = sent(api, picture()).json()
    content = b"".join(api.get(body["links"]["content"]))
    assert Image.open(BytesIO(content)).size == (80, 64)
    part = api.get(body["links"]["content"], headers={"Range": "bytes=0-1"})
    assert (part.status_code, b"".join(part), part["Content-Type"]) == (206, b"\xff\xd8", "image/jpeg")


def test_the_newest_comes_first_and_no_more_than_a_hundred_come(api: JsonClient, alice: User) -> None:
    assets = AssetFactory.create_batch(101, owner=alice, kind="reference")
    AssetFactory(owner=alice, kind="video")
    listed = [row["id"] for row in api.get(ASSETS).json()["results"]]
    assert (len(listed), str(assets[0].pk) in listed, listed[0]) == (100, False, str(assets[100].pk))


REFUSED = {
    "no picture": (b"<svg/>", "asset.unreadable"),
    "too small": (picture(size=(63, 80)), "asset.too_small"),
    "too large": (picture(size=(8000, 5001)), "asset.too_large"),
}


@pytest.mark.parametrize("send", [sent, sent_raw])
@pytest.mark.parametrize(("content", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_usable_picture_is_refused_and_nothing_is_kept(
    api: JsonClient, send: Any, content: bytes, code: str
) -> None:
    assert problem_of(send(api, content), 422)["code"] == code
    assert not Asset.objects.exists()


def test_an_empty_file_is_no_picture(api: JsonClient) -> None:
    assert problem_of(sent(api, b""), 422)["code"] == "asset.unreadable"
    assert problem_of(sent_raw(api, b""), 400)["errors"][0]["field"] == "file"


@pytest.mark.parametrize("body", [{}, {"file": "text"}, {"picture": upload(picture())}])
def test_a_form_without_a_file_is_refused_by_its_field(api: JsonClient, body: dict[str, Any]) -> None:
    problem = problem_of(api.post(ASSETS, body, format="multipart"), 400)
    assert "file" in {error["field"] for error in problem["errors"]}


def test_a_second_field_is_refused(api: JsonClient) -> None:
    problem = problem_of(
        api.post(ASSETS, {"file": upload(picture()), "name": "cup"}, format="multipart"), 400
    )
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("name", "unknown")]


def test_a_second_picture_is_refused(api: JsonClient) -> None:
    problem = problem_of(
        api.post(ASSETS, {"file": [upload(picture()), upload(picture())]}, format="multipart"), 400
    )
    assert [error["field"] for error in problem["errors"]] == ["file"]


def test_another_type_of_body_is_refused_with_those_that_are_taken(api: JsonClient) -> None:
    problem = problem_of(api.post(ASSETS, {"file": "x"}), 415)
    assert "multipart/form-data or image/*" in problem["detail"]


@pytest.mark.parametrize("content", [b"", b"--no-such-boundary"])
def test_a_broken_form_is_refused(api: JsonClient, content: bytes) -> None:
    problem_of(sent_raw(api, content, "multipart/form-data; boundary=x"), 400)
    problem_of(sent_raw(api, content, "multipart/form-data"), 400)


class Unread(BytesIO):
    """A body that nobody may read."""

    def read(self, *arguments: Any) -> bytes:
        raise AssertionError("It was read.")


@pytest.mark.parametrize("media_type", ["image/png", "multipart/form-data; boundary=x"])
def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    api: JsonClient, settings: Any, media_type: str
) -> None:
    settings.MAX_UPLOAD_BYTES = 1000
    extra: dict[str, Any] = {"wsgi.input": Unread(), "CONTENT_LENGTH": "1001"}
    problem = problem_of(api.generic("POST", ASSETS, "", content_type=media_type, **extra), 413)
    assert (problem["code"], problem["detail"]) == (
        "request.too_large",
        "The body is larger than 1000 bytes.",
    )


@pytest.mark.parametrize("send", [sent, sent_raw])
def test_a_picture_may_be_larger_than_other_bodies(api: JsonClient, settings: Any, send: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert send(api, picture(size=(300, 300), seed=1)).status_code == 201


def test_a_picture_in_a_session_needs_its_csrf_token(alice: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    problem_of(browser.post(ASSETS, {"file": upload(picture())}), 403)
    token = browser.get("/admin/login/", follow=True).cookies.get("csrftoken")
    browser.cookies["csrftoken"] = secret = token.value if token else "x" * 32
    headers = {"X-CSRFToken": secret}
    assert browser.post(ASSETS, {"file": upload(picture())}, headers=headers).status_code == 201


@pytest.fixture
def owned(alice: User) -> Asset:
    return reference(alice)


def test_somebody_elses_is_not_found(mallory_api: JsonClient, owned: Asset) -> None:
    for path in ("", "/content"):
        problem_of(mallory_api.get(f"{ASSETS}/{owned.pk}{path}"), 404)
    problem_of(mallory_api.delete(f"{ASSETS}/{owned.pk}"), 404)
    assert mallory_api.get(ASSETS).json() == {"results": []}


def test_what_is_no_reference_is_not_found_here(api: JsonClient, alice: User) -> None:
    for kind in ("video", "upload"):
        asset = AssetFactory(owner=alice, kind=kind)
        problem_of(api.get(f"{ASSETS}/{asset.pk}"), 404)
        problem_of(api.delete(f"{ASSETS}/{asset.pk}"), 404)


def test_a_key_that_may_only_read_sends_and_deletes_nothing(alice: User, owned: Asset) -> None:
    reader = client_of(alice, scopes=[Scope.READ])
    assert reader.get(f"{ASSETS}/{owned.pk}").status_code == 200
    problem_of(sent(reader, picture()), 403)
    problem_of(reader.delete(f"{ASSETS}/{owned.pk}"), 403)


def test_a_deleted_one_is_gone_with_its_bytes(
    api: JsonClient, owned: Asset, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert api.delete(f"{ASSETS}/{owned.pk}").status_code == 204
    problem_of(api.get(f"{ASSETS}/{owned.pk}"), 404)
    with pytest.raises(StorageError):
        asset_open(asset=owned)


def test_one_that_an_unfinished_generation_uses_stays(api: JsonClient, alice: User, owned: Asset) -> None:
    generation = GenerationFactory(owner=alice, references=[str(owned.pk)])
    problem = problem_of(api.delete(f"{ASSETS}/{owned.pk}"), 409)
    assert (problem["code"], problem["generation_ids"]) == ("asset.in_use", [str(generation.pk)])
    assert api.get(f"{ASSETS}/{owned.pk}").status_code == 200


def test_one_that_only_a_finished_generation_used_goes(api: JsonClient, alice: User, owned: Asset) -> None:
    done = {"status": "completed", "finished_at": owned.created_at}
    GenerationFactory(owner=alice, references=[str(owned.pk)], **done)
    assert api.delete(f"{ASSETS}/{owned.pk}").status_code == 204


@pytest.fixture
def old(owned: Asset) -> Iterator[Asset]:
    Asset.objects.update(created_at=F("created_at") - timedelta(days=9))
    yield owned


def test_a_picture_that_nobody_uses_is_no_orphan(old: Asset) -> None:
    assert orphans_delete() == 0
    assert Asset.objects.filter(pk=old.pk).exists()


def test_what_is_left_of_an_upload_that_was_killed_is_an_orphan(old: Asset) -> None:
    Asset.objects.update(kind="upload")
    assert orphans_delete() == 1
