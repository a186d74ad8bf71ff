"""What the command line knows of a running generation."""

from datetime import UTC, datetime
from typing import Any

import pytest

from generations.cli.board import Board
from generations.cli.display import sentence
from generations.cli.report import cost_words, file_stem

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def event(name: str, stage: str = "", position: int | None = None, **values: Any) -> dict[str, Any]:
    return {
        "type": "event",
        "sequence": 1,
        "event": name,
        "stage": stage,
        "position": position,
        "status": "processing",
        "percentage": 0,
        "message": "",
        "data": {},
        "created_at": NOON.isoformat(),
    } | values


def movement(position: int, done: int, *, percentage: int = 0) -> dict[str, Any]:
    return {
        "type": "percentage",
        "stage": "clip",
        "position": position,
        "stage_percentage": done,
        "percentage": percentage,
        "eta_seconds": 7,
    }


@pytest.fixture
def board() -> Board:
    """Four clips, of which two are at work."""
    made = Board(branded=False)
    made.apply(event("storyboard.ready", "micro_prompts", data={"clip_count": 4}))
    for position in (1, 2):
        made.apply(event("stage.started", "clip", position))
    return made


def test_the_clips_bar_merges_what_each_clip_has_reached(board: Board) -> None:
    board.apply(event("stage.succeeded", "clip", 1))
    board.apply(movement(2, 50))
    assert board.rows["clip"].fraction == (1 + 0.5) / 4


def test_a_clip_that_starts_again_starts_from_nothing(board: Board) -> None:
    board.apply(movement(2, 50))
    board.apply(event("stage.lost", "clip", 2, message="Its worker went silent."))
    assert (board.rows["clip"].fraction, board.rows["clip"].note) == (0, "Its worker went silent.")


def test_a_stage_that_waits_says_why_until_it_is_done(board: Board) -> None:
    row = board.rows["prompt_analysis"]
    board.apply(event("stage.started", "prompt_analysis"))
    board.apply(event("stage.postponed", "prompt_analysis", message="The model is busy."))
    assert (row.running, row.note) == ({}, "The model is busy.")
    board.apply(event("stage.succeeded", "prompt_analysis"))
    assert (row.is_done, row.note) == (True, "")


@pytest.mark.parametrize(
    ("actual", "text", "words"),
    [
        ("0.000000", "0.000000", "nothing"),
        ("0.000310", "0.000310", "$0.00031"),
        ("1.502000", "0.002000", "$1.50, of which $0.0020 for text"),
        ("1.500000", "0.000000", "$1.50"),
    ],
)
def test_a_cost_is_told_to_the_digits_that_matter(actual: str, text: str, words: str) -> None:
    assert cost_words({"actual_usd": actual, "analysis_usd": text}) == words


def test_the_percentage_never_goes_back(board: Board) -> None:
    board.apply(movement(1, 50, percentage=40))
    board.apply(event("stage.started", "clip", 3, percentage=30))
    assert board.percentage == 40


def test_the_rest_counts_down_between_messages(board: Board) -> None:
    assert board.eta_seconds is None
    board.apply(movement(1, 50))
    assert board.eta_seconds == 7


def test_a_stage_takes_from_its_first_start_to_its_last_end(board: Board) -> None:
    board.apply(event("stage.succeeded", "clip", 1, created_at=NOON.replace(second=9).isoformat()))
    assert board.rows["clip"].seconds == 9


def test_the_brand_has_a_row_only_when_there_is_one() -> None:
    assert "brand_analysis" not in Board(branded=False).rows
    assert "brand_analysis" in Board(branded=True).rows


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (event("generation.queued"), "the video waits for a worker"),
        (event("generation.failed", message="No disk."), "the video has failed: No disk."),
        (event("stage.started", "clip", 2), "clip 2 started"),
        (event("stage.succeeded", "micro_prompts"), "storyboard done"),
        (event("storyboard.ready", data={"clip_count": 3}), "the storyboard has 3 clips"),
        (event("storyboard.ready", data={"clip_count": 1}), "the storyboard has 1 clip"),
        (event("clip.ready", "conform", 2), "clip 2 is ready"),
        (
            event("stage.postponed", "prompt_analysis", message="The model is busy."),
            "prompt analysis waits: The model is busy.",
        ),
        (event("something.new"), "something.new"),
    ],
)
def test_an_event_reads_as_a_sentence(message: dict[str, Any], words: str) -> None:
    assert sentence(message) == words


@pytest.mark.parametrize(
    ("prompt", "stem"),
    [
        ("A cup, rainy Tokyo!", "a-cup-rainy-tokyo-0123abcd"),
        ("../../etc/passwd", "etc-passwd-0123abcd"),
        ("Чашка кофе", "чашка-кофе-0123abcd"),
        ("?!", "video-0123abcd"),
        ("word " * 800, f"{'-'.join(['word'] * 12)}-0123abcd"),
    ],
)
def test_a_file_is_named_by_the_words_of_its_prompt(prompt: str, stem: str) -> None:
    assert file_stem(prompt, "0123abcd-ffff") == stem
