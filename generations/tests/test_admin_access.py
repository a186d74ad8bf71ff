"""Who may look at the operator's pages, and who may act there."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from generations.models import Generation, StageRun
from generations.tests.factories import GenerationFactory, StageRunFactory
from storage_app.models import Asset, AssetKind
from storage_app.services import asset_create

PICTURE = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(range(256))


@pytest.fixture
def run(alice: User, tmp_path: Path) -> StageRun:
    """An attempt of a generation that has a poster."""
    path = tmp_path / "poster.jpg"
    path.write_bytes(PICTURE)
    poster = asset_create(owner=alice, kind=AssetKind.POSTER, path=path, name=path.name)
    return StageRunFactory(generation=GenerationFactory(owner=alice, poster=poster))


def pages(run: StageRun) -> list[str]:
    generation = run.generation
    return [
        reverse("admin:generations_generation_changelist"),
        reverse("admin:generations_generation_change", args=[generation.pk]),
        reverse("admin:generations_generation_asset", args=[generation.pk, generation.poster_id]),
        reverse("admin:generations_stagerun_changelist"),
        reverse("admin:generations_stagerun_change", args=[run.pk]),
    ]


def verbs(run: StageRun) -> list[str]:
    return [
        reverse("admin:generations_generation_cancel", args=[run.generation_id]),
        reverse("admin:generations_generation_retry", args=[run.generation_id]),
        reverse("admin:generations_stagerun_rerun", args=[run.pk]),
    ]


def poster_of(generation: Generation) -> str:
    return reverse("admin:generations_generation_asset", args=[generation.pk, generation.poster_id])


def test_strangers_are_sent_to_the_login(client: Client, run: StageRun) -> None:
    answers = [client.get(url) for url in pages(run)] + [client.post(url) for url in verbs(run)]
    assert {(answer.status_code, answer.headers["Location"].split("?")[0]) for answer in answers} == {
        (302, "/admin/login/")
    }


def test_owners_who_are_not_staff_are_sent_to_the_login(client: Client, alice: User, run: StageRun) -> None:
    client.force_login(alice)
    answers = [client.get(url) for url in pages(run)] + [client.post(url) for url in verbs(run)]
    assert {answer.status_code for answer in answers} == {302}


def test_staff_without_permission_are_refused(staff_with: Callable[..., Client], run: StageRun) -> None:
    client = staff_with()
    answers = [client.get(url) for url in pages(run)] + [client.post(url) for url in verbs(run)]
    assert {answer.status_code for answer in answers} == {403}


def test_who_may_only_view_sees_everything(staff_with: Callable[..., Client], run: StageRun) -> None:
    client = staff_with("view_generation", "view_stagerun")
    assert [client.get(url).status_code for url in pages(run)] == [200] * len(pages(run))


def test_who_may_only_view_can_do_nothing(staff_with: Callable[..., Client], run: StageRun) -> None:
    client = staff_with("view_generation", "view_stagerun")
    assert [client.post(url).status_code for url in verbs(run)] == [403] * len(verbs(run))
    assert b'class="button' not in client.get(pages(run)[1]).content


def test_verbs_answer_only_to_post(desk: Client, run: StageRun) -> None:
    assert [desk.get(url).status_code for url in verbs(run)] == [405] * len(verbs(run))


def test_verbs_need_the_csrf_token(desk: Client, run: StageRun) -> None:
    client = Client(enforce_csrf_checks=True)
    client.cookies = desk.cookies
    assert [client.post(url).status_code for url in verbs(run)] == [403] * len(verbs(run))


@pytest.mark.parametrize("model", ["generation", "stagerun"])
def test_nobody_adds_a_row(desk: Client, model: str) -> None:
    assert desk.get(reverse(f"admin:generations_{model}_add")).status_code == 403


def test_nobody_edits_a_row(desk: Client, run: StageRun) -> None:
    answer = desk.post(pages(run)[1], {"prompt": "Something else", "status": "completed"})
    run.generation.refresh_from_db()
    assert (answer.status_code, run.generation.status) == (403, "queued")


def test_the_operator_gets_the_bytes_of_any_owner(desk: Client, run: StageRun) -> None:
    answer = desk.get(poster_of(run.generation))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert b"".join(answer) == PICTURE


def test_a_player_can_ask_for_a_part(desk: Client, run: StageRun) -> None:
    answer = desk.get(poster_of(run.generation), headers={"Range": "bytes=2-5"})
    assert (answer.status_code, b"".join(answer)) == (206, PICTURE[2:6])


def test_an_asset_is_served_only_below_its_own_generation(desk: Client, run: StageRun) -> None:
    poster = Asset.objects.get()
    url = reverse("admin:generations_generation_asset", args=[GenerationFactory().pk, poster.pk])
    assert desk.get(url).status_code == 404
