"""The pages of one paid call and of its generation tell everything about it, and no secret."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from generations.admin.advice import ADVICE, advice_for
from generations.admin.call_page import address_shown
from generations.models import Generation, ProviderCall
from generations.states import CallStatus, GenerationStatus, StageStatus
from generations.tests.factories import ClipFactory, GenerationFactory, StageRunFactory
from generations.tests.ledger import call_made, undecided_call
from videogen.kernel.admin.formatting import badge

pytestmark = pytest.mark.django_db
KEY = "r8_0123456789abcdef"
SIGNED = "https://files.example/clip.mp4?signature=opensesame"


def page(desk: Client, row: ProviderCall | Generation) -> str:
    url = reverse(f"admin:generations_{row._meta.model_name}_change", args=[row.pk])
    answer = desk.get(url)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


# One call


def test_a_call_is_shown_with_its_money_and_what_was_said(desk: Client) -> None:
    said: dict[str, Any] = {"request": {"prompt": "A red cup"}, "answer": {"status": "succeeded"}}
    content = page(desk, call_made(price_usd=Decimal("0.168"), **said))
    for shown in ("$0.168", "$0.72", "A red cup", "succeeded"):
        assert shown in content


def test_no_secret_is_shown(desk: Client, settings: Settings) -> None:
    settings.REPLICATE_API_TOKEN = KEY
    telling = {"url": SIGNED, "key": f"Token {KEY}", "head": "Bearer abcdef0123456789"}
    call = call_made(
        "failed",
        request=telling,
        answer=telling,
        urls=telling,
        output_url=SIGNED,
        error_code="provider.failed",
    )
    ProviderCall.objects.update(error_message=f"{KEY} was refused for {SIGNED}")
    contents = page(desk, call) + desk.get("/admin/generations/providercall/").content.decode()
    assert "https://files.example/clip.mp4?…" in contents
    assert not any(secret in contents for secret in (KEY, "opensesame", "abcdef0123456789"))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("", ""),
        ("https://a.example/b.mp4", "https://a.example/b.mp4"),
        ("https://key:secret@a.example:8443/b.mp4?sig=1", "https://a.example:8443/b.mp4?…"),
        ("https://a.example/b.mp4#token", "https://a.example/b.mp4?…"),
        ("https://[broken/b.mp4?sig=1", "an address that cannot be read"),
        ("https://a.example:secret/b.mp4", "an address that cannot be read"),
    ],
)
def test_an_address_is_shown_without_what_opens_it(url: str, shown: str) -> None:
    assert address_shown(url) == shown


def test_an_error_is_shown_with_what_can_be_done(desk: Client) -> None:
    hint = "Add credit at https://replicate.com/account/billing."
    error: dict[str, Any] = {
        "error_code": "provider.no_credit",
        "error_message": "No credit is left.",
        "error_hint": hint,
    }
    content = page(desk, call_made("refused", **error))
    assert "No credit is left." in content
    assert hint in content


def test_calls_for_the_same_clip_lead_to_each_other(desk: Client) -> None:
    clip = ClipFactory()
    first = call_made("unknown", clip=clip, is_superseded=True)
    second = call_made("accepted", clip=clip, replaces=first)
    before, after = page(desk, first), page(desk, second)
    assert (str(second.pk) in before, "replaces this one" in before) == (True, True)
    assert (str(first.pk) in after, "this one replaces it" in after) == (True, True)


def test_a_call_whose_clip_is_deleted_still_knows_what_it_replaces(desk: Client) -> None:
    first = call_made("cancelled")
    stranger = call_made("succeeded")
    content = page(desk, call_made("succeeded", replaces=first))
    assert (str(first.pk) in content, str(stranger.pk) in content) == (True, False)
    assert "its generation is deleted" in content


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        (CallStatus.PLANNED, set()),
        (CallStatus.SUBMITTING, {"look"}),
        (CallStatus.ACCEPTED, {"look"}),
        (CallStatus.UNKNOWN, {"look", "adopt", "write-off-billed", "write-off-unbilled"}),
        (CallStatus.REFUSED, {"adopt"}),
        (CallStatus.WRITTEN_OFF, {"adopt"}),
        (CallStatus.SUCCEEDED, set()),
        (CallStatus.FAILED, set()),
        (CallStatus.CANCELLED, set()),
    ],
)
def test_only_the_verbs_that_fit_are_offered(desk: Client, status: str, verbs: set[str]) -> None:
    content = page(desk, call_made(status))
    every = {"look", "adopt", "write-off-billed", "write-off-unbilled"}
    assert {verb for verb in every if f"/{verb}/" in content} == verbs


def test_what_asks_for_a_decision_says_so_and_leads_to_what_failed_for_it(desk: Client) -> None:
    call = undecided_call()
    content = page(desk, call)
    assert "This call asks for a decision" in content
    assert f'retry <a href="/admin/generations/generation/{call.generation_id}/change/">' in content


def test_what_is_still_being_found_out_needs_nobody(desk: Client) -> None:
    content = page(desk, call_made("unknown"))
    assert "Nobody has to do anything yet" in content
    assert "This call asks for a decision" not in content


def test_markup_in_what_providers_say_stays_text(desk: Client) -> None:
    evil = "<script>alert(1)</script>"
    call = call_made(
        "failed", model=evil, job_id=evil, answer={evil: evil}, error_code="x", error_message=evil
    )
    contents = page(desk, call) + desk.get("/admin/generations/providercall/").content.decode()
    assert contents.count("&lt;script&gt;alert(1)") >= 6
    assert "<script>alert(1)" not in contents


@pytest.mark.parametrize("number", [1, 20])
def test_the_page_of_a_call_costs_the_same_for_one_other_and_for_twenty(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries, number: int
) -> None:
    clip = ClipFactory()
    call = call_made(clip=clip)
    for _ in range(number):
        call_made("failed", clip=clip)
    page(desk, call)  # Django remembers content types from here on.
    with django_assert_num_queries(5):  # The session, the user; the row, its owner, the other calls.
        page(desk, call)


# Its generation


@pytest.fixture
def generation(db: None) -> Generation:
    """One clip is with Replicate."""
    generation = GenerationFactory(status="processing", provider="replicate", reserved_usd="0.72")
    clip = ClipFactory(generation=generation, position=1, provider="replicate", status="rendering")
    at = timezone.now() - timedelta(minutes=2)
    run = {"stage": "clip", "queue": "clips", "clip": clip, "status": StageStatus.WAITING}
    StageRunFactory(generation=generation, created_at=at, started_at=at, **run)
    in_half_a_minute = timezone.now() + timedelta(seconds=30)
    call_made("accepted", clip=clip, accepted_at=at, next_look_at=in_half_a_minute)
    return generation


def test_a_generation_shows_its_calls_and_who_has_the_clip(desk: Client, generation: Generation) -> None:
    content = page(desk, generation)
    (call,) = ProviderCall.objects.all()
    assert reverse("admin:generations_providercall_change", args=[call.pk]) in content
    assert badge("accepted") in content
    assert re.search(r"at replicate for 2 min \d\d s, looked at in \d+ s", content)
    assert "; $0.72 reserved; " in content
    assert "clip, attempt" in content
    assert ": at a provider, waited 0.0 s" in content


def test_a_generation_says_that_a_call_asks_for_a_decision(desk: Client, generation: Generation) -> None:
    assert "asks for a decision" not in page(desk, generation)
    ProviderCall.objects.update(status="unknown", given_up_at=timezone.now(), job_id="", next_look_at=None)
    assert "Clip 1 asks for a decision" in page(desk, generation)
    assert "not looked at any more" in page(desk, generation)


def test_the_page_costs_the_same_for_one_call_and_for_twenty(
    desk: Client, django_assert_num_queries: DjangoAssertNumQueries, generation: Generation
) -> None:
    page(desk, generation)  # Django remembers content types from here on.
    with django_assert_num_queries(9):
        page(desk, generation)
    for position in range(2, 21):
        call_made("accepted", clip=ClipFactory(generation=generation, position=position))
    with django_assert_num_queries(9):
        page(desk, generation)


ROUTING = {
    "asked": "auto",
    "chosen": {
        "provider": "replicate",
        "model": "google/veo-3.1-fast",
        "score": 0.871,
        "scores": {"fit": 0.96, "price": 1.0, "time": 0.4, "reliability": 0.95},
        "estimated_usd": "5.040000",
        "usual_seconds": 62.0,
    },
    "reasons": ["Its clips cost 5.04 USD, the least."],
    "others": [{"provider": "fal", "model": "fal-ai/veo3.1", "score": 0.5, "scores": {}}],
    "rejected": [{"provider": "fal", "model": "fal-ai/wan/v2.7", "reason": "fal has no <key>."}],
}


def test_a_routed_generation_shows_why_its_provider_was_chosen(desk: Client) -> None:
    content = page(desk, GenerationFactory(routing=ROUTING))
    for shown in ("google/veo-3.1-fast", "0.87", "$5.04", "1 min 02 s", "the least.", "Reliability, 20%"):
        assert shown in content
    assert "fal has no &lt;key&gt;." in content


@pytest.mark.parametrize("routing", [None, {"asked": "auto"}])
def test_a_generation_without_a_whole_decision_is_shown_all_the_same(desk: Client, routing: object) -> None:
    assert ("Why this provider" in page(desk, GenerationFactory(routing=routing))) is (routing is not None)


def test_an_attempt_shows_the_calls_that_it_has_sent(desk: Client) -> None:
    run = StageRunFactory(stage="clip", status=StageStatus.WAITING)
    call = call_made("accepted", stage_run=run)
    answer = desk.get(reverse("admin:generations_stagerun_change", args=[run.pk]))
    assert reverse("admin:generations_providercall_change", args=[call.pk]) in answer.content.decode()


@pytest.mark.parametrize(
    "code",
    [
        *(
            "provider.outcome_unknown",
            "provider.undecided",
            "provider.output_lost",
            "provider.output_invalid",
        ),
        *("provider.no_credit", "provider.unauthorized", "provider.timed_out", "provider.cancelled"),
        *("provider.full", "budget.daily", "budget.key", "budget.too_small", "safety.provider"),
    ],
)
def test_every_trouble_with_a_paid_clip_has_advice_of_its_own(code: str) -> None:
    assert advice_for({"code": code}) == ADVICE[code]


def test_a_generation_that_failed_for_money_says_whose_limit_to_raise(desk: Client) -> None:
    error = {"code": "budget.daily", "message": "This needs 1.00 USD."}
    failed = {"status": GenerationStatus.FAILED, "finished_at": timezone.now()}
    assert "Raise DAILY_BUDGET_USD" in page(desk, GenerationFactory(error=error, **failed))
