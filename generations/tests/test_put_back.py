"""An attempt that comes too early is put back: the same row, later, and no attempt is used up."""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from django.db.models.functions import Now
from django.utils import timezone

from generations import tasks
from generations.models import Clip, Generation, StageRun
from generations.services.dispatching import queued_send
from generations.services.generations import generation_cancel, generation_create, generation_retry
from generations.services.queueing import messages_waiting
from generations.services.stage_runs import (
    stage_run_beat,
    stage_run_claim,
    stage_run_fail,
    stage_run_put_back,
    stage_run_succeed,
)
from generations.stages.base import StageWork
from generations.tests.following import error_of
from generations.tests.postponing import PostponingWorker
from generations.tests.processes import start_dispatcher, start_worker
from generations.tests.requests import REQUEST
from storage_app.models import Asset, AssetKind
from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.redis import queue_redis
from videogen.kernel.states import TransitionRefused
from videogen.testing.processes import running
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db


def early(seconds: float = 60, code: str = "quota.waiting") -> Postponed:
    return Postponed("The model is busy.", seconds=seconds, code=code)


@pytest.fixture
def generation(alice: User) -> Generation:
    return generation_create(owner=alice, request=REQUEST).generation


@pytest.fixture
def run(generation: Generation) -> StageRun:
    return generation.stage_runs.get()


def claim(run: StageRun) -> StageRun:
    found = stage_run_claim(run_id=run.pk, worker="here:1")
    assert found
    return found.run


def due(run: StageRun) -> None:
    """Let the wait be over."""
    StageRun.objects.filter(pk=run.pk).update(available_at=Now())


def postponements(generation: Generation) -> list[dict[str, Any]]:
    return [event.data for event in generation.events.filter(type="stage.postponed")]


def test_the_same_attempt_is_queued_again_and_its_worker_is_free(
    generation: Generation, run: StageRun
) -> None:
    stage_run_put_back(run=claim(run), postponed=early())
    run = generation.stage_runs.get()
    assert (run.status, run.attempt, run.put_back_count, run.worker) == ("queued", 1, 1, "")
    assert (run.started_at, run.lease_expires_at, run.error_code) == (None, None, "")
    assert run.put_back_reason == "quota.waiting: The model is busy."


def test_it_is_claimed_when_its_time_has_come_and_once(run: StageRun) -> None:
    stage_run_put_back(run=claim(run), postponed=early())
    assert stage_run_claim(run_id=run.pk, worker="early") is None
    due(run)
    assert stage_run_claim(run_id=run.pk, worker="here:1")
    assert stage_run_claim(run_id=run.pk, worker="here:2") is None


def test_a_client_hears_once_that_the_stage_has_started(generation: Generation, run: StageRun) -> None:
    stage_run_put_back(run=claim(run), postponed=early())
    due(run)
    claim(run)
    assert generation.events.filter(type="stage.started").count() == 1


def test_a_client_hears_why_it_waits_and_is_not_flooded(generation: Generation, run: StageRun) -> None:
    for postponed in (early(1.9), early(60), early(60), early(30, "breaker.open")):
        due(run)
        stage_run_put_back(run=claim(run), postponed=postponed)
    assert postponements(generation) == [
        {"attempt": 1, "code": "quota.waiting", "seconds": 60.0},
        {"attempt": 1, "code": "breaker.open", "seconds": 30.0},
    ]


def test_a_wait_counts_into_the_estimated_completion(generation: Generation, run: StageRun) -> None:
    stage_run_put_back(run=claim(run), postponed=early(600))
    generation.refresh_from_db()
    assert generation.estimated_completion
    assert generation.estimated_completion > timezone.now() + timedelta(seconds=590)


def test_a_cancel_takes_back_what_was_put_back(generation: Generation, run: StageRun) -> None:
    stage_run_put_back(run=claim(run), postponed=early())
    assert generation_cancel(generation=generation).status == "cancelled"
    assert generation.stage_runs.get().status == "cancelled"


def test_what_is_put_back_under_a_cancel_finishes_it(generation: Generation, run: StageRun) -> None:
    claimed = claim(run)
    generation_cancel(generation=generation)
    stage_run_put_back(run=claimed, postponed=early())
    generation.refresh_from_db()
    assert (generation.status, generation.stage_runs.get().status) == ("cancelled", "cancelled")


def test_what_is_put_back_after_a_failure_beside_it_waits_for_nobody(alice: User) -> None:
    branded = REQUEST | {"brand": {"name": "Kumo"}}
    generation = generation_create(owner=alice, request=branded).generation
    prompt, brand = (
        claim(generation.stage_runs.get(stage=f"{name}_analysis")) for name in ("prompt", "brand")
    )
    stage_run_fail(run=prompt, error=DomainError("No.", code="safety.refused"))
    stage_run_put_back(run=brand, postponed=early())
    assert generation.stage_runs.get(stage="brand_analysis").status == "cancelled"


def test_a_wait_that_is_too_long_fails_with_what_it_waited_for(
    generation: Generation, run: StageRun, settings: Any
) -> None:
    claimed = claim(run)
    claimed.waiting_since = timezone.now() - timedelta(seconds=settings.ANALYSIS_MAX_WAIT_SECONDS + 1)
    stage_run_put_back(run=claimed, postponed=early())
    generation.refresh_from_db()
    error = error_of(generation)
    assert (error["code"], error["retryable"], bool(error["hint"])) == ("quota.waiting", True, True)
    assert "waited for 3601 s" in error["message"]
    assert generation.stage_runs.count() == 1  # It is not tried again by itself.
    generation_retry(generation=generation)
    assert generation.stage_runs.filter(status="queued", attempt=2).exists()


def test_the_time_in_the_queue_before_is_no_wait(run: StageRun, settings: Any) -> None:
    claimed = claim(run)
    claimed.created_at -= timedelta(seconds=settings.ANALYSIS_MAX_WAIT_SECONDS + 1)
    stage_run_put_back(run=claimed, postponed=early())
    run.refresh_from_db()
    assert run.status == "queued"
    first = run.waiting_since
    due(run)
    stage_run_put_back(run=claim(run), postponed=early())
    run.refresh_from_db()
    assert run.waiting_since == first


def test_nobody_waits_longer_than_is_allowed_for_a_server_that_wants_hours(run: StageRun) -> None:
    stage_run_put_back(run=claim(run), postponed=early(86_400))
    run.refresh_from_db()
    assert run.available_at < timezone.now() + timedelta(seconds=3601)


def test_who_puts_back_twice_does_not_take_it_from_the_next(run: StageRun) -> None:
    claimed = claim(run)
    stage_run_put_back(run=claimed, postponed=early())
    due(run)
    claim(run)
    with pytest.raises(TransitionRefused):
        stage_run_put_back(run=claimed, postponed=early())  # The answer to its commit was lost.
    with pytest.raises(TransitionRefused):
        stage_run_fail(run=copy(claimed), error=DomainError("No."))
    with pytest.raises(TransitionRefused):
        stage_run_succeed(run=copy(claimed), output={}, apply=lambda *made: None)
    assert not stage_run_beat(run=claimed, percentage=1)
    run.refresh_from_db()
    assert (run.status, run.put_back_count) == ("running", 1)


def test_the_dispatcher_sends_it_when_it_is_due_and_not_before(run: StageRun) -> None:
    queue_redis().flushdb()
    stage_run_put_back(run=claim(run), postponed=early())
    assert queued_send() == 0
    due(run)
    assert (queued_send(), queued_send()) == (1, 0)
    assert messages_waiting("analysis") == {f"stage-{run.pk}-1"}


class TooEarly:
    """A stage that keeps a file, and then comes too early."""

    def execute(self, work: StageWork) -> Mapping[str, Any]:
        made = work.directory / "poster.jpg"
        made.write_bytes(b"made in vain")
        work.keep(made, AssetKind.POSTER)
        raise early()

    def apply(self, generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
        raise AssertionError("Nothing has been made.")


def test_what_it_had_made_goes(
    run: StageRun, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setitem(tasks.HANDLERS, "prompt_analysis", TooEarly())
    with django_capture_on_commit_callbacks(execute=True):
        tasks.run_stage(str(run.pk))
    run.refresh_from_db()
    assert (run.status, Asset.objects.count()) == ("queued", 0)


# Real workers

WORKER = f"{PostponingWorker.__module__}.{PostponingWorker.__qualname__}"


@pytest.fixture
def committed(transactional_db: None, alice: User) -> Iterator[Generation]:
    yield generation_create(owner=alice, request=REQUEST).generation
    connections.close_all()


def analysed(generation: Generation) -> bool:
    return generation.stage_runs.filter(stage="micro_prompts").exists()


def test_a_worker_puts_back_and_comes_back(committed: Generation, tmp_path: Path) -> None:
    options = {"POSTPONE_TIMES": "3", "POSTPONE_SECONDS": "0.1", "POSTPONE_MARKS": str(tmp_path)}
    with running(start_worker("analysis", WORKER, **options), start_dispatcher()):
        assert eventually(lambda: analysed(committed), seconds=20)
    run = committed.stage_runs.get(stage="prompt_analysis")
    assert (run.status, run.attempt, run.put_back_count) == ("succeeded", 1, 3)


def test_a_worker_that_is_killed_right_after_loses_nothing(committed: Generation, tmp_path: Path) -> None:
    options = {"POSTPONE_TIMES": "1", "POSTPONE_SECONDS": "0.1", "POSTPONE_MARKS": str(tmp_path)}
    doomed = start_worker("analysis", WORKER, POSTPONE_CRASH="yes", **options)
    with running(doomed) as processes:
        assert doomed.wait(timeout=20) != 0
        processes += [start_worker("analysis", WORKER, **options), start_dispatcher()]
        assert eventually(lambda: analysed(committed), seconds=20)
    run = committed.stage_runs.get(stage="prompt_analysis")
    assert (run.status, run.attempt, run.put_back_count) == ("succeeded", 1, 1)
