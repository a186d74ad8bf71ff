"""What can be asked of a generation: cancel, retry, approve, delete."""

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from generations.models import Generation
from generations.states import FINISHED, GenerationStatus
from generations.tests.clients import GENERATIONS, JsonClient, client_of, problem_of
from generations.tests.factories import ClipFactory, GenerationFactory, ProgressEventFactory
from videogen.accounts.models import Scope

pytestmark = pytest.mark.django_db

#: From which statuses each verb is possible, and the status that follows (without workers).
POSSIBLE = {
    "cancel": {
        "queued": "cancelled",
        "processing": "cancelled",
        "awaiting_approval": "cancelled",
        "cancelling": "cancelling",
        "cancelled": "cancelled",
    },
    "retry": {"failed": "queued"},
    "approve": {"awaiting_approval": "processing"},
}


def generation_in(status: str, owner: User) -> Generation:
    finished_at = timezone.now() if status in FINISHED else None
    return GenerationFactory(owner=owner, status=status, finished_at=finished_at)


@pytest.mark.parametrize("status", GenerationStatus.values)
@pytest.mark.parametrize("verb", POSSIBLE)
def test_a_verb_is_accepted_or_refused_by_status(
    api: JsonClient, alice: User, verb: str, status: str
) -> None:
    generation = generation_in(status, alice)
    response = api.post(f"{GENERATIONS}/{generation.pk}/{verb}")
    generation.refresh_from_db()
    if becomes := POSSIBLE[verb].get(status):
        assert (response.status_code, response.json()["status"], generation.status) == (202, becomes, becomes)
    else:
        problem = problem_of(response, 409)
        assert (problem["code"], problem["current_status"]) == ("generation.conflict", status)
        assert generation.status == status


@pytest.mark.parametrize("status", GenerationStatus.values)
def test_only_a_finished_one_is_deleted(api: JsonClient, alice: User, status: str) -> None:
    generation = generation_in(status, alice)
    ClipFactory(generation=generation)
    ProgressEventFactory(generation=generation)
    response = api.delete(f"{GENERATIONS}/{generation.pk}")
    finished = status in FINISHED
    assert response.status_code == (204 if finished else 409)
    assert Generation.objects.exists() is not finished


def test_what_is_deleted_is_not_found_again(api: JsonClient, alice: User) -> None:
    generation = generation_in("failed", alice)
    api.delete(f"{GENERATIONS}/{generation.pk}")
    problem_of(api.delete(f"{GENERATIONS}/{generation.pk}"), 404)


@pytest.mark.parametrize("method, verb", [("POST", f"/{verb}") for verb in POSSIBLE] + [("DELETE", "")])
def test_mallory_can_do_nothing_to_it(
    mallory_api: JsonClient, generation: Generation, method: str, verb: str
) -> None:
    problem_of(mallory_api.generic(method, f"{GENERATIONS}/{generation.pk}{verb}"), 404)
    generation.refresh_from_db()
    assert generation.status == "queued"


@pytest.mark.parametrize("method, verb", [("POST", "/cancel"), ("DELETE", "")])
def test_a_key_that_may_only_read_changes_nothing(
    alice: User, generation: Generation, method: str, verb: str
) -> None:
    reader = client_of(alice, scopes=[Scope.READ])
    refused = reader.generic(method, f"{GENERATIONS}/{generation.pk}{verb}")
    assert problem_of(refused, 403)["code"] == "auth.forbidden"
    assert reader.get(f"{GENERATIONS}/{generation.pk}").json()["status"] == "queued"


def test_a_key_that_may_only_write_reads_nothing(alice: User, generation: Generation) -> None:
    writer = client_of(alice, scopes=[Scope.WRITE])
    problem_of(writer.get(f"{GENERATIONS}/{generation.pk}"), 403)
    assert writer.post(f"{GENERATIONS}/{generation.pk}/cancel").status_code == 202
