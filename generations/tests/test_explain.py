"""At 100,000 generations every hot query has its index, and reads no more than it must."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from generations.models import Generation, StageRun
from generations.models.generation import QUEUE_COUNTED
from generations.realtime.authentication import Caller, callers_welcome
from generations.services import dispatching
from generations.services.call_looking import calls_due
from generations.services.following import events_after, generation_snapshot, last_sequences
from generations.services.plans import typical_seconds
from generations.services.stage_runs import stage_run_claim, stage_run_succeed
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.crowd import TABLES
from generations.tests.crowd import crowd as crowd
from generations.tests.explaining import MOST_ROWS, Explained, explained
from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_keys_forget

LARGE = {table._meta.db_table for table in TABLES if table is not User}

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(crowd: User, db: None) -> User:
    return crowd


def check(call: Callable[[], Any], *indexes: str, most_rows: int = MOST_ROWS) -> Explained:
    """The call uses these indexes, and no part of it reads more rows than these of a large table."""
    with explained(LARGE) as heard:
        heard.answer = call()
    assert getattr(heard.answer, "status_code", 200) < 400, heard.answer.content
    assert heard.statements
    assert heard.greedy(most_rows) == []
    assert set(indexes) <= heard.indexes, sorted(heard.indexes)
    return heard


def newest(alice: User, status: str) -> Generation:
    found: Generation = Generation.objects.filter(owner=alice, status=status).latest("created_at")
    return found


@pytest.mark.parametrize("status", ["completed", "processing"])
def test_a_status_poll(api: JsonClient, alice: User, status: str) -> None:
    generation = newest(alice, status)
    check(lambda: api.get(f"{GENERATIONS}/{generation.pk}"), "generations_generation_pkey", most_rows=5)


def test_a_poll_of_what_is_remembered(api: JsonClient, alice: User) -> None:
    url = f"{GENERATIONS}/{newest(alice, 'completed').pk}"
    api.get(url)
    heard = check(lambda: api.get(url), "generations_generation_pkey", most_rows=1)
    assert len(heard.statements) == 1


def test_a_place_in_the_queue_is_counted_in_its_index(api: JsonClient, alice: User) -> None:
    generation = newest(alice, "queued")
    heard = check(lambda: api.get(f"{GENERATIONS}/{generation.pk}"), "generation_queue")
    assert "Index Only Scan" in {node["Node Type"] for node in heard.nodes}


def test_no_more_than_a_thousand_are_counted(api: JsonClient, alice: User) -> None:
    later = Generation.objects.order_by("-created_at").values("pk")[:2000]
    Generation.objects.filter(pk__in=later).update(status="queued", finished_at=None)
    generation = newest(alice, "queued")
    heard = check(lambda: api.get(f"{GENERATIONS}/{generation.pk}"), "generation_queue")
    assert heard.answer.json()["queue_position"] == QUEUE_COUNTED + 1


LISTS = {
    "": "generation_owner_created",
    "?limit=100": "generation_owner_created",
    "?status=completed": "generation_owner_created",
    "?status=failed,cancelled": "generation_owner_created",
    "?status=processing": "generation_owner_active",
    "?provider=replicate": "generation_owner_created",
    "?created_after=2026-01-01T00:00:00Z": "generation_owner_created",
    "?created_before=2027-01-01T00:00:00Z&status=completed&provider=animatic": "generation_owner_created",
}


@pytest.mark.parametrize("query, index", LISTS.items())
def test_a_list_and_its_next_page(api: JsonClient, alice: User, query: str, index: str) -> None:
    first = api.get(f"{GENERATIONS}{query}").json()
    check(lambda: api.get(f"{GENERATIONS}{query}"), index)
    if first["next"]:
        check(lambda: api.get(first["next"]), index)


def test_a_key_is_found(api: JsonClient, alice: User) -> None:
    api_keys_forget()
    heard = check(lambda: api.get(f"{GENERATIONS}?limit=1"))
    assert any(name.startswith("accounts_apikey_secret_hash") for name in heard.indexes)


def test_a_submission(api: JsonClient, alice: User) -> None:
    ask = {"prompt": "A lighthouse", "duration_seconds": 8}
    check(lambda: api.post(GENERATIONS, ask, HTTP_IDEMPOTENCY_KEY="new"), "generation_owner_active")


def test_a_submission_that_is_repeated(api: JsonClient, alice: User) -> None:
    ask = {"prompt": "A lighthouse", "duration_seconds": 8}
    api.post(GENERATIONS, ask, HTTP_IDEMPOTENCY_KEY="again")
    check(lambda: api.post(GENERATIONS, ask, HTTP_IDEMPOTENCY_KEY="again"), "idempotency_key_once")


PARTS = {
    "clips": "clip_position_once",
    "events": "event_sequence_once",
    "events?after=2": "event_sequence_once",
}


@pytest.mark.parametrize("part, index", PARTS.items())
def test_parts_of_a_generation(api: JsonClient, alice: User, part: str, index: str) -> None:
    generation = newest(alice, "completed")
    check(lambda: api.get(f"{GENERATIONS}/{generation.pk}/{part}"), index, most_rows=5)


def test_what_a_socket_asks(alice: User) -> None:
    pk = newest(alice, "completed").pk
    caller = Caller(alice, key_id=ApiKey.objects.filter(user=alice).latest("pk").pk)
    primary = "generations_generation_pkey"
    check(lambda: generation_snapshot(user=alice, generation_id=pk), primary, most_rows=5)
    check(lambda: events_after(generation_id=pk, after=1), "event_sequence_once", most_rows=5)
    check(lambda: last_sequences(generation_ids=[pk]), primary, most_rows=1)
    check(lambda: callers_welcome([caller]), "accounts_apikey_pkey", most_rows=1)


CHORES = {
    "queued_send": "stage_run_queued",
    "silent_replace": "stage_run_leases",
    "waiting_wake": "stage_run_waiting",
    "outputs_fetch": "provider_call_history",
    "orphans_delete": "asset_age",
    "keys_expire": "idempotency_key_age",
}


@pytest.mark.parametrize("chore, index", CHORES.items())
def test_a_round_of_the_dispatcher(alice: User, chore: str, index: str) -> None:
    check(getattr(dispatching, chore), index)


def test_overdue_runs_are_found_among_those_at_work(alice: User) -> None:
    check(dispatching.overdue_replace, "stage_run_leases")


def test_the_looks_that_are_due(alice: User) -> None:
    check(lambda: calls_due(provider="replicate", most=20), "provider_call_due")


def test_the_history_of_stages(alice: User) -> None:
    cache.clear()
    check(typical_seconds, "stage_run_history")


def test_a_stage_run_from_claim_to_settlement(alice: User) -> None:
    run = StageRun.objects.filter(status="queued", clip__isnull=False).latest("available_at")
    StageRun.objects.filter(pk=run.pk).update(available_at=run.created_at)
    indexes = ("generations_generation_pkey", "generations_stagerun_pkey")
    claim = check(lambda: stage_run_claim(run_id=run.pk, worker="w"), *indexes).answer
    check(lambda: stage_run_succeed(run=claim.run, output={}, apply=lambda *_: None), *indexes)


PAGES = {
    "": "generation_created",
    "?p=2": "generation_created",
    "?status__exact=failed": "generation_status_created",
}


@pytest.mark.parametrize("query, index", PAGES.items())
def test_the_admins_list(desk: Client, alice: User, query: str, index: str) -> None:
    # The pages are numbered, so somebody has to count: the most rows that anything reads.
    check(lambda: desk.get(f"/admin/generations/generation/{query}"), index, most_rows=10_000)
