"""What a worker does with an attempt that is no longer its own."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError

from generations import tasks
from generations.models import Clip, Generation
from generations.services.generations import generation_create
from generations.stages.base import StageWork
from generations.tests.requests import REQUEST
from storage_app.models import Asset, AssetKind
from videogen.kernel.states import TransitionRefused

pytestmark = pytest.mark.django_db


class DeletedMeanwhile:
    """A stage whose generation goes away while it works."""

    def execute(self, work: StageWork) -> Mapping[str, Any]:
        made = work.directory / "poster.jpg"
        made.write_bytes(b"made in vain")
        poster = work.keep(made, AssetKind.POSTER)
        work.generation.delete()
        return {"poster": poster}

    def apply(self, generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
        raise AssertionError("There is nothing to write it to.")


def test_what_was_made_for_a_deleted_generation_goes_too(
    alice: User, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setitem(tasks.HANDLERS, "prompt_analysis", DeletedMeanwhile())
    run = generation_create(owner=alice, request=REQUEST).generation.stage_runs.get()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.run_stage(str(run.pk))
    assert not Asset.objects.exists()


def test_a_message_about_a_deleted_generation_is_left_quietly(alice: User) -> None:
    generation = generation_create(owner=alice, request=REQUEST).generation
    run = generation.stage_runs.get()
    generation.delete()
    tasks.run_stage(str(run.pk))


class AwayDatabase:
    """A stage in the middle of which the database restarts."""

    def execute(self, work: StageWork) -> Mapping[str, Any]:
        raise OperationalError("server closed the connection unexpectedly")

    def apply(self, generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
        raise AssertionError("There is nothing to write.")


def test_a_database_that_is_away_in_the_middle_of_it_uses_up_no_attempt(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tasks.HANDLERS, "prompt_analysis", AwayDatabase())
    run = generation_create(owner=alice, request=REQUEST).generation.stage_runs.get()
    tasks.run_stage(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.put_back_reason) == ("queued", "unavailable.database: The database was away.")


class BadApply:
    """A stage that cannot write down what it made."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def execute(self, work: StageWork) -> Mapping[str, Any]:
        return {}

    def apply(self, generation: Generation, clip: Clip | None, output: Mapping[str, Any]) -> None:
        raise self.error


@pytest.mark.parametrize("error", [KeyError("missing"), TransitionRefused("This clip is ready.")])
def test_a_result_that_cannot_be_written_down_is_settled_as_a_bug(
    error: Exception, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tasks.HANDLERS, "prompt_analysis", BadApply(error))
    run = generation_create(owner=alice, request=REQUEST).generation.stage_runs.get()
    with suppress(KeyError):
        tasks.run_stage(str(run.pk))
    run.refresh_from_db()
    assert (run.status, run.error_code) == ("failed", "internal")
