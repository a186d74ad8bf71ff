"""Requests with reference pictures: whose they are, who can use them, and what they make of a clip."""

from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from generations.models import Generation, ProviderCall
from generations.services.generations import generation_retry
from generations.services.references import ReferenceInUse, reference_delete, references_hold
from generations.testing.video_servers import Fault
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.factories import AssetFactory, GenerationFactory
from generations.tests.following import error_of
from generations.tests.pictures import inputs, ordered, reference
from generations.tests.pictures import large as large
from generations.tests.pictures import small as small
from generations.tests.studio import Studio, call_of, clip_run, statuses
from generations.tests.studio import studio as studio
from storage_app.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {"prompt": "A cup in the rain", "duration_seconds": 4, "provider": "replicate"}
SEEDANCE, HAILUO, VEO = "bytedance/seedance-2.0", "minimax/hailuo-2.3", "google/veo-3.1"


def test_the_generation_shows_what_it_is_made_from(studio: Studio, api: JsonClient, small: Asset) -> None:
    made = api.post(GENERATIONS, BODY | {"references": [str(small.pk)]})
    assert (made.status_code, made.json()["references"]) == (202, [str(small.pk)])
    assert api.get(f"{GENERATIONS}/{made.json()['id']}").json()["references"] == [str(small.pk)]


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
@pytest.mark.parametrize("whose", ["nobody's", "somebody else's", "a video"])
def test_what_is_not_the_callers_own_picture_is_refused_by_its_field(
    studio: Studio, api: JsonClient, mallory: Any, whose: str, query: str
) -> None:
    pk = {
        "nobody's": lambda: "0d8f2f9e-6a3c-4c5e-9a51-7b1d2c9f4e10",
        "somebody else's": lambda: str(reference(mallory).pk),
        "a video": lambda: str(AssetFactory(owner=studio.owner).pk),
    }[whose]()
    problem = problem_of(api.post(f"{GENERATIONS}{query}", BODY | {"references": [pk]}), 400)
    assert (problem["code"], problem["errors"][0]["field"]) == ("request.invalid", "references")
    assert pk in problem["errors"][0]["message"]


TEN = [str(UUID(int=number)) for number in range(10)]


@pytest.mark.parametrize("given", ["x", [7], [None], ["cup.png"], [[]], {}, None, ["{id}", "{id}"], TEN])
def test_what_is_no_list_of_ids_is_refused(studio: Studio, api: JsonClient, small: Asset, given: Any) -> None:
    if isinstance(given, list):
        given = [str(small.pk) if each == "{id}" else each for each in given]
    errors = problem_of(api.post(GENERATIONS, BODY | {"references": given}), 400)["errors"]
    assert {error["field"].partition(".")[0] for error in errors} == {"references"}
    assert "unknown" not in {error["code"] for error in errors}  # It was not even looked for.


def test_a_model_that_takes_fewer_is_refused(
    studio: Studio, api: JsonClient, large: Asset, small: Asset
) -> None:
    asked = BODY | {"references": [str(large.pk), str(small.pk)], "model": HAILUO, "duration_seconds": 6}
    problem = problem_of(api.post(GENERATIONS, asked), 422)
    assert problem["errors"][0]["field"] == "references"
    assert "at most 1" in problem["detail"]


def test_auto_chooses_among_those_that_take_as_many(
    studio: Studio, api: JsonClient, large: Asset, small: Asset
) -> None:
    asked = BODY | {"references": [str(large.pk), str(small.pk)], "provider": "auto"}
    routing = api.post(f"{GENERATIONS}?dry_run=true", asked).json()["routing"]
    chosen = {routing["chosen"]["model"], *(other["model"] for other in routing["others"])}
    assert chosen == {SEEDANCE, VEO}
    reasons = {each["model"]: each["reason"] for each in routing["rejected"]}
    assert reasons["wan-video/wan-2.7-t2v"].endswith("it takes none.")


def test_the_animatic_says_that_it_cannot_use_pictures(
    studio: Studio, api: JsonClient, settings: Any, small: Asset
) -> None:
    asked = BODY | {"references": [str(small.pk)]}
    settings.DEFAULT_PROVIDER = "animatic"
    for provider in ("animatic", "auto"):
        problem = problem_of(api.post(GENERATIONS, asked | {"provider": provider}), 422)
        assert problem["errors"][0]["field"] == "references"
        assert "animatic draws" in problem["detail"]


def test_a_picture_that_is_just_being_put_to_use_is_not_deleted(studio: Studio, large: Asset) -> None:
    with ThreadPoolExecutor() as pool, transaction.atomic():
        references_hold(owner=studio.owner, ids=[str(large.pk)])
        deletion = pool.submit(delete_elsewhere, large)
        assert wait([deletion], timeout=0.5).not_done
        GenerationFactory(owner=studio.owner, references=[str(large.pk)])
    with pytest.raises(ReferenceInUse):
        deletion.result()
    assert Asset.objects.filter(pk=large.pk).exists()


def delete_elsewhere(asset: Asset) -> None:
    try:
        reference_delete(asset=asset)
    finally:
        connection.close()


# What a clip is made from


def test_another_picture_makes_another_clip(studio: Studio, large: Asset, small: Asset) -> None:
    same = reference(studio.owner, size=(200, 200), seed=1)
    prints = [
        studio.planned(references=[str(asset.pk) for asset in assets]).clips.get().fingerprint
        for assets in ([], [large], [small], [large, small], [small, large], [same])
    ]
    assert len(set(prints)) == 5
    assert prints[1] == prints[5]


def test_a_new_clip_of_a_finished_video_is_made_from_the_same_pictures(
    studio: Studio, api: JsonClient, large: Asset
) -> None:
    parent = studio.made(references=[str(large.pk)])
    made = api.post(f"{GENERATIONS}/{parent.pk}/clips/1/regenerate", {})
    version = studio.go_on(Generation.objects.get(pk=made.json()["id"]))
    assert call_of(version).request["reference_images"] == [f"file:sha256:{large.sha256}"]


def test_no_new_clip_is_made_without_a_picture_that_was_deleted(
    studio: Studio, api: JsonClient, large: Asset
) -> None:
    parent = studio.made(references=[str(large.pk)])
    reference_delete(asset=large)
    problem = problem_of(api.post(f"{GENERATIONS}/{parent.pk}/clips/1/regenerate", {}), 409)
    assert problem["code"] == "reference.deleted"
    assert ProviderCall.objects.count() == 1


def test_a_retry_without_a_picture_that_was_deleted_buys_nothing(studio: Studio, large: Asset) -> None:
    studio.script(Fault("bad_request"))
    generation = studio.go_on(ordered(studio, large))
    reference_delete(asset=large)
    generation_retry(generation=generation)
    studio.go_on(generation)
    assert error_of(generation)["code"] == "reference.deleted"
    assert len(inputs(studio.replicate)) == 1


def test_a_clip_that_is_paid_is_fetched_though_its_picture_was_deleted(studio: Studio, large: Asset) -> None:
    generation = studio.sent(references=[str(large.pk)])
    Asset.objects.filter(pk=large.pk).delete()
    studio.go_on(generation)
    assert (statuses(generation), clip_run(generation).status) == (["succeeded"], "succeeded")
