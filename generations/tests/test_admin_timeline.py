"""Attempts are drawn where they belong, and long pauses do not hide them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from generations.admin.timeline import Axis, merged, timeline_of
from generations.models import Clip, StageRun
from videogen.kernel.admin.formatting import duration, usd

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def run(
    stage: str, start: float, *, wait: float = 0, took: float | None = 1, clip: Clip | None = None
) -> StageRun:
    end = None if took is None else at(start + wait + took)
    return StageRun(
        stage=stage, clip=clip, created_at=at(start), started_at=at(start + wait), finished_at=end
    )


def test_intervals_are_joined_where_they_touch() -> None:
    intervals = [(at(5), at(6)), (at(0), at(2)), (at(1), at(3)), (at(3), at(4))]
    assert merged(intervals, tolerance=timedelta(0)) == [(at(0), at(4)), (at(5), at(6))]


def test_an_unbroken_axis_is_linear() -> None:
    axis = Axis([(at(0), at(10))])
    assert [axis.at(at(second)) for second in (0, 2.5, 10)] == [0, 25, 100]


def test_a_short_pause_stays_on_the_axis() -> None:
    assert Axis([(at(0), at(10)), (at(25), at(30))]).pauses == []


def test_a_long_pause_is_cut_to_a_mark() -> None:
    axis = Axis([(at(0), at(10)), (at(36_000), at(36_010))])
    assert [pause.label for pause in axis.pauses] == ["nothing ran for 9 h 59 min"]
    assert axis.at(at(10)) == pytest.approx(48.5)
    assert axis.at(at(36_000)) == pytest.approx(51.5)


def test_an_axis_without_length_does_not_divide_by_zero() -> None:
    assert Axis([(at(0), at(0))]).at(at(0)) == 0


def test_stages_are_in_the_order_of_the_pipeline_and_a_clip_has_one_lane() -> None:
    first, second = Clip(position=1), Clip(position=2)
    runs = [run("assembly", 9), run("conform", 3, clip=second), run("clip", 1, clip=second)]
    runs += [run("clip", 1, clip=first), run("micro_prompts", 0), run("a stage of the past", 0)]
    timeline = timeline_of(runs, {first.pk: 1, second.pk: 2}, now=at(20))
    assert timeline
    names = ["micro prompts", "clip 1", "clip 2", "assembly", "a stage of the past"]
    assert [lane.name for lane in timeline.lanes] == names
    assert [bar.run.stage for bar in timeline.lanes[2].bars] == ["clip", "conform"]


def test_waiting_and_working_are_told_apart() -> None:
    timeline = timeline_of([run("clip", 0, wait=5, took=15)], {}, now=at(99))
    assert timeline
    (bar,) = timeline.lanes[0].bars
    assert (bar.x, bar.wait_width, bar.run_width) == (0, 25, 75)


def test_what_still_runs_reaches_until_now() -> None:
    timeline = timeline_of([run("clip", 0, took=None), run("clip", 0, took=5)], {}, now=at(10))
    assert timeline
    assert [bar.end for bar in timeline.lanes[0].bars] == [100, 50]


def test_nothing_planned_is_nothing_to_draw() -> None:
    assert timeline_of([], {}, now=at(0)) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0.0 s"),
        (4.23, "4.2 s"),
        (9.96, "10 s"),
        (59.7, "1 min 00 s"),
        (185, "3 min 05 s"),
        (8040, "2 h 14 min"),
        (270_000, "3 d 3 h"),
    ],
)
def test_a_duration_has_at_most_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("amount", "text"), [("0", "$0.00"), ("0.0042", "$0.0042"), ("1.2345", "$1.23")])
def test_money_is_shown_in_cents_unless_they_hide_it(amount: str, text: str) -> None:
    assert usd(Decimal(amount)) == text
