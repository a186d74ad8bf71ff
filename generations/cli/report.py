"""What came of it, in a small table; and the names that the files get."""

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from generations.cli.board import Board
from videogen.kernel.admin.formatting import usd

LONGEST_NAME = 60
LABEL_WIDTH = 10
STYLES = {"Warning": "yellow"}


def file_stem(prompt: str, generation_id: str) -> str:
    """The prompt's words, and enough of the id to be the only one."""
    words = re.findall(r"\w+", prompt.lower())
    name = ""
    for word in words:
        if len(f"{name}-{word}".encode()) > LONGEST_NAME:
            break
        name = f"{name}-{word}" if name else word
    return f"{name or 'video'}-{generation_id[:8]}"


def report(
    generation: Mapping[str, Any], board: Board, *, video: Path, poster: Path | None, seconds: float
) -> list[tuple[str, str]]:
    """Where the files are, and what they took: labels and values."""
    made, seed = generation["video"], generation["seed"]
    size = f"{made['width']}x{made['height']}"
    return [
        ("Video", str(video)),
        ("Poster", str(poster) if poster else "none"),
        ("Picture", f"{made['duration_seconds']} s, {size}, {_bytes(made['size_bytes'])}"),
        ("Took", f"{seconds:.1f} s"),
        ("", _stages(board)),
        ("Cost", cost_words(generation["cost"])),
        ("Provider", " ".join(dict.fromkeys([generation["provider"], generation["model"]]))),
        ("Seed", f"{seed} (--seed {seed} makes it again)" if _is_drawn(generation) else str(seed)),
        *(("Warning", _warning(warning)) for warning in generation["warnings"]),
    ]


def _is_drawn(generation: Mapping[str, Any]) -> bool:
    """Whether the same request gives the same pictures. Hosted models give others, and for money."""
    return bool(generation["provider"] == "animatic")


def report_print(console: Console, rows: list[tuple[str, str]]) -> None:
    """A table for people; on a pipe plain lines, so that a path stays in one piece."""
    if not console.is_terminal:
        for label, value in rows:
            console.print(f"{label:<{LABEL_WIDTH}}{value}", markup=False)
        return
    table = Table(box=box.ROUNDED, show_header=False, border_style="green")
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for label, value in rows:
        # Text, not markup: a path's [brackets] are themselves.
        table.add_row(Text(label, STYLES.get(label, "")), Text(value, "" if label else "dim"))
    console.print(table)


def _stages(board: Board) -> str:
    timed = [(row.label, row.seconds) for row in board.rows.values() if row.seconds is not None]
    return ", ".join(f"{label.lower()} {seconds:.1f}\N{NO-BREAK SPACE}s" for label, seconds in timed)


def cost_words(cost: Mapping[str, str]) -> str:
    """What was paid, and how much of it for text where that is not all."""
    whole, text = Decimal(cost["actual_usd"]), Decimal(cost["analysis_usd"])
    if whole == 0:
        return "nothing"
    return usd(whole) + (f", of which {usd(text)} for text" if 0 < text < whole else "")


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.0f} kB"


def _warning(warning: object) -> str:
    return str(warning.get("message", warning)) if isinstance(warning, Mapping) else str(warning)
