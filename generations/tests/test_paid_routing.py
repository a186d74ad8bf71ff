"""`provider: auto`: the best model by its reasons, and another one when its provider is out of order."""

from decimal import Decimal
from typing import Any

import pytest

from generations.models import Generation
from generations.services.generations import generation_create
from generations.services.offers import RequestRefused
from generations.testing.video_servers import Fault
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.following import error_of
from generations.tests.requests import REQUEST
from generations.tests.studio import PRICES, Studio, calls_of, clip_run, statuses, told
from generations.tests.studio import studio as studio
from videogen.kernel.breaker import FAILURES, breaker_record
from videogen.kernel.redis import cache_redis

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {"prompt": "A reusable coffee cup in rainy Tokyo at night", "resolution": "480p"}
OTHER = {"replicate": "fal", "fal": "replicate"}


def breaker_open(provider: str) -> None:
    for _ in range(FAILURES):
        breaker_record(f"clips:{provider}", failed=True)


def jobs(studio: Studio) -> dict[str, int]:
    return {name: len(server.ledger.jobs()) for name, server in studio.servers.items()}


def rejected(generation: Generation) -> dict[str, set[str]]:
    """The reasons, by provider."""
    found: dict[str, set[str]] = {}
    for each in (generation.routing or {})["rejected"]:
        found.setdefault(each["provider"], set()).add(each["reason"])
    return found


def test_without_keys_auto_is_the_animatic_and_says_so(studio: Studio, settings: Any) -> None:
    settings.REPLICATE_API_TOKEN = settings.FAL_KEY = ""
    generation = studio.order("auto")
    assert (generation.provider, generation.routing) == ("animatic", None)
    assert "animatic" in " ".join(generation.warnings)


def test_with_keys_the_best_score_is_chosen_and_the_decision_is_shown(
    studio: Studio, api: JsonClient
) -> None:
    body = api.post(GENERATIONS, BODY | {"duration_seconds": 4}).json()
    routing = body["routing"]
    chosen = routing["chosen"]
    assert (body["provider"], body["model"]) == (chosen["provider"], chosen["model"])
    scores = [other["score"] for other in routing["others"]]
    assert [chosen["score"], *scores] == sorted([chosen["score"], *scores], reverse=True)
    assert set(chosen["scores"]) == {"fit", "price", "time", "reliability"}
    assert chosen["model"] in routing["reasons"][0]
    assert api.get(f"{GENERATIONS}/{body['id']}").json()["routing"] == routing


def test_a_provider_without_a_key_is_rejected_with_its_reason(studio: Studio, settings: Any) -> None:
    settings.FAL_KEY = ""
    generation = studio.order("auto")
    assert generation.provider == "replicate"
    assert rejected(generation)["fal"] == {"It has no key. Set FAL_KEY (https://fal.ai/dashboard/keys)."}


def test_what_is_too_dear_is_rejected(studio: Studio) -> None:
    generation = studio.order("auto", max_cost_usd=Decimal("0.33"))
    chosen = (generation.routing or {})["chosen"]
    assert Decimal(chosen["estimated_usd"]) <= Decimal("0.33")
    assert any("max_cost_usd is 0.330000" in reason for reason in rejected(generation)["fal"])
    assert all(
        Decimal(each["estimated_usd"]) <= Decimal("0.33") for each in (generation.routing or {})["others"]
    )


def test_where_all_are_too_dear_the_cheapest_is_named(studio: Studio, api: JsonClient) -> None:
    problem = problem_of(api.post(GENERATIONS, BODY | {"max_cost_usd": "0.01"}), 402)
    assert problem["code"] == "budget.too_small"
    assert Decimal(problem["estimated_usd"]) > Decimal("0.01")
    assert problem["rejected"]


def test_a_model_can_be_asked_for_without_its_provider(studio: Studio) -> None:
    generation = studio.order("auto", model="fal-ai/wan/v2.7/text-to-video")
    assert generation.provider == "fal"
    with pytest.raises(RequestRefused, match="No provider has a model 'sora'"):
        studio.order("auto", model="sora")


def test_a_provider_that_fails_too_often_is_passed_over(studio: Studio) -> None:
    first = studio.order("auto").provider
    breaker_open(first)
    generation = studio.order("auto")
    assert generation.provider == OTHER[first]
    assert any("failed too often" in reason for reason in rejected(generation)[first])


def test_nothing_is_chosen_where_both_are_out_of_order(studio: Studio) -> None:
    for provider in studio.servers:
        breaker_open(provider)
    with pytest.raises(RequestRefused, match="failed too often"):
        studio.order("auto")
    assert jobs(studio) == {"replicate": 0, "fal": 0}


def test_a_model_that_failed_lately_is_less_likely(studio: Studio) -> None:
    first = studio.order("auto")
    studio.script(Fault("fail", times=3))
    studio.go_on(studio.order(first.provider, model=first.model))
    scores = (studio.order("auto").routing or {})["others"]
    shown = next(other for other in scores if other["model"] == first.model)
    assert shown["scores"]["reliability"] == 0


def test_a_clip_moves_on_when_its_provider_is_out_of_order(studio: Studio) -> None:
    generation = studio.planned("auto")
    first = generation.provider
    breaker_open(first)
    studio.go_on(generation)
    assert (statuses(generation), clip_run(generation).status) == (["cancelled", "succeeded"], "succeeded")
    assert jobs(studio) == {first: 0, OTHER[first]: 1}
    event = told(generation, "clip.rerouted")[0]
    assert (event["data"]["came_from"], event["data"]["provider"]) == (first, OTHER[first])
    assert f"at {OTHER[first]}: clips:{first} has failed too often" in " ".join(generation.warnings)


@pytest.mark.parametrize("kind", ["unauthorized", "no_credit"])
def test_a_clip_moves_on_when_its_provider_wants_no_money_of_ours(studio: Studio, kind: str) -> None:
    generation = studio.planned("auto", clips=2)
    first = generation.provider
    studio.servers[first].script(Fault(kind, times=9))
    studio.go_on(generation)
    assert jobs(studio) == {first: 0, OTHER[first]: 2}
    assert [clip.provider for clip in generation.clips.all()] == [OTHER[first]] * 2
    assert sorted(statuses(generation)) == ["refused", "refused", "succeeded", "succeeded"]


def test_a_clip_moves_on_when_its_provider_cannot_be_reached_twice(studio: Studio, settings: Any) -> None:
    generation = studio.planned("auto")
    first = generation.provider
    address = {"replicate": "REPLICATE_BASE_URL", "fal": "FAL_QUEUE_URL"}[first]
    setattr(settings, address, "http://127.0.0.1:9")
    studio.go_on(generation)
    assert statuses(generation) == ["refused", "refused", "succeeded"]
    assert jobs(studio) == {first: 0, OTHER[first]: 1}


def test_where_there_is_no_money_for_another_it_stays(studio: Studio, settings: Any) -> None:
    generation = studio.planned("auto")
    settings.DAILY_BUDGET_USD = Decimal("0.01")
    studio.servers[generation.provider].script(Fault("no_credit"))
    studio.go_on(generation)
    assert error_of(generation)["code"] == "provider.no_credit"
    assert jobs(studio) == {"replicate": 0, "fal": 0}


def test_what_may_have_been_taken_does_not_move(studio: Studio) -> None:
    generation = studio.planned("auto")
    first = generation.provider
    studio.servers[first].script(Fault("accept_and_drop"))
    studio.work(generation)
    breaker_open(first)
    studio.work(generation)
    assert (statuses(generation), jobs(studio)[OTHER[first]]) == (["unknown"], 0)


@pytest.mark.parametrize("provider", ["replicate", "fal"])
def test_a_provider_that_was_named_is_waited_for(studio: Studio, provider: str) -> None:
    generation = studio.planned(provider)
    breaker_open(provider)
    studio.work(generation)
    run = clip_run(generation)
    assert (run.status, run.put_back_reason.partition(":")[0]) == ("queued", "breaker.open")
    assert statuses(generation) == ["planned"]
    cache_redis().flushdb()  # The pause is over.
    studio.go_on(generation)
    assert jobs(studio) == {provider: 1, OTHER[provider]: 0}
    assert generation.actual_usd == PRICES[provider]


@pytest.mark.parametrize(("kind", "code"), [("unauthorized", "unauthorized"), ("no_credit", "no_credit")])
def test_a_provider_that_was_named_is_not_replaced(studio: Studio, kind: str, code: str) -> None:
    studio.script(Fault(kind))
    generation = studio.go_on(studio.order())
    assert error_of(generation)["code"] == f"provider.{code}"
    assert (len(calls_of(generation)), jobs(studio)["fal"]) == (1, 0)


def test_the_default_provider_can_be_set(studio: Studio, settings: Any) -> None:
    settings.DEFAULT_PROVIDER = "fal"
    asked = REQUEST | {"provider": "auto", "duration_seconds": 4, "resolution": "720p"}
    generation = generation_create(owner=studio.owner, request=asked).generation
    assert (generation.provider, generation.routing) == ("fal", None)
