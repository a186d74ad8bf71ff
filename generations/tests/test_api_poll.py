"""The status poll's short way: it answers what the view would, and only who may ask."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.handlers.wsgi import WSGIHandler
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from werkzeug.test import Client, TestResponse

from generations.api import quick_poll
from generations.api.quick_poll import LONGEST_ORIGIN, QuickPoll
from generations.models import Generation
from generations.tests.clients import GENERATIONS, JsonClient, client_of, problem_of
from generations.tests.factories import AssetFactory, GenerationFactory
from videogen.accounts.models import ApiKey, Scope
from videogen.accounts.services import api_key_revoke
from videogen.kernel.logs import request_id
from videogen.kernel.memory import memories_forget
from videogen.kernel.prepared import PreparedSql

pytestmark = pytest.mark.django_db

#: What differs from one request to the next, and what only the view tells.
OWN = {"X-Request-ID", "RateLimit", "Allow"}

Told = tuple[int, dict[str, str], bytes]


@pytest.fixture(autouse=True)
def kept_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's transaction goes on over its requests, as with Django's own test client."""
    monkeypatch.setattr(BaseDatabaseWrapper, "close_if_unusable_or_obsolete", lambda self: None)


def nobody(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    raise AssertionError("The short way did not answer.")


def ask(api: JsonClient, generation: Generation, *, past: Any = nobody, **headers: str) -> TestResponse:
    """By the short way, and `past` it where that leaves it to others."""
    own = {"Authorization": f"Bearer {api.secret}", "Host": "testserver", **headers}
    return Client(QuickPoll(past)).get(f"{GENERATIONS}/{generation.pk}", headers=own)


def quick_answer(api: JsonClient, generation: Generation, **headers: str) -> Told:
    response = ask(api, generation, **headers)
    return response.status_code, _shared(response.headers), response.data


def view_answer(api: JsonClient, generation: Generation, **headers: str) -> Told:
    response = api.get(f"{GENERATIONS}/{generation.pk}", headers=headers)
    return response.status_code, _shared(response), response.content


def _shared(headers: Any) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in OWN}


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
    quick = quick_answer(client_of(alice), generation)
    assert view_answer(client_of(alice), generation) == quick
    assert quick[0] == 200


def test_a_finished_one_is_the_same_both_ways_and_from_memory(alice: User, completed: Generation) -> None:
    api = client_of(alice)
    first, again = quick_answer(api, completed), quick_answer(api, completed)
    memories_forget()
    assert view_answer(api, completed) == again == first


def test_unchanged_is_304_both_ways(alice: User, completed: Generation) -> None:
    api = client_of(alice)
    etag = quick_answer(api, completed)[1]["ETag"]
    for known in (etag, etag.removeprefix("W/"), f'"another", {etag}'):
        status, headers, body = quick_answer(api, completed, **{"If-None-Match": known})
        # Django also counts the body that there is not, which RFC 9110 (8.6) would rather not have.
        view = view_answer(api, completed, if_none_match=known)
        assert view == (status, headers | {"Content-Length": "0"}, body) == (304, view[1], b"")
    assert quick_answer(api, completed, **{"If-None-Match": '"another"'})[0] == 200


@contextmanager
def queries(number: int) -> Iterator[None]:
    with CaptureQueriesContext(connection) as asked:
        yield
    assert len(asked) == number, asked.captured_queries


def test_a_poll_costs_one_query_also_when_nothing_has_changed(api: JsonClient, completed: Generation) -> None:
    quick_answer(api, completed)
    quick_answer(api, completed)
    with queries(1):
        quick_answer(api, completed)


def left_of(response: Any) -> int:
    return int(response.headers["RateLimit"].split(";")[1].removeprefix("r="))


def test_what_is_counted_is_counted_once(
    api: JsonClient, completed: Generation, settings: LazySettings
) -> None:
    settings.RATE_LIMIT_READ = (100, 3600)  # None of it comes back meanwhile.
    missing = Generation(pk=uuid4())
    left = [left_of(ask(api, each, past=WSGIHandler())) for each in (completed, missing, completed)]
    assert [left[0] - left[1], left[1] - left[2]] == [1, 1]


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
    before = quick_answer(api, completed)
    change(completed)
    after = quick_answer(api, completed)
    memories_forget()
    assert quick_answer(api, completed) == after != before


def test_the_memory_is_for_its_owner(api: JsonClient, completed: Generation, mallory: User) -> None:
    quick_answer(api, completed)
    assert ask(client_of(mallory), completed, past=WSGIHandler()).status_code == 404


def test_what_is_not_a_plain_poll_is_left_to_the_view(api: JsonClient, completed: Generation) -> None:
    etag = quick_answer(api, completed)[1]["ETag"]
    precondition = {"If-Match": etag}  # A weak one never matches.
    assert ask(api, completed, past=WSGIHandler(), **precondition).status_code == 412
    assert ask(api, completed, past=WSGIHandler(), **{"If-None-Match": "*"}).status_code == 304
    assert ask(api, completed, past=WSGIHandler(), **{"Transfer-Encoding": "chunked"}).status_code == 411
    malformed = ask(api, completed, **{"If-None-Match": f"{etag}x"})
    assert malformed.status_code == 200
    assert Client(QuickPoll(WSGIHandler())).head(f"{GENERATIONS}/{completed.pk}").status_code == 401


def test_who_comes_without_tls_is_sent_there(
    api: JsonClient, completed: Generation, settings: LazySettings
) -> None:
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    assert ask(api, completed, past=WSGIHandler()).status_code == 301
    secure = ask(api, completed, **{"X-Forwarded-Proto": "https"})
    assert (secure.status_code, secure.headers["Strict-Transport-Security"]) == (200, "max-age=60")


def test_a_request_keeps_its_id(api: JsonClient, completed: Generation) -> None:
    given = ask(api, completed, **{"X-Request-ID": "mine-7"}).headers["X-Request-ID"]
    made = ask(api, completed, **{"X-Request-ID": "not sane"}).headers["X-Request-ID"]
    assert (given, len(made)) == ("mine-7", 32)


def test_a_database_that_is_away_is_waited_for_once(
    api: JsonClient, completed: Generation, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def away(*args: Any, **options: Any) -> None:
        tried.append(1)
        raise OperationalError("away")

    memories_forget()
    monkeypatch.setattr(PreparedSql, "row", away)
    response = ask(api, completed, past=WSGIHandler())
    code = json.loads(response.data)["code"]
    assert (response.status_code, code, len(tried)) == (503, "unavailable.database", 1)


def test_a_request_that_is_passed_on_keeps_its_id(api: JsonClient, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = []
    monkeypatch.setattr(quick_poll, "close_old_connections", lambda: ids.append(request_id.get()))
    answer = ask(api, Generation(pk=uuid4()), past=WSGIHandler())
    assert answer.status_code == 404
    assert set(ids) == {answer.headers["X-Request-ID"]}


def test_a_stranger_cannot_fill_the_memory(completed: Generation) -> None:
    padded = {"X-Forwarded-Proto": "https" + " " * LONGEST_ORIGIN}
    assert ask(JsonClient("vg_unknown"), completed, past=WSGIHandler(), **padded).status_code == 401
    assert not quick_poll._headers_at.cache


def test_a_key_without_reading_is_refused(alice: User, completed: Generation) -> None:
    blind = client_of(alice, scopes=[Scope.WRITE])
    assert ask(blind, completed, past=WSGIHandler()).status_code == 403


def test_a_key_that_is_gone_changes_nothing_any_more(alice: User) -> None:
    api = client_of(alice)
    assert api.get(GENERATIONS).status_code == 200
    ApiKey.objects.all().delete()
    problem_of(api.post(GENERATIONS, {"prompt": "A lighthouse"}), 401)


def test_a_revoked_key_is_refused_at_once_where_it_was_revoked(alice: User, completed: Generation) -> None:
    api = client_of(alice)
    quick_answer(api, completed)
    api_key_revoke(key=ApiKey.objects.get())
    assert ask(api, completed, past=WSGIHandler()).status_code == 401


def test_a_strange_host_is_refused(api: JsonClient, completed: Generation) -> None:
    assert ask(api, completed, past=WSGIHandler(), Host="elsewhere.example").status_code == 400


def test_the_limit_of_reading_holds(alice: User, completed: Generation, settings: LazySettings) -> None:
    settings.RATE_LIMIT_READ = (2, 3600)
    api = client_of(alice)
    answers = [ask(api, completed, past=WSGIHandler()) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert answers[2].headers["RateLimit"].startswith('"read";r=0;')
