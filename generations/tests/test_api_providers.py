"""Which providers there are."""

from typing import Any

import pytest

from generations.tests.clients import JsonClient, problem_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def more_providers(settings: Any) -> None:
    module = "generations.tests.paid_provider"
    settings.EXTRA_PROVIDERS = {"paid": f"{module}.PaidProvider", "closed": f"{module}.ClosedProvider"}


def test_all_are_listed_with_what_they_can_do(api: JsonClient) -> None:
    rows = {row["name"]: row for row in api.get("/api/v1/providers").json()["results"]}
    assert list(rows) == ["animatic", "paid", "closed"]
    assert rows["animatic"]["is_default"]
    assert rows["animatic"]["available"]
    assert "21:9" in rows["animatic"]["capabilities"]["aspect_ratios"]


def test_one_that_cannot_work_says_why(api: JsonClient) -> None:
    closed = api.get("/api/v1/providers/closed").json()
    assert (closed["available"], closed["unavailable_because"]) == (
        False,
        "It has no key. Set CLOSED_API_KEY.",
    )


def test_prices_are_for_each_model_and_resolution(api: JsonClient) -> None:
    paid = api.get("/api/v1/providers/paid").json()
    assert paid["prices"] == [
        {"model": "grand", "resolution": "720p", "usd_per_second": "1.000000"},
        {"model": "small", "resolution": "720p", "usd_per_second": "1.000000"},
    ]


def test_an_unknown_one_says_which_there_are(api: JsonClient) -> None:
    assert "animatic, paid, closed" in problem_of(api.get("/api/v1/providers/hollywood"), 404)["detail"]
