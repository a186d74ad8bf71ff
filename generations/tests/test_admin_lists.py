"""The lists answer an operator's questions, at the same cost for one row and for many."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from generations.states import GenerationStatus, StageStatus
from generations.tests.factories import ClipFactory, GenerationFactory, StageRunFactory
from generations.tests.ledger import undecided_call
from videogen.kernel.admin import pagination
from videogen.kernel.admin.formatting import badge

GENERATIONS = "/admin/generations/generation/"
STAGE_RUNS = "/admin/generations/stagerun/"


def ago(**length: float) -> object:
    return timezone.now() - timedelta(**length)


def listed(desk: Client, url: str, **query: str) -> set[str]:
    """What the rows of a list are called: their prompts, or their stages."""
    answer = desk.get(url, query)
    assert answer.status_code == 200
    return {getattr(row, "prompt", None) or row.stage for row in answer.context["cl"].result_list}


@pytest.fixture
def day(db: None) -> None:
    """One generation for each thing that can be the matter."""
    processing, failed = GenerationStatus.PROCESSING, GenerationStatus.FAILED
    GenerationFactory(prompt="fresh", created_at=ago(seconds=5))
    GenerationFactory(prompt="waits", created_at=ago(hours=1), updated_at=ago(hours=1))
    GenerationFactory(prompt="works", status=processing, started_at=ago(seconds=5))
    GenerationFactory(prompt="hangs", status=processing, started_at=ago(hours=1), updated_at=ago(minutes=6))
    GenerationFactory(prompt="failed", status=failed, started_at=ago(seconds=9), finished_at=ago(seconds=1))
    GenerationFactory(prompt="failed long ago", status=failed, finished_at=ago(hours=25))
    done = {"status": GenerationStatus.COMPLETED, "finished_at": timezone.now()}
    GenerationFactory(prompt="quick", started_at=ago(seconds=15), **done)
    GenerationFactory(prompt="slow", started_at=ago(seconds=17), **done)


@pytest.mark.parametrize(
    ("question", "rows"),
    [
        ("failed", {"failed"}),
        ("stuck", {"hangs"}),
        ("waiting", {"waits"}),
        ("slow", {"slow", "hangs"}),
        ("running", {"works", "hangs"}),
    ],
)
def test_a_question_gives_the_rows_that_answer_it(
    day: None, desk: Client, question: str, rows: set[str]
) -> None:
    assert listed(desk, GENERATIONS, question=question) == rows


def test_a_question_that_nobody_asks_gives_everything(day: None, desk: Client) -> None:
    assert len(listed(desk, GENERATIONS, question="whatever")) == 8


def test_rows_are_filtered_by_provider(desk: Client) -> None:
    GenerationFactory(prompt="ours")
    GenerationFactory(prompt="theirs", provider="elsewhere")
    assert listed(desk, GENERATIONS, provider="animatic") == {"ours"}


@pytest.mark.parametrize("term", ["0badcafe", "0badcafe-0000", "0bad", "LIGHTHOUSE", "alice", "spring"])
def test_a_row_is_found_by_what_is_known_of_it(desk: Client, alice: User, term: str) -> None:
    pk = UUID("0badcafe-0000-4000-8000-000000000000")
    GenerationFactory(pk=pk, prompt="A lighthouse", owner=alice, metadata={"campaign": "spring"})
    GenerationFactory(pk=UUID(int=0), prompt="something else")
    assert listed(desk, GENERATIONS, q=term) == {"A lighthouse"}


@pytest.mark.parametrize(
    ("question", "stages"),
    [
        ("live", {"clip", "assembly", "publish", "prompt_analysis", "brand_analysis"}),
        ("put back", {"prompt_analysis"}),
        ("failed", {"micro_prompts"}),
        ("lost", {"conform"}),
        ("overdue", {"publish"}),
    ],
)
def test_attempts_are_found_by_question(desk: Client, question: str, stages: set[str]) -> None:
    StageRunFactory(stage="clip")
    StageRunFactory(stage="prompt_analysis", put_back_count=1, available_at=ago(seconds=-15))
    StageRunFactory(stage="brand_analysis", put_back_count=1, available_at=ago(seconds=1))
    StageRunFactory(stage="assembly", status=StageStatus.RUNNING, lease_expires_at=ago(seconds=-15))
    StageRunFactory(stage="publish", status=StageStatus.RUNNING, lease_expires_at=ago(seconds=1))
    StageRunFactory(stage="micro_prompts", status=StageStatus.FAILED)
    StageRunFactory(stage="conform", status=StageStatus.LOST)
    assert listed(desk, STAGE_RUNS, question=question) == stages


def test_the_list_says_what_was_put_back(desk: Client) -> None:
    StageRunFactory(put_back_count=1, available_at=ago(seconds=-15))
    assert badge("put_back") in desk.get(STAGE_RUNS).content.decode()


def test_attempts_are_filtered_by_stage(desk: Client) -> None:
    StageRunFactory(stage="clip")
    StageRunFactory(stage="assembly")
    assert listed(desk, STAGE_RUNS, stage="clip") == {"clip"}


@pytest.mark.parametrize("rows", [1, 20])
@pytest.mark.parametrize("url", [GENERATIONS, STAGE_RUNS])
def test_a_list_costs_the_same_for_one_row_and_for_twenty(
    desk: Client, django_assert_num_queries, url: str, rows: int
) -> None:
    StageRunFactory.create_batch(rows)
    with django_assert_num_queries(4):  # The session, the user, the bounded count, the rows.
        assert len(listed(desk, url)) == 1


def test_a_large_table_is_not_counted_to_its_end(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pagination, "MOST_ROWS", 3)
    GenerationFactory.create_batch(5)
    assert desk.get(GENERATIONS).context["cl"].result_count == 3


@pytest.mark.parametrize("url", [GENERATIONS, STAGE_RUNS])
def test_markup_in_what_users_write_stays_text(desk: Client, url: str) -> None:
    generation = GenerationFactory(prompt="<script>alert(1)</script>", stage="<i>", provider="<b>x")
    StageRunFactory(generation=generation, worker="<b>x", error_code="<b>x", error_message='"><b>x')
    page = desk.get(url).content
    assert b"&lt;script&gt;alert(1)" in page
    assert b"<script>alert(1)" not in page
    assert b"<b>x" not in page


def test_the_first_page_counts_what_needs_a_person(day: None, desk: Client) -> None:
    board = desk.get(reverse("admin:index")).context["board"]
    assert (board.queued, board.running, board.stuck, board.failed) == (2, 2, 1, 1)


def test_the_first_page_counts_what_providers_have_and_what_asks_for_a_decision(desk: Client) -> None:
    StageRunFactory(queue="clips", status=StageStatus.WAITING)
    undecided_call()
    answer = desk.get(reverse("admin:index"))
    board, page = answer.context["board"], answer.content.decode()
    assert (board.waiting, board.undecided) == (1, 1)
    assert "/admin/generations/providercall/?question=undecided" in page


def test_the_first_page_leads_to_calls_only_who_may_see_them(staff_with: Callable[..., Client]) -> None:
    page = staff_with("view_generation").get(reverse("admin:index")).content
    assert b"providercall" not in page


def test_a_waiting_attempt_is_listed_with_the_provider_that_has_it(desk: Client) -> None:
    clip = ClipFactory(provider="replicate")
    StageRunFactory(clip=clip, stage="clip", status=StageStatus.WAITING, worker="host:1:42")
    page = desk.get(STAGE_RUNS).content.decode()
    assert "at replicate<br>" in page
    assert "host:1:42" not in page


def test_the_first_page_tells_how_long_the_queues_are(desk: Client) -> None:
    StageRunFactory(queue="clips", available_at=ago(minutes=3))
    StageRunFactory(queue="clips", available_at=ago(minutes=-3))
    StageRunFactory(queue="clips", status=StageStatus.RUNNING)
    analysis, clips, _ = desk.get(reverse("admin:index")).context["board"].queues
    assert (clips.queued, clips.running, analysis.queued) == (2, 1, 0)
    assert timedelta(minutes=3) <= timezone.now() - clips.oldest_at < timedelta(minutes=4)


@pytest.mark.parametrize("rows", [1, 20])
def test_the_first_page_costs_the_same_for_one_row_and_for_twenty(
    desk: Client, django_assert_num_queries, rows: int
) -> None:
    StageRunFactory.create_batch(rows)
    with django_assert_num_queries(6):  # The session, the user, the board's three, the recent actions.
        desk.get(reverse("admin:index"))


def test_the_first_page_shows_no_numbers_to_who_may_not_see_them(client: Client, mallory: User) -> None:
    mallory.is_staff = True
    mallory.save()
    client.force_login(mallory)
    assert b"vg-board" not in client.get(reverse("admin:index")).content
