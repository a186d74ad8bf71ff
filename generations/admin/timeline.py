"""The stage runs of a generation laid out in time: a lane for each stage and clip, a bar for each attempt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from generations.models import StageRun
from generations.pipeline import STAGE, STAGES
from generations.states import StageStatus
from videogen.kernel.admin.formatting import NONE, between, duration, words

Interval = tuple[datetime, datetime]

#: A pause is cut out of the axis when it is longer than this, and than a quarter of the work.
SHORTEST_PAUSE = timedelta(seconds=20)
PAUSE_WIDTH = 3.0
THINNEST_BAR = 0.4
#: Here "waiting" is for a worker.
AT_A_PROVIDER = "at a provider"


@dataclass(frozen=True)
class Span:
    """A piece of the axis. `x` and `width` are percent."""

    start: datetime
    end: datetime
    x: float
    width: float
    is_pause: bool = False

    @property
    def label(self) -> str:
        return f"nothing ran for {duration(between(self.start, self.end))}"


class Axis:
    """Maps moments to 0 to 100 percent. Long pauses, such as a night before a retry, are drawn short."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        stretches = merged(intervals, tolerance=timedelta(0))
        work = sum((end - start for start, end in stretches), timedelta(0))
        stretches = merged(stretches, tolerance=max(SHORTEST_PAUSE, work / 4))
        shown = sum(((end - start).total_seconds() for start, end in stretches), 0.0) or 1.0
        scale = (100 - PAUSE_WIDTH * (len(stretches) - 1)) / shown
        self.spans: list[Span] = []
        for start, end in stretches:
            if self.spans:
                self._add(self.spans[-1].end, start, PAUSE_WIDTH, is_pause=True)
            self._add(start, end, (end - start).total_seconds() * scale)

    def _add(self, start: datetime, end: datetime, width: float, is_pause: bool = False) -> None:
        x = self.spans[-1].x + self.spans[-1].width if self.spans else 0.0
        self.spans.append(Span(start, end, x, width, is_pause))

    def at(self, moment: datetime) -> float:
        """Where a moment lies."""
        span = next((span for span in self.spans if moment <= span.end), self.spans[-1])
        length = (span.end - span.start).total_seconds()
        share = (moment - span.start).total_seconds() / length if length else 0
        return span.x + span.width * min(max(share, 0), 1)

    @property
    def pauses(self) -> list[Span]:
        return [span for span in self.spans if span.is_pause]

    @property
    def seconds_shown(self) -> float:
        """How long the axis is without its pauses."""
        return sum((span.end - span.start).total_seconds() for span in self.spans if not span.is_pause)


def merged(intervals: Iterable[Interval], *, tolerance: timedelta) -> list[Interval]:
    """In order, joined where they touch or lie no further apart than `tolerance`."""
    joined: list[Interval] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1] + tolerance:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


@dataclass(frozen=True)
class Bar:
    """One attempt: pale while it waited for a worker, solid while it ran. All numbers are percent."""

    run: StageRun
    x: float
    run_x: float
    end: float
    title: str

    @property
    def wait_width(self) -> float:
        return self.run_x - self.x

    @property
    def run_width(self) -> float:
        return max(self.end - self.run_x, THINNEST_BAR if self.run.started_at else 0)


@dataclass
class Lane:
    """One row of the picture."""

    name: str
    bars: list[Bar] = field(default_factory=list)

    @property
    def seconds(self) -> str:
        """How long its attempts ran, together."""
        ran = [bar.run for bar in self.bars if bar.run.started_at]
        return duration(sum(between(run.started_at, run.finished_at) or 0 for run in ran)) if ran else NONE

    @property
    def summary(self) -> str:
        """What a screen reader says instead of the bars."""
        return f"{self.name}: " + "; ".join(bar.title for bar in self.bars)


@dataclass(frozen=True)
class Timeline:
    """What the template draws."""

    axis: Axis
    lanes: list[Lane]
    ticks: list[tuple[float, str]]

    @property
    def legend(self) -> list[tuple[str, str]]:
        """The statuses that appear in it, and what they are called here."""
        statuses = sorted({bar.run.status for lane in self.lanes for bar in lane.bars})
        return [
            (status, AT_A_PROVIDER if status == StageStatus.WAITING else words(status)) for status in statuses
        ]


def timeline_of(runs: Sequence[StageRun], positions: Mapping[UUID, int], now: datetime) -> Timeline | None:
    """The picture of these runs, or None where nothing has been planned yet."""
    if not runs:
        return None
    axis = Axis((run.created_at, max(run.finished_at or now, run.created_at)) for run in runs)
    lanes: dict[tuple[int, int], Lane] = {}
    for run in sorted(runs, key=lambda run: (run.created_at, run.attempt)):
        key = _lane_key(run, positions)
        lane = lanes.setdefault(key, Lane(f"clip {key[1]}" if run.clip_id else words(run.stage)))
        lane.bars.append(_bar(run, axis, now))
    return Timeline(axis, [lanes[key] for key in sorted(lanes)], _ticks(axis))


def _lane_key(run: StageRun, positions: Mapping[UUID, int]) -> tuple[int, int]:
    """By the pipeline's order. All stages of one clip share a lane, at the place of the first of them."""
    order = [stage.name for stage in STAGES]
    if run.clip_id:
        first = next(index for index, name in enumerate(order) if STAGE[name].per_clip)
        return first, positions.get(run.clip_id, 0)
    return order.index(run.stage) if run.stage in STAGE else len(order), 0


def _bar(run: StageRun, axis: Axis, now: datetime) -> Bar:
    end = run.finished_at or now
    started = run.started_at or end
    waited = duration(between(run.created_at, started))
    status = AT_A_PROVIDER if run.status == StageStatus.WAITING else run.status
    title = f"{words(run.stage)}, attempt {run.attempt}: {status}, waited {waited}"
    if run.started_at:
        title += f", ran {duration(between(run.started_at, end))}"
    if run.error_code:
        title += f", {run.error_code}"
    return Bar(run, axis.at(run.created_at), axis.at(started), axis.at(end), title)


def _ticks(axis: Axis) -> list[tuple[float, str]]:
    """Seconds passed at each quarter of an unbroken axis; else when each stretch began."""
    if axis.pauses:
        return [(span.x, f"{span.start:%d %b %H:%M:%S}") for span in axis.spans if not span.is_pause]
    return [(quarter * 25.0, duration(axis.seconds_shown * quarter / 4)) for quarter in range(5)]
