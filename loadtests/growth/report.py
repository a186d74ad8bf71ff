"""What was measured at each size, written down and shown."""

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtests.growth.deeds import DEEDS, WARM_UP_ROUNDS, Times
from loadtests.growth.judging import LIMIT, summary, verdict
from loadtests.growth.places import Place, Size
from loadtests.reporting.about import machine_describe

NAME = "bench-growth"
WALL, WORK = "wall clock", "PostgreSQL"


def report(places: list[Place], wall: Times, work: Times, *, rounds: int, postgres: str) -> dict[str, Any]:
    sizes = [place.size for place in places]
    measurements = [
        {"deed": name, **asdict(size), **asdict(summary(taken)), "milliseconds": taken}
        | {"postgres": asdict(summary(work[name, size])) if (name, size) in work else None}
        for (name, size), taken in wall.items()
    ]
    return {
        "command": shlex.join(["python", "-m", "loadtests.bench_growth", *sys.argv[1:]]),
        **machine_describe(),
        "PostgreSQL": postgres,
        "warmed": f"{WARM_UP_ROUNDS} rounds of everything at every size were made before, and thrown away",
        "rounds": rounds,
        "sizes": [asdict(place.size) | {"rows": place.facts["rows"]} for place in places],
        "verdicts": {WALL: verdicts(wall, sizes), WORK: verdicts(work, sizes)},
        "measurements": measurements,
    }


def verdicts(times: Times, sizes: list[Size]) -> dict[str, dict[str, Any]]:
    """Of each deed, where it was measured."""
    shortest, longest = histories(sizes)[0], histories(sizes)[-1]
    return {
        name: asdict(verdict(summary(times[name, shortest]), summary(times[name, longest])))
        for name in DEEDS
        if (name, longest) in times
    }


def histories(sizes: list[Size]) -> list[Size]:
    """Those that differ in their history alone, the shortest first."""
    return [size for size in sizes if size.backlog == sizes[0].backlog and not size.is_pruned]


def backlogs(sizes: list[Size]) -> list[Size]:
    """Those that differ in their backlog alone, the shortest first."""
    longest = max(size.history for size in sizes)
    found = [size for size in sizes if size.history == longest and not size.is_pruned]
    return sorted(found, key=lambda size: size.backlog)


def write(result: dict[str, Any], directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{NAME}.json").write_text(json.dumps(result, indent=2) + "\n")


def sizes_of(result: dict[str, Any]) -> list[Size]:
    return [Size(row["history"], row["backlog"], row["is_pruned"]) for row in result["sizes"]]


def by_deed(result: dict[str, Any]) -> dict[str, dict[Size, Mapping[str, Any]]]:
    """Each deed's measurements, in the order of their names, with the parts of the dispatcher's round."""
    found: dict[str, dict[Size, Mapping[str, Any]]] = {}
    for row in result["measurements"]:
        size = Size(row["history"], row["backlog"], row["is_pruned"])
        found.setdefault(row["deed"], {})[size] = row
    return found


def show(console: Console, result: dict[str, Any], directory: Path) -> int:
    """Print it. Answers what the program exits with."""
    sizes = sizes_of(result)
    console.print(_history_table(result, histories(sizes)))
    console.print(_backlog_table(result, sizes))
    console.print(
        f"Milliseconds: median, p95 (median of {WORK}'s own work). Either median may be {LIMIT:g} times as "
        "long at most, and what the quartiles say is noise."
    )
    console.print(f"Written to {directory}/{NAME}.json, .svg and .png.")
    return 0 if all(each["is_kept"] for of in result["verdicts"].values() for each in of.values()) else 1


def _history_table(result: dict[str, Any], sizes: list[Size]) -> Table:
    heads = [f"{size.history:,}" for size in sizes]
    table = Table("", *heads, "times (work)", title=f"{sizes[0].backlog:,} unfinished, ended:")
    for name, rows in by_deed(result).items():
        wall, work = (result["verdicts"][kind].get(name) for kind in (WALL, WORK))
        times = f"{_times(wall)} ({_times(work)})" if wall and work else _times(wall) if wall else ""
        _row_add(table, name, [_cell(rows[size]) for size in sizes], times)
    return table


def _backlog_table(result: dict[str, Any], sizes: list[Size]) -> Table:
    grown, pruned = backlogs(sizes), [size for size in sizes if size.is_pruned]
    heads = [f"{size.backlog:,}" for size in grown] + [f"{size.backlog:,}, pruned" for size in pruned]
    table = Table("", *heads, title=f"{grown[0].history:,} ended, unfinished:")
    for name, rows in by_deed(result).items():
        _row_add(table, name, [_cell(rows[size]) for size in (*grown, *pruned)])
    return table


def _row_add(table: Table, name: str, cells: list[str], *more: str) -> None:
    """Parts of the dispatcher's round stand below the whole."""
    is_part = name not in DEEDS
    shown = f"  {name.removeprefix('dispatch: ')}" if is_part else name
    table.add_row(shown, *cells, *more, style="dim" if is_part else "")


def _times(found: Mapping[str, Any]) -> str:
    mark = "" if found["is_kept"] else f" [red]✗ over {found['limit_ms']:.1f} ms[/]"
    return f"{found['ratio']:.2f}{mark}"


def _cell(row: Mapping[str, Any]) -> str:
    work = f" ({row['postgres']['median_ms']:.1f})" if row["postgres"] else ""
    return f"{row['median_ms']:.1f} {row['p95_ms']:.1f}{work}"
