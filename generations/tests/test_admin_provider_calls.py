"""Operators find paid calls, look at them, and decide what nobody else can."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from generations.admin.filters import UNDECIDED
from generations.models import Generation, ProviderCall
from generations.providers.base import Found, JobState, Look
from generations.services.call_doubts import call_search
from generations.services.call_looking import call_end
from generations.states import CallStatus
from generations.tests.factories import ClipFactory, GenerationFactory
from generations.tests.ledger import PRICE_USD, call_made, undecided_call
from videogen.accounts.budgets import budgets_now

pytestmark = pytest.mark.django_db
LIST = "/admin/generations/providercall/"
GENERATION = UUID("0badcafe-0000-4000-8000-000000000000")
VERBS = ("look", "adopt", "write-off-unbilled", "write-off-billed")


def listed(desk: Client, **query: str) -> set[str]:
    """The models of the rows of the list: each test names them after what they stand for."""
    answer = desk.get(LIST, query)
    assert answer.status_code == 200
    return {call.model for call in answer.context["cl"].result_list}


def page_of(call: ProviderCall) -> str:
    return reverse("admin:generations_providercall_change", args=[call.pk])


def verb_of(call: ProviderCall, verb: str) -> str:
    return reverse(f"admin:generations_providercall_{verb}", args=[call.pk])


def press(desk: Client, verb: str, call: ProviderCall, **form: str) -> list[str]:
    """Use a button of the page, and read what is said."""
    answer = desk.post(verb_of(call, verb), form, follow=True)
    assert answer.status_code == 200
    call.refresh_from_db()
    return [str(message) for message in answer.context["messages"]]


def soon() -> datetime:
    return timezone.now() + timedelta(seconds=2)


# Finding


@pytest.fixture
def calls(db: None) -> None:
    """One for each thing that can be the matter."""
    call_made("planned", model="planned")
    call_made("submitting", model="on its way")
    call_made("accepted", model="there")
    call_made("unknown", model="unknown")
    undecided_call(model="undecided")
    call_made("succeeded", model="fine")
    call_made("succeeded", model="lost", error_code="provider.output_lost")
    call_made("succeeded", model="twice", is_superseded=True)
    call_made("failed", model="failed for nothing", provider="fal")
    call_made("failed", model="failed long ago", days_ago=2, actual_usd=PRICE_USD)
    call_made("cancelled", model="cancelled")
    call_made("refused", model="refused", error_code="safety.provider")
    call_made("refused", model="taken back")
    call_made("written_off", model="written off", actual_usd=PRICE_USD)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"question": "undecided"}, {"undecided"}),
        ({"question": "waiting"}, {"on its way", "there"}),
        ({"question": "unknown"}, {"unknown", "undecided"}),
        ({"question": "failed"}, {"failed for nothing", "refused"}),
        ({"question": "wasted"}, {"lost", "twice", "failed long ago", "cancelled", "written off"}),
        ({"provider": "fal"}, {"failed for nothing"}),
        ({"status__exact": "planned"}, {"planned"}),
    ],
)
def test_a_question_gives_the_calls_that_answer_it(
    calls: None, desk: Client, query: dict[str, str], found: set[str]
) -> None:
    assert listed(desk, **query) == found


def test_the_question_of_decisions_is_that_of_the_ledger(calls: None) -> None:
    asked = ProviderCall.objects.filter(UNDECIDED)
    assert list(asked) == list(ProviderCall.objects.undecided())


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("rmr0cw9z", {"a"}),
        ("0badcafe", {"b"}),
        (str(GENERATION), {"b"}),
        ("feedface", {"c"}),
        ("nothing", set()),
        (" ", {"a", "b", "c"}),
    ],
)
def test_a_call_is_found_by_what_is_known_of_it(desk: Client, term: str, found: set[str]) -> None:
    call_made(model="a", job_id="rmr0cw9z")
    call_made(model="b", clip=ClipFactory(generation=GenerationFactory(pk=GENERATION)))
    call_made(model="c", pk=UUID("feedface-0000-4000-8000-000000000000"))
    assert listed(desk, q=term) == found


@pytest.mark.parametrize("number", [1, 20])
def test_the_list_costs_the_same_for_one_call_and_for_twenty(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    for _ in range(number):
        call_made(clip=ClipFactory(), error_code="provider.failed")
    with django_assert_num_queries(4):  # The session, the user, the bounded count, the rows.
        assert len(desk.get(LIST).context["cl"].result_list) == number


# Verbs


def test_a_call_is_looked_at_now(desk: Client) -> None:
    call = call_made("accepted")
    assert press(desk, "look", call) == ["Looked at next (1)."]
    assert call.next_look_at and call.next_look_at <= soon()


def test_many_calls_are_looked_at_now_and_those_that_have_ended_are_not(desk: Client) -> None:
    rows = [call_made("accepted"), call_made("accepted"), call_made("succeeded")]
    form = {"action": "look", "_selected_action": [str(row.pk) for row in rows]}
    messages = [str(each) for each in desk.post(LIST, form, follow=True).context["messages"]]
    assert "This call is succeeded: there is nothing to look at." in messages[0]
    assert messages[1:] == ["Looked at next (2)."]
    assert ProviderCall.objects.filter(next_look_at__lte=soon()).count() == 2


def test_a_job_that_the_operator_has_found_is_adopted(desk: Client) -> None:
    call = undecided_call()
    assert press(desk, "adopt", call, job_id=" rmr0cw9z ") == ["Adopted (1)."]
    assert (call.status, call.job_id, call.decision) == ("accepted", "rmr0cw9z", "adopted by operator")


@pytest.mark.parametrize(("job_id", "reason"), [("", "Give the id"), ("job-1", "belongs to another call")])
def test_a_job_that_cannot_be_its_own_is_refused(desk: Client, job_id: str, reason: str) -> None:
    call_made("accepted", job_id="job-1")
    call = undecided_call()
    (message,) = press(desk, "adopt", call, job_id=job_id)
    assert reason in message
    assert (call.status, call.decision) == ("unknown", "")


@pytest.mark.parametrize(
    ("verb", "said", "spent"),
    [
        ("write-off-unbilled", "Written off as not billed", Decimal(0)),
        ("write-off-billed", "Written off as billed", PRICE_USD),
    ],
)
def test_a_write_off_frees_the_money_or_spends_it(desk: Client, verb: str, said: str, spent: Decimal) -> None:
    call = undecided_call()
    assert press(desk, verb, call) == [f"{said} (1)."]
    (day,) = budgets_now()
    assert (call.status, call.reserved_usd, call.actual_usd) == ("written_off", 0, spent)
    assert (day.spent_usd, day.reserved_usd) == (spent, 0)
    assert call.decision == "written off by operator"


@pytest.mark.parametrize("verb", VERBS)
def test_what_makes_no_sense_is_refused_and_not_on_record(desk: Client, verb: str) -> None:
    call = call_made("succeeded")
    (message,) = press(desk, verb, call, job_id="rmr0cw9z")
    assert "This call is succeeded" in message
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_who_decided_what_is_on_record(desk: Client, operator: User, verb: str) -> None:
    call = undecided_call()
    (said,) = press(desk, verb, call, job_id="rmr0cw9z")
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (operator, str(call.pk))
    assert said == f"{entry.change_message} (1)."


def test_another_look_at_what_nobody_knows_sends_nothing_again(desk: Client) -> None:
    call = undecided_call(created_at=timezone.now() - timedelta(hours=1), doubted_at=None)
    asked_at = call.given_up_at
    Generation.objects.update(status="processing", finished_at=None)
    press(desk, "look", call)
    assert call_search(call=call, found=Found())
    call.refresh_from_db()
    assert (call.given_up_at, call.next_look_at, call.looks) == (asked_at, None, 1)
    assert ProviderCall.objects.count() == 1


def test_what_was_written_off_as_billed_and_turns_up_is_spent_once(desk: Client) -> None:
    call = undecided_call()
    press(desk, "write-off-billed", call)
    press(desk, "adopt", call, job_id="rmr0cw9z")
    succeed(call)
    (day,) = budgets_now()
    generation, clip = call.generation, call.clip
    assert generation and clip
    assert {day.spent_usd, call.actual_usd, generation.actual_usd, clip.cost_usd} == {PRICE_USD}


def succeed(call: ProviderCall) -> None:
    call_end(call=call, look=Look(JobState.SUCCEEDED, output_url="https://files.example/clip.mp4"))
    call.refresh_from_db()


# Who may


def test_strangers_are_sent_to_the_login(client: Client) -> None:
    call = call_made("accepted")
    answers = [client.get(LIST), client.get(page_of(call))]
    answers += [client.post(verb_of(call, verb)) for verb in VERBS]
    assert {answer.headers["Location"].split("?")[0] for answer in answers} == {"/admin/login/"}


def test_staff_without_permission_are_refused(staff_with: Callable[..., Client]) -> None:
    call, client = undecided_call(), staff_with("view_generation", "change_generation")
    answers = [client.get(LIST), client.get(page_of(call))]
    answers += [client.post(verb_of(call, verb)) for verb in VERBS]
    assert {answer.status_code for answer in answers} == {403}


def test_who_may_only_view_sees_everything_and_can_do_nothing(staff_with: Callable[..., Client]) -> None:
    call, client = undecided_call(), staff_with("view_providercall")
    assert b'class="button' not in client.get(page_of(call)).content
    assert {client.post(verb_of(call, verb)).status_code for verb in VERBS} == {403}
    call.refresh_from_db()
    assert call.status == CallStatus.UNKNOWN


def test_verbs_answer_only_to_post_with_the_token(desk: Client) -> None:
    call = undecided_call()
    assert {desk.get(verb_of(call, verb)).status_code for verb in VERBS} == {405}
    client = Client(enforce_csrf_checks=True)
    client.cookies = desk.cookies
    assert {client.post(verb_of(call, verb)).status_code for verb in VERBS} == {403}


def test_nobody_adds_edits_or_deletes(desk: Client) -> None:
    call = call_made()
    assert desk.get(f"{LIST}add/").status_code == 403
    assert desk.get(f"{LIST}{call.pk}/delete/").status_code == 403
    assert desk.post(page_of(call), {"actual_usd": "0"}).status_code == 403
