"""The board on a terminal, with a bar for each stage; on a pipe, one line for each event."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from generations.cli.board import LABELS, PER_CLIP, Board, Row

BAR_WIDTH = 36
MESSAGES = {
    "generation.queued": "waits for a worker",
    "generation.processing": "is being made",
    "generation.awaiting_approval": "waits for your approval of the storyboard",
    "generation.cancelling": "is being cancelled",
    "generation.completed": "is finished",
    "generation.failed": "has failed",
    "generation.cancelled": "is cancelled",
}
VERBS = {
    "stage.started": "started",
    "stage.succeeded": "done",
    "stage.postponed": "waits",
    "stage.retrying": "failed, tries again",
    "stage.lost": "lost its worker, starts again",
    "stage.failed": "failed",
    "clip.ready": "is ready",
}


class Display(Protocol):
    """Hears of each message after the board has."""

    def heard(self, message: dict[str, Any]) -> None: ...


def display(console: Console, board: Board) -> AbstractContextManager[Display]:
    """The right one for where the output goes."""
    return live_display(console, board) if console.is_terminal else plain_display(console)


@contextmanager
def plain_display(console: Console) -> Iterator[Display]:
    yield PlainDisplay(console)


@contextmanager
def live_display(console: Console, board: Board) -> Iterator[Display]:
    picture = Picture(board)
    with Live(get_renderable=picture.render, console=console, refresh_per_second=8):
        yield picture


class PlainDisplay:
    """For logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started = time.monotonic()

    def heard(self, message: dict[str, Any]) -> None:
        if message["type"] == "event":
            elapsed = time.monotonic() - self._started
            self._console.print(f"{elapsed:6.1f} s  {message['percentage']:3d} %  {sentence(message)}")


def sentence(event: dict[str, Any]) -> str:
    """An event in words."""
    if event["event"] == "storyboard.ready":
        count = event["data"]["clip_count"]
        return f"the storyboard has {count} clip{'' if count == 1 else 's'}"
    if event["event"] in MESSAGES:
        return f"the video {MESSAGES[event['event']]}" + _because(event)
    what = "clip" if event["event"] == "clip.ready" else LABELS.get(event["stage"], event["stage"]).lower()
    where = f"{what.removesuffix('s')} {event['position']}" if event["position"] else what
    return f"{where} {VERBS.get(event['event'], event['event'])}".lstrip() + _because(event)


def _because(event: dict[str, Any]) -> str:
    return f": {event['message']}" if event["message"] else ""


class Picture:
    """Drawn again and again while messages come in."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._started = time.monotonic()
        self._spinners: dict[str, Spinner] = {}

    def heard(self, message: dict[str, Any]) -> None:
        """Nothing to do: the next refresh shows it."""

    def render(self) -> Group:
        table = Table.grid(padding=(0, 1))
        table.add_column(width=1)
        table.add_column(min_width=16)
        table.add_column(width=BAR_WIDTH)
        table.add_column(justify="right", min_width=5)
        table.add_column(style="dim", overflow="ellipsis", no_wrap=True)
        for name, row in self._board.rows.items():
            table.add_row(*self._cells(name, row))
        table.add_row()
        table.add_row("", Text("Video", style="bold"), *self._overall())
        return Group(table)

    def _cells(self, name: str, row: Row) -> tuple[Any, ...]:
        bar = ProgressBar(
            100, 100 * row.fraction, width=BAR_WIDTH, complete_style="cyan", finished_style="green"
        )
        if row.is_done:
            return Text("✓", "green"), row.label, bar, _amount(name, row), _duration(row)
        if row.running:
            spinner = self._spinners.setdefault(name, Spinner("dots", style="cyan"))
            return spinner, Text(row.label, "bold"), bar, _amount(name, row), _working_on(name, row)
        if row.note:
            return Text("!", "yellow"), row.label, bar, _amount(name, row), Text(row.note, "yellow")
        return Text("·", "dim"), Text(row.label, "dim"), bar, Text(_amount(name, row), "dim"), ""

    def _overall(self) -> tuple[Any, ...]:
        board = self._board
        bar = ProgressBar(
            100, board.percentage, width=BAR_WIDTH, complete_style="magenta", finished_style="green"
        )
        elapsed = f"{time.monotonic() - self._started:.0f} s"
        left = f", about {board.eta_seconds} s left" if board.eta_seconds and board.percentage < 100 else ""
        state = "" if board.status in {"processing", "completed"} else f"{board.status.replace('_', ' ')}, "
        return bar, Text(f"{board.percentage} %", "bold"), f"{state}{elapsed}{left}"


def _amount(name: str, row: Row) -> str:
    if name not in PER_CLIP:
        return f"{100 * row.fraction:.0f} %"
    return f"{len(row.done)}/{row.total}" if row.total else ""


def _duration(row: Row) -> str:
    return "" if row.seconds is None else f"{row.seconds:.1f} s"


def _working_on(name: str, row: Row) -> str:
    """Which clips are at work, and how far."""
    if name not in PER_CLIP:
        return row.note
    return "  ".join(f"#{position} {percentage} %" for position, percentage in sorted(row.running.items()))
