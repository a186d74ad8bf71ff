"""Pruning: what is shown still works, what counts is untouched, and it can be stopped and repeated."""

import re
import signal
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from generations.management.commands import prune
from generations.models import Generation, IdempotencyKey, ProviderCall, StageRun
from generations.services import pruning
from generations.services.following import events_after
from generations.services.plans import HISTORY_RUNS, typical_seconds
from generations.tests.clients import GENERATIONS, JsonClient
from generations.tests.factories import ClipFactory, GenerationFactory, ProgressEventFactory, StageRunFactory
from generations.tests.ledger import call_made

pytestmark = pytest.mark.django_db

TYPES = ["generation.queued", "stage.started", "generation.processing", *["stage.started"] * 5, "clip.ready"]


def made(alice: User, status: str = "completed", *, days_ago: float = 100) -> Generation:
    """A generation with ten events and two attempts at one stage."""
    when = timezone.now() - timedelta(days=days_ago)
    finished = {"finished_at": when} if status in ("completed", "failed", "cancelled") else {}
    row = GenerationFactory(owner=alice, status=status, created_at=when, last_sequence=10, **finished)
    for sequence, type in enumerate([*TYPES, f"generation.{status}"], start=1):
        ProgressEventFactory(generation=row, sequence=sequence, type=type)
    StageRunFactory(generation=row, status="lost", attempt=1)
    StageRunFactory(generation=row, status="failed" if status == "failed" else "succeeded", attempt=2)
    return row


def pruned(*options: str) -> str:
    """What the command says."""
    return str(call_command("prune", "--older-than", "90d", *options) or "")


def numbers(generation: Generation) -> list[int]:
    return list(generation.events.order_by("sequence").values_list("sequence", flat=True))


def attempts(generation: Generation) -> list[int]:
    return list(generation.stage_runs.order_by("attempt").values_list("attempt", flat=True))


@pytest.fixture(autouse=True)
def no_history(monkeypatch: Any) -> None:
    """Otherwise so few attempts are all kept for estimates."""
    monkeypatch.setattr(pruning, "HISTORY_RUNS", 0)


@pytest.fixture
def old(alice: User) -> Generation:
    return made(alice)


def test_the_milestones_of_what_ended_long_ago_stay(old: Generation) -> None:
    pruned()
    assert numbers(old) == [1, 3, 10]


def test_what_ended_lately_stays(alice: User) -> None:
    young = made(alice, days_ago=89)
    pruned()
    assert (len(numbers(young)), attempts(young)) == (10, [1, 2])


@pytest.mark.parametrize("status", ["queued", "processing", "awaiting_approval", "cancelling"])
def test_what_is_not_finished_stays_however_old(alice: User, status: str) -> None:
    row = made(alice, status)
    pruned()
    assert (len(numbers(row)), attempts(row)) == (10, [1, 2])


@pytest.mark.parametrize("status, left", [("completed", []), ("cancelled", []), ("failed", [2])])
def test_attempts_go_where_no_retry_builds_on_them(alice: User, status: str, left: list[int]) -> None:
    row = made(alice, status)
    pruned()
    assert attempts(row) == left


def test_the_last_attempts_at_each_clip_of_a_failed_one_stay(alice: User) -> None:
    row = made(alice, "failed")
    for clip in ClipFactory.create_batch(2, generation=row):
        StageRunFactory(generation=row, stage="clip", clip=clip, status="succeeded", attempt=1)
    pruned()
    assert attempts(row) == [1, 1, 2]


def test_a_failed_one_can_be_retried_after_it(alice: User, api: JsonClient) -> None:
    row = made(alice, "failed")
    pruned()
    assert api.post(f"{GENERATIONS}/{row.pk}/retry").status_code == 202
    assert attempts(row) == [2, 3]


def test_attempts_that_money_was_paid_for_stay(old: Generation) -> None:
    run = StageRunFactory(generation=old, stage="clip", attempt=1, status="succeeded")
    call = call_made(clip=ClipFactory(generation=old), stage_run=run)
    before = ProviderCall.objects.filter(pk=call.pk).values().get()
    pruned()
    assert attempts(old) == [1]
    assert ProviderCall.objects.filter(pk=call.pk).values().get() == before


def test_estimates_are_what_they_were(old: Generation, monkeypatch: Any) -> None:
    monkeypatch.setattr(pruning, "HISTORY_RUNS", HISTORY_RUNS)
    now = timezone.now()
    StageRun.objects.update(started_at=now - timedelta(seconds=77), finished_at=now)
    pruned()
    assert typical_seconds()["prompt_analysis"] == 77


def test_the_api_tells_that_numbers_are_missing(api: JsonClient, old: Generation) -> None:
    assert api.get(f"{GENERATIONS}/{old.pk}/events").json()["complete"] is True
    pruned()
    page = api.get(f"{GENERATIONS}/{old.pk}/events?limit=2").json()
    assert ([event["sequence"] for event in page["results"]], page["complete"]) == ([1, 3], False)
    last = api.get(page["next"]).json()
    assert ([event["sequence"] for event in last["results"]], last["next"]) == ([10], None)


def test_a_socket_replays_what_is_left_and_knows_that_it_is_all(old: Generation) -> None:
    pruned()
    events = events_after(generation_id=old.pk, after=0)
    assert [event["sequence"] for event in events] == [1, 3, old.last_sequence]


def test_the_admins_page_still_works(desk: Client, old: Generation) -> None:
    pruned()
    page = desk.get(f"/admin/generations/generation/{old.pk}/change/").content.decode()
    assert "Its attempts have been pruned" in page
    assert "generation.completed" in page


def test_expired_idempotency_keys_and_sessions_go(alice: User, desk: Client) -> None:
    old, new = (
        IdempotencyKey.objects.create(owner=alice, key=name, fingerprint="") for name in ("old", "new")
    )
    IdempotencyKey.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=2))
    desk.session.save()
    pruned()
    assert list(IdempotencyKey.objects.all()) == [new]
    assert desk.get("/admin/").status_code == 200


def test_a_dry_run_counts_and_removes_nothing(old: Generation, capsys: Any) -> None:
    pruned("--dry-run")
    assert capsys.readouterr().out == "Would remove 7 events, 2 attempts, 0 idempotency keys, 0 sessions.\n"
    assert len(numbers(old)) == 10


def test_the_command_says_what_it_has_removed(old: Generation, capsys: Any) -> None:
    pruned()
    assert capsys.readouterr().out == "Removed 7 events, 2 attempts.\n"


def test_all_batches_are_done(alice: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(pruning, "GENERATIONS_AT_ONCE", 2)
    rows = [made(alice) for _ in range(5)]
    Generation.objects.update(created_at=rows[0].created_at)  # Of one moment, too.
    pruned()
    assert [len(numbers(row)) for row in rows] == [3] * 5


def test_an_interrupt_ends_after_the_batch_and_a_repeat_goes_on(alice: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(pruning, "GENERATIONS_AT_ONCE", 1)
    rows = [made(alice), made(alice)]

    def interrupted(**options: Any) -> Iterator[Any]:
        for batch in pruning.history_prune(**options):
            signal.raise_signal(signal.SIGINT)
            yield batch

    monkeypatch.setattr(prune, "history_prune", interrupted)
    with pytest.raises(SystemExit, match="130"):
        pruned()
    assert sorted(len(numbers(row)) for row in rows) == [3, 10]
    monkeypatch.undo()
    pruned()
    assert [len(numbers(row)) for row in rows] == [3, 3]


@pytest.mark.django_db(transaction=True)
def test_one_that_is_at_work_is_passed_over(old: Generation) -> None:
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            Generation.objects.select_for_update().get(pk=old.pk)
            held.set()
            done.wait(30)
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(30)
    pruned()
    done.set()
    holder.join()
    assert len(numbers(old)) == 10


@pytest.mark.parametrize("age", ["90", "0d", "d", "-1d", "90m"])
def test_an_age_that_is_none_is_refused(age: str) -> None:
    with pytest.raises(CommandError, match=re.escape("must look like 90d")):
        call_command("prune", f"--older-than={age}")
