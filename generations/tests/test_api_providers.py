"""Which providers there are."""

from typing import Any

import pytest

from generations.tests.clients import JsonClient, problem_of
from videogen.kernel.breaker import FAILURES, breaker_record

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def more_providers(settings: Any) -> None:
    module = "generations.tests.paid_provider"
    settings.EXTRA_PROVIDERS = {"paid": f"{module}.PaidProvider", "closed": f"{module}.ClosedProvider"}


def provider(api: JsonClient, name: str) -> dict[str, Any]:
    found: dict[str, Any] = api.get(f"/api/v1/providers/{name}").json()
    return found


def test_all_are_listed_with_what_they_can_do(api: JsonClient) -> None:
    rows = {row["name"]: row for row in api.get("/api/v1/providers").json()["results"]}
    assert list(rows) == ["animatic", "replicate", "fal", "paid", "closed"]
    assert rows["animatic"]["is_default"]
    assert rows["animatic"]["available"]
    assert "21:9" in rows["animatic"]["capabilities"]["aspect_ratios"]


def test_one_that_cannot_work_says_why(api: JsonClient) -> None:
    closed = provider(api, "closed")
    assert (closed["available"], closed["unavailable_because"]) == (
        False,
        "It has no key. Set CLOSED_API_KEY.",
    )


@pytest.mark.parametrize("name, variable", [("replicate", "REPLICATE_API_TOKEN"), ("fal", "FAL_KEY")])
def test_a_hosted_one_without_a_key_names_the_variable(api: JsonClient, name: str, variable: str) -> None:
    hosted = provider(api, name)
    assert (hosted["state"], hosted["is_default"]) == ("unavailable", False)
    assert variable in hosted["unavailable_because"]


def test_a_hosted_one_tells_of_each_model_with_its_source(api: JsonClient) -> None:
    models = {model["name"]: model for model in provider(api, "replicate")["models"]}
    assert models["google/veo-3.1"]["clip_seconds"] == [4.0, 6.0, 8.0]
    assert all(model["source"].startswith("https://") and model["as_of"] for model in models.values())


def test_with_a_key_auto_may_choose_it_and_not_the_animatic(api: JsonClient, settings: Any) -> None:
    settings.REPLICATE_API_TOKEN = "r8_0123456789"
    assert (provider(api, "replicate")["state"], provider(api, "replicate")["is_default"]) == ("ready", True)
    assert not provider(api, "animatic")["is_default"]


def test_one_that_fails_is_said_to_be_failing(api: JsonClient, settings: Any) -> None:
    settings.REPLICATE_API_TOKEN = "r8_0123456789"
    for _ in range(FAILURES):
        breaker_record("clips:replicate", failed=True)
    assert provider(api, "replicate")["state"] == "failing"


def test_prices_are_for_each_model_and_resolution(api: JsonClient) -> None:
    assert provider(api, "paid")["prices"] == [
        {"model": "grand", "resolution": "720p", "usd_per_second": "1.000000"},
        {"model": "small", "resolution": "720p", "usd_per_second": "1.000000"},
    ]


def test_an_unknown_one_says_which_there_are(api: JsonClient) -> None:
    assert "replicate, fal, paid, closed" in problem_of(api.get("/api/v1/providers/hollywood"), 404)["detail"]
