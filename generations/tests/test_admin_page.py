"""The page of one generation tells everything that is known of it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from analysis.models import TextCall
from generations.admin import detail
from generations.admin.advice import PERMANENT, RETRYABLE, advice_for
from generations.models import Generation
from generations.states import GenerationStatus, StageStatus
from generations.tests.factories import ClipFactory, GenerationFactory, ProgressEventFactory, StageRunFactory
from videogen.kernel.admin.formatting import badge

FAILURE = {"code": "provider.rate_limited", "message": "Too many requests.", "stage": "clip", "position": 2}


def url_of(generation: Generation, query: str = "") -> str:
    return reverse("admin:generations_generation_change", args=[generation.pk]) + query


def page(desk: Client, generation: Generation, query: str = "") -> str:
    answer = desk.get(url_of(generation, query))
    assert answer.status_code == 200
    return answer.content.decode()


def failed(**values: object) -> Generation:
    return GenerationFactory(
        status=GenerationStatus.FAILED, finished_at=timezone.now(), error=FAILURE, **values
    )


def furnish(generation: Generation, number: int) -> None:
    """Give it this many clips, each with two attempts and an event."""
    for position in range(1, number + 1):
        clip = ClipFactory(generation=generation, position=position, scene={"micro_prompt": "A cup"})
        for attempt, status in enumerate([StageStatus.FAILED, StageStatus.SUCCEEDED], start=1):
            run = {"stage": "clip", "clip": clip, "attempt": attempt, "status": status}
            StageRunFactory(generation=generation, started_at=timezone.now(), **run)
        ProgressEventFactory(generation=generation, sequence=position)


@pytest.mark.parametrize("number", [1, 20])
def test_the_page_costs_the_same_for_one_clip_and_for_twenty(
    desk: Client, django_assert_num_queries, number: int
) -> None:
    generation = failed()
    furnish(generation, number)
    page(desk, generation)  # Django remembers content types from here on.
    # Session, user; the row, its owner, versions, clips, calls, runs, events.
    with django_assert_num_queries(9):
        page(desk, generation)


def test_a_failure_is_shown_with_what_can_be_done(desk: Client) -> None:
    content = page(desk, failed())
    assert "Failed in stage clip, clip 2" in content
    assert "Too many requests." in content
    assert advice_for(FAILURE) in content


@pytest.mark.parametrize(
    ("error", "start"),
    [
        ({"code": "storage.full"}, "Make room"),
        ({"code": "storage.full", "hint": "Buy a disk."}, "Buy a disk."),
        ({"code": "analysis.timed_out", "hint": "Wait.", "retryable": True}, f"Wait. {RETRYABLE}"),
        ({"code": "media.unreadable"}, "The provider's file"),
        ({"code": "unheard.of", "retryable": True}, RETRYABLE),
        ({"code": "unheard.of"}, PERMANENT),
    ],
)
def test_the_most_exact_advice_is_given(error: dict[str, object], start: str) -> None:
    assert advice_for(error).startswith(start)


def test_markup_in_what_users_and_providers_write_stays_text(desk: Client) -> None:
    evil = "<script>alert(1)</script>"
    generation = failed(
        prompt=evil, style=evil, metadata={evil: evil}, warnings=[evil], storyboard={"title": evil}
    )
    generation.error = FAILURE | {"message": evil}
    generation.save()
    clip = ClipFactory(generation=generation, position=1, scene={"micro_prompt": evil, "title": evil})
    StageRunFactory(generation=generation, clip=clip, stage="clip", error_code="x", error_message=evil)
    ProgressEventFactory(generation=generation, message=evil, data={evil: evil})
    content = page(desk, generation)
    assert content.count("&lt;script&gt;alert(1)") >= 10
    assert "<script>alert(1)" not in content


def test_only_the_newest_events_are_shown_and_the_older_ones_are_a_click_away(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detail, "EVENTS", 3)
    generation = GenerationFactory(last_sequence=5)
    for sequence in range(1, 6):
        ProgressEventFactory(generation=generation, sequence=sequence, message=f"line {sequence}")
    newest, older = page(desk, generation), page(desk, generation, "?before=3")
    assert [f"line {n}" in newest for n in range(1, 6)] == [False, False, True, True, True]
    assert [f"line {n}" in older for n in range(1, 6)] == [True, True, False, False, False]
    assert "?before=3#events" in newest


@pytest.mark.parametrize("before", ["", "x", "-1", "²", "9" * 5000])
def test_a_strange_page_of_events_is_the_newest(desk: Client, before: str) -> None:
    event = ProgressEventFactory(sequence=1, message="line 1")
    assert "line 1" in page(desk, event.generation, f"?before={before}")


@pytest.mark.parametrize(
    ("status", "verbs"),
    [
        (GenerationStatus.QUEUED, {"cancel"}),
        (GenerationStatus.PROCESSING, {"cancel"}),
        (GenerationStatus.CANCELLING, set()),
        (GenerationStatus.FAILED, {"retry", "delete"}),
        (GenerationStatus.COMPLETED, {"delete"}),
    ],
)
def test_only_the_verbs_that_fit_are_offered(desk: Client, status: str, verbs: set[str]) -> None:
    finished = status in {GenerationStatus.FAILED, GenerationStatus.COMPLETED}
    generation = GenerationFactory(status=status, finished_at=timezone.now() if finished else None)
    content = page(desk, generation)
    assert {verb for verb in ("cancel", "retry", "delete") if f"/{verb}/" in content} == verbs


def test_only_the_newest_attempt_can_be_run_again(desk: Client) -> None:
    generation = failed()
    older, newer = (
        StageRunFactory(generation=generation, status=StageStatus.FAILED, attempt=n) for n in (1, 2)
    )
    content = page(desk, generation)
    assert f"{newer.pk}/rerun/" in content
    assert f"{older.pk}/rerun/" not in content


def test_a_text_task_says_who_did_it_and_what_it_cost(desk: Client) -> None:
    generation = GenerationFactory(actual_usd="1.5003", analysis_usd="0.0003")
    TextCall.objects.create(task="prompt_analysis", model="gpt-6-luna", generation_id=generation.pk)
    made = {"engine": "openai", "cached": True}
    StageRunFactory(generation=generation, status="succeeded", output=made)
    content = page(desk, generation)
    assert "openai, gpt-6-luna, answered before" in content
    assert "$0.00030 for text" in content


def test_what_was_put_back_says_how_often_and_why(desk: Client) -> None:
    later = timezone.now() + timedelta(minutes=1)
    reason = "quota.waiting: openai:gpt-6-luna is busy for 60 s."
    run = StageRunFactory(put_back_count=3, put_back_reason=reason, available_at=later)
    content = page(desk, run.generation)
    assert f"put back 3 times: {reason}" in content
    assert badge("put_back") in content


def test_a_living_page_refreshes_itself_only_when_asked(desk: Client) -> None:
    generation = GenerationFactory(estimated_completion=timezone.now() + timedelta(seconds=90))
    assert 'http-equiv="refresh"' not in page(desk, generation)
    assert 'http-equiv="refresh"' in page(desk, generation, "?follow")


def test_a_page_without_anything_still_works(desk: Client) -> None:
    assert "Nothing has been planned yet" in page(desk, GenerationFactory())
