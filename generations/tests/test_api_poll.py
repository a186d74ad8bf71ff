"""The status poll's short way: it answers what the view would, and only who may ask."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from generations.api.poll import QuickPollMiddleware
from generations.models import Generation
from generations.tests.clients import GENERATIONS, JsonClient, client_of, problem_of
from generations.tests.factories import AssetFactory, GenerationFactory
from videogen.accounts.models import ApiKey, Scope
from videogen.accounts.services import api_key_revoke
from videogen.kernel.memory import memories_forget

pytestmark = pytest.mark.django_db

QUICK = f"{QuickPollMiddleware.__module__}.{QuickPollMiddleware.__qualname__}"
#: What differs from one request to the next, and what only the view tells.
OWN = {"X-Request-ID", "RateLimit", "Allow"}


@contextmanager
def the_long_way() -> Iterator[None]:
    with override_settings(MIDDLEWARE=[name for name in settings.MIDDLEWARE if name != QUICK]):
        yield


def answer_of(
    client: JsonClient, generation: Generation, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    response = client.get(f"{GENERATIONS}/{generation.pk}", headers=headers)
    return response.status_code, {n: v for n, v in response.items() if n not in OWN}, response.content


@pytest.fixture
def completed(alice: User) -> Generation:
    video = AssetFactory(owner=alice)
    return GenerationFactory(owner=alice, status="completed", finished_at=timezone.now(), video=video)


STATES: list[dict[str, Any]] = [
    {"status": "queued"},
    {"status": "processing", "percentage": 40, "estimated_completion": timezone.now()},
    {
        "status": "failed",
        "finished_at": timezone.now(),
        "error": {"code": "media.unreadable", "message": "x"},
    },
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: str(state["status"]))
def test_both_ways_answer_the_same(alice: User, state: dict[str, Any]) -> None:
    generation = GenerationFactory(owner=alice, **state)
    quick = answer_of(client_of(alice), generation)
    with the_long_way():
        assert answer_of(client_of(alice), generation) == quick
    assert quick[0] == 200


def test_a_finished_one_is_the_same_both_ways_and_from_memory(alice: User, completed: Generation) -> None:
    api = client_of(alice)
    first, again = answer_of(api, completed), answer_of(api, completed)
    memories_forget()
    with the_long_way():
        assert answer_of(api, completed) == again == first


def test_unchanged_is_304_both_ways(alice: User, completed: Generation) -> None:
    api = client_of(alice)
    etag = answer_of(api, completed)[1]["ETag"]
    quick = answer_of(api, completed, if_none_match=etag)
    with the_long_way():
        assert answer_of(api, completed, if_none_match=etag) == quick
    assert (quick[0], quick[2]) == (304, b"")


@contextmanager
def queries(number: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as asked:
        yield
    assert len(asked) == number, asked.captured_queries


def test_a_poll_costs_one_query_also_when_nothing_has_changed(api: JsonClient, completed: Generation) -> None:
    answer_of(api, completed)
    answer_of(api, completed)
    with queries(1):
        answer_of(api, completed)


def test_what_is_counted_is_counted_once(alice: User) -> None:
    api = client_of(alice)
    left = [api.get(f"{GENERATIONS}/{uuid4()}")["RateLimit"].split(";")[1] for _ in range(2)]
    assert int(left[0][2:]) - int(left[1][2:]) == 1


CHANGES: list[Callable[[Generation], object]] = [
    lambda generation: Generation.objects.filter(pk=generation.pk).update(warnings=["New."]),
    lambda generation: Generation.objects.filter(pk=generation.pk).update(
        status="processing", finished_at=None
    ),
    lambda generation: generation.video.delete() if generation.video else None,
]


@pytest.mark.parametrize("change", CHANGES)
def test_no_change_hides_behind_the_memory(
    api: JsonClient, completed: Generation, change: Callable[[Generation], object]
) -> None:
    before = answer_of(api, completed)
    change(completed)
    after = answer_of(api, completed)
    memories_forget()
    assert answer_of(api, completed) == after != before


def test_the_memory_is_for_its_owner(api: JsonClient, completed: Generation, mallory: User) -> None:
    answer_of(api, completed)
    problem_of(client_of(mallory).get(f"{GENERATIONS}/{completed.pk}"), 404)


def test_a_key_without_reading_is_refused(alice: User, completed: Generation) -> None:
    blind = client_of(alice, scopes=[Scope.WRITE])
    problem_of(blind.get(f"{GENERATIONS}/{completed.pk}"), 403)


def test_a_key_that_is_gone_changes_nothing_any_more(alice: User) -> None:
    api = client_of(alice)
    assert api.get(GENERATIONS).status_code == 200
    ApiKey.objects.all().delete()
    problem_of(api.post(GENERATIONS, {"prompt": "A lighthouse"}), 401)


def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(alice: User, completed: Generation) -> None:
    api = client_of(alice)
    answer_of(api, completed)
    api_key_revoke(key=ApiKey.objects.get())
    problem_of(api.get(f"{GENERATIONS}/{completed.pk}"), 401)


def test_a_strange_host_is_refused(api: JsonClient, completed: Generation) -> None:
    problem_of(api.get(f"{GENERATIONS}/{completed.pk}", headers={"host": "elsewhere.example"}), 400)


def test_the_limit_of_reading_holds(alice: User, completed: Generation, settings: Any) -> None:
    settings.RATE_LIMIT_READ = (2, 3600)
    api = client_of(alice)
    assert [answer_of(api, completed)[0] for _ in range(3)] == [200, 200, 429]
