"""What an operator does goes through the services; what they refuse is said, and the rest goes on."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generations.models import Generation, StageRun
from generations.services.generations import generation_create
from generations.services.stage_runs import stage_run_claim, stage_run_fail
from generations.states import GenerationStatus
from generations.tests.factories import GenerationFactory
from generations.tests.requests import REQUEST
from videogen.kernel.errors import DomainError

LIST = "/admin/generations/generation/"


@pytest.fixture
def generation(alice: User) -> Generation:
    return generation_create(owner=alice, request=REQUEST).generation


@pytest.fixture
def completed(alice: User) -> Generation:
    return GenerationFactory(owner=alice, status=GenerationStatus.COMPLETED, finished_at=timezone.now())


def running(generation: Generation) -> StageRun:
    claim = stage_run_claim(run_id=generation.stage_runs.latest("created_at").pk, worker="here:1")
    assert claim
    return claim.run


def broken(generation: Generation) -> StageRun:
    run = running(generation)
    stage_run_fail(run=run, error=DomainError("It broke."))
    return run


def press(desk: Client, verb: str, row: Generation | StageRun) -> list[str]:
    """Use a button of the page, and read what is said."""
    model = row._meta.model_name
    return said(desk.post(reverse(f"admin:generations_{model}_{verb}", args=[row.pk]), follow=True))


def act(desk: Client, action: str, *rows: Generation, **extra: str) -> list[str]:
    """Use an action of the list, and read what is said."""
    form = {"action": action, "_selected_action": [str(row.pk) for row in rows], **extra}
    return said(desk.post(LIST, form, follow=True))


def said(answer) -> list[str]:
    assert answer.status_code == 200
    return [str(message) for message in answer.context["messages"]]


def status(row: Generation | StageRun) -> str:
    row.refresh_from_db()
    return row.status


def test_a_generation_is_cancelled_from_its_page(desk: Client, generation: Generation) -> None:
    assert press(desk, "cancel", generation) == ["Cancellation requested (1)."]
    assert status(generation) == "cancelled"


def test_a_failed_generation_is_taken_up_again(desk: Client, generation: Generation) -> None:
    broken(generation)
    assert press(desk, "retry", generation) == ["Taken up again (1)."]
    assert status(generation) == "queued"


def test_a_hanging_attempt_is_replaced(desk: Client, generation: Generation) -> None:
    run = running(generation)
    assert press(desk, "rerun", run) == ["Runs again (1)."]
    assert (status(run), generation.stage_runs.filter(status="queued").count()) == ("lost", 1)


def test_a_failed_attempt_is_run_again(desk: Client, generation: Generation) -> None:
    press(desk, "rerun", broken(generation))
    assert generation.stage_runs.filter(status="queued", attempt=2).exists()


def test_an_attempt_that_only_waits_is_refused(desk: Client, generation: Generation) -> None:
    (message,) = press(desk, "rerun", generation.stage_runs.get())
    assert "waiting for a worker" in message


def test_a_refused_row_is_reported_and_the_others_go_on(
    desk: Client, generation: Generation, completed: Generation
) -> None:
    refused, done = act(desk, "cancel", completed, generation)
    assert "completed and cannot be cancelled" in refused
    assert (done, status(generation)) == ("Cancellation requested (1).", "cancelled")


def test_many_refusals_end_in_a_number(desk: Client) -> None:
    rows = GenerationFactory.create_batch(8)
    messages = act(desk, "retry", *rows)
    assert (len(messages), messages[-1]) == (6, "3 more were refused.")


def test_finished_ones_are_deleted_after_asking(
    desk: Client, generation: Generation, completed: Generation
) -> None:
    assert act(desk, "delete_selected", completed, generation) == []
    assert Generation.objects.count() == 2
    refused, done = act(desk, "delete_selected", completed, generation, post="yes")
    assert ("cancel it first" in refused, done) == (True, "Deleted (1).")
    assert list(Generation.objects.all()) == [generation]


def test_a_finished_one_is_deleted_from_its_page(desk: Client, completed: Generation) -> None:
    url = reverse("admin:generations_generation_delete", args=[completed.pk])
    assert "Are you sure" in desk.get(url).content.decode()
    desk.post(url, {"post": "yes"})
    assert not Generation.objects.exists()


def test_an_unfinished_one_cannot_be_deleted_from_its_page(desk: Client, generation: Generation) -> None:
    url = reverse("admin:generations_generation_delete", args=[generation.pk])
    assert desk.post(url, {"post": "yes"}).status_code == 403


def test_who_did_what_is_on_record(desk: Client, operator: User, generation: Generation) -> None:
    press(desk, "cancel", generation)
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id, entry.change_message) == (
        operator,
        str(generation.pk),
        "Cancellation requested",
    )


def test_a_refusal_is_not_on_record(desk: Client, completed: Generation) -> None:
    press(desk, "cancel", completed)
    assert not LogEntry.objects.exists()


def test_a_row_that_is_gone_is_not_found(desk: Client) -> None:
    url = reverse("admin:generations_generation_cancel", args=["0badcafe-0000-4000-8000-000000000000"])
    assert desk.post(url).status_code == 404
