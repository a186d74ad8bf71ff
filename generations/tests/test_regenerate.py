"""One clip is made anew: a new version, in which all else is taken over and nothing else is paid for."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections

from analysis.testing.openai_server import OpenAIServer
from generations.models import Generation, IdempotencyKey
from generations.services.generations import generation_cancel, generation_delete, generation_retry
from generations.testing.video_servers import Fault
from generations.tests.clients import GENERATIONS, JsonClient, client_of, problem_of
from generations.tests.following import assert_whole
from generations.tests.language_model import language_model as language_model
from generations.tests.studio import ALL, PRICES, Studio, calls_of
from generations.tests.studio import studio as studio
from storage_app.models import Asset

pytestmark = pytest.mark.django_db(transaction=True)

PRICE = PRICES["replicate"]


@pytest.fixture
def finished(studio: Studio) -> Generation:
    """Two clips, and a video."""
    return studio.made(clips=2)


@pytest.fixture
def stopped(studio: Studio) -> Generation:
    """Two clips, fetched; then it was cancelled. That is all that most of the tests need."""
    generation = studio.go_on(studio.order(clips=2))
    return generation_cancel(generation=generation)


def regenerate(
    client: JsonClient, generation: Generation, position: int = 2, *, key: str = "", **body: Any
) -> Any:
    address = f"{GENERATIONS}/{generation.pk}/clips/{position}/regenerate"
    return client.post(address, body, headers={"Idempotency-Key": key} if key else {})


def version_of(answer: Any) -> Generation:
    assert answer.status_code == 202, answer.content
    return Generation.objects.get(pk=answer.json()["id"])


def test_one_clip_is_bought_and_the_others_cost_nothing(
    studio: Studio, api: JsonClient, finished: Generation
) -> None:
    version = version_of(regenerate(api, finished))
    assert (version.version, version.parent, version.clips_ready) == (2, finished, 1)
    assert (version.estimated_usd, version.reserved_usd) == (PRICE, PRICE)
    assert_whole(studio.go_on(version, ALL))
    clips = api.get(f"{GENERATIONS}/{version.pk}/clips").json()["results"]
    assert [(clip["reused"], clip["cost_usd"]) for clip in clips] == [(True, "0.000000"), (False, "0.320000")]
    assert len(studio.replicate.ledger.jobs()) == 3
    assert version.actual_usd == PRICE
    assert [call.position for call in calls_of(version)] == [2]


def test_only_the_new_clip_is_made_of_other_bytes(
    studio: Studio, api: JsonClient, finished: Generation
) -> None:
    version = studio.go_on(version_of(regenerate(api, finished, 1)), ALL)
    before, after = (list(each.clips.order_by("position")) for each in (finished, version))
    assert (before[1].video, before[1].seed) == (after[1].video, after[1].seed)
    assert before[0].video != after[0].video
    assert before[0].seed != after[0].seed
    finished.refresh_from_db()
    assert (finished.status, finished.version, finished.actual_usd) == ("completed", 1, 2 * PRICE)


def test_no_text_is_written_anew(studio: Studio, api: JsonClient, stopped: Generation) -> None:
    version = studio.go_on(version_of(regenerate(api, stopped)))
    assert set(version.stage_runs.values_list("stage", flat=True)) == {"clip", "conform"}
    assert version.storyboard == stopped.storyboard


def test_the_provider_is_asked_for_the_new_words(
    studio: Studio, api: JsonClient, stopped: Generation
) -> None:
    version = version_of(regenerate(api, stopped, micro_prompt="A red cup, close."))
    studio.go_on(version)
    assert studio.replicate.ledger.submissions()[-1].input["prompt"] == "A red cup, close."
    scenes = [scene["micro_prompt"] for scene in (version.storyboard or {})["scenes"]]
    assert scenes[1] == "A red cup, close."
    assert scenes[0] == (stopped.storyboard or {})["scenes"][0]["micro_prompt"]


def test_the_words_of_another_clip_are_refused(studio: Studio, api: JsonClient, stopped: Generation) -> None:
    words = (stopped.storyboard or {})["scenes"][0]["micro_prompt"]
    assert problem_of(regenerate(api, stopped, micro_prompt=words), 409)["code"] == "clip.same"


def test_versions_are_counted(studio: Studio, api: JsonClient, stopped: Generation) -> None:
    second, third = (version_of(regenerate(api, stopped)) for _ in range(2))
    assert [second.version, third.version] == [2, 3]


def test_a_version_of_a_version_takes_over_from_it(
    studio: Studio, api: JsonClient, finished: Generation
) -> None:
    second = studio.go_on(version_of(regenerate(api, finished, 1)), ALL)
    third = studio.go_on(version_of(regenerate(api, second, 2)), ALL)
    assert (third.parent, third.version, len(studio.replicate.ledger.jobs())) == (second, 3, 4)
    assert third.clips.get(position=1).video == second.clips.get(position=1).video


def test_a_repeat_with_the_same_key_buys_nothing(
    studio: Studio, api: JsonClient, stopped: Generation
) -> None:
    first, again = (regenerate(api, stopped, key="once") for _ in range(2))
    assert (first.json()["id"], first.json()) == (again.json()["id"], again.json())
    assert again["Idempotency-Replayed"] == "true"
    studio.go_on(version_of(first))
    assert len(studio.replicate.ledger.jobs()) == 3
    assert problem_of(regenerate(api, stopped, 1, key="once"), 422)["code"] == "idempotency.mismatch"


def test_requests_at_once_with_the_same_key_make_one_version(
    studio: Studio, alice: User, stopped: Generation
) -> None:
    def ask(client: JsonClient) -> str:
        try:
            return str(version_of(regenerate(client, stopped, key="once")).pk)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(ask, [client_of(alice) for _ in range(4)]))
    assert len(made) == 1
    assert Generation.objects.count() == 2


def test_new_words_are_moderated(
    studio: Studio, api: JsonClient, stopped: Generation, language_model: OpenAIServer
) -> None:
    problem = problem_of(regenerate(api, stopped, micro_prompt="so unsafe-violence"), 422)
    assert problem["code"] == "safety.input.violence"
    assert Generation.objects.count() == 1
    assert regenerate(api, stopped, micro_prompt="A quiet cup.").status_code == 202


def test_nobody_elses_clip_can_be_made_anew(
    studio: Studio, mallory_api: JsonClient, stopped: Generation
) -> None:
    problem_of(regenerate(mallory_api, stopped), 404)
    assert Generation.objects.count() == 1


@pytest.mark.parametrize("position", [0, 3, 999])
def test_a_clip_that_is_not_there_is_not_found(
    studio: Studio, api: JsonClient, stopped: Generation, position: int
) -> None:
    assert problem_of(regenerate(api, stopped, position), 404)["code"] == "clip.not_found"


def test_an_unfinished_one_has_to_be_waited_for(studio: Studio, api: JsonClient) -> None:
    studio.slow_down()
    generation = studio.sent()
    problem = problem_of(regenerate(api, generation, 1), 409)
    assert (problem["code"], problem["current_status"]) == ("generation.conflict", "processing")


def test_one_without_clips_has_none_to_make_anew(studio: Studio, api: JsonClient) -> None:
    generation = studio.order()
    api.post(f"{GENERATIONS}/{generation.pk}/cancel")
    assert "no clips" in problem_of(regenerate(api, generation, 1), 409)["detail"]


def test_without_money_there_is_no_new_version(
    studio: Studio, api: JsonClient, stopped: Generation, settings: Any
) -> None:
    settings.DAILY_BUDGET_USD = 2 * PRICE
    problem = problem_of(regenerate(api, stopped, key="once"), 402)
    assert (problem["code"], problem["asked_usd"]) == ("budget.daily", "0.320000")
    assert (Generation.objects.count(), IdempotencyKey.objects.count()) == (1, 0)
    settings.DAILY_BUDGET_USD = 3 * PRICE
    assert regenerate(api, stopped, key="once").status_code == 202


@pytest.mark.parametrize("body", [{"prompt": "x"}, {"micro_prompt": "x" * 1501}, {"micro_prompt": 7}, []])
def test_what_cannot_be_understood_is_refused(
    studio: Studio, api: JsonClient, stopped: Generation, body: Any
) -> None:
    answer = api.post(f"{GENERATIONS}/{stopped.pk}/clips/2/regenerate", body)
    assert answer.status_code in (400, 422)
    assert Generation.objects.count() == 1


def test_shared_bytes_stay_until_the_last_version_goes(
    studio: Studio, api: JsonClient, finished: Generation
) -> None:
    version = studio.go_on(version_of(regenerate(api, finished)), ALL)
    generation_delete(generation=finished)
    shared = version.clips.select_related("video").get(position=1).video
    assert shared
    assert api.get(f"{GENERATIONS}/{version.pk}/clips/1/video").status_code == 200
    version.refresh_from_db()
    generation_delete(generation=version)
    assert not Asset.objects.exists()


def test_a_new_version_may_be_deleted_first(studio: Studio, api: JsonClient, finished: Generation) -> None:
    version = studio.go_on(version_of(regenerate(api, finished)), ALL)
    generation_delete(generation=version)
    answer = api.get(f"{GENERATIONS}/{finished.pk}/clips/1/video")
    assert answer.status_code == 200
    generation_delete(generation=finished)
    assert not Asset.objects.exists()


def test_a_clip_that_failed_can_be_worded_anew(studio: Studio, api: JsonClient) -> None:
    generation = studio.half_failed()
    studio.finish(calls_of(generation)[0])
    studio.go_on(generation)
    studio.replicate.run_seconds = 0
    version = version_of(regenerate(api, generation, 2, micro_prompt="A harmless cup."))
    assert_whole(studio.go_on(version, ALL))
    assert [call.position for call in calls_of(version)] == [2]
    assert len(studio.replicate.ledger.jobs()) == 3


def test_what_is_paid_for_and_not_here_yet_is_not_bought_by_a_new_version(
    studio: Studio, api: JsonClient
) -> None:
    generation = studio.half_failed()
    problem = problem_of(regenerate(api, generation, 2), 409)
    assert problem["code"] == "clip.on_its_way"
    assert len(studio.replicate.ledger.submissions()) == 2


def test_a_clip_that_is_much_too_short_can_be_made_anew(studio: Studio, api: JsonClient) -> None:
    studio.script(Fault("short_clip", seconds=1))
    generation = studio.made()
    assert (generation.error or {})["code"] == "media.too_short"
    generation_retry(generation=generation)
    studio.go_on(generation, ALL)
    assert len(studio.replicate.ledger.jobs()) == 1
    version = version_of(regenerate(api, generation, 1))
    assert_whole(studio.go_on(version, ALL))
