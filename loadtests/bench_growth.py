"""What the same costs while work grows: a poll, lists, a submission, a dispatcher's round, the admin's list.

Two things grow apart from each other: history, all of which has ended and must cost nothing, and the
backlog of what has not. Each size has a database of its own on one PostgreSQL; all are measured in turn.
Exits with 1 where a median with the longest history is more than twice that with the shortest, and noise.
"""

import argparse
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from loadtests.growth.deeds import Backends, measure
from loadtests.growth.places import Size, outside_cursor, places
from loadtests.growth.plot import plot
from loadtests.growth.report import report, show, write
from loadtests.peers.ground import ground

OUT = Path("out")


def main() -> int:
    options = parsed()
    console = Console()
    sizes = sizes_of(options.histories, options.backlogs)
    with ground(own=0, others=0) as stands, Progress(console=console) as progress:
        making = progress.add_task("Making rows", total=None)
        with places(stands, sizes) as made, outside_cursor(stands) as cursor:
            progress.update(making, total=1, completed=1)
            wall, work = measure(made, Backends(cursor), rounds=options.rounds, progress=progress)
            cursor.execute("SHOW server_version")
            postgres = cursor.fetchone()[0]
    result = report(made, wall, work, rounds=options.rounds, postgres=postgres)
    write(result, options.out)
    plot(result, options.out)
    return show(console, result, options.out)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench_growth", description=__doc__)
    parser.add_argument("--histories", nargs="+", type=int, default=[1_000, 10_000, 100_000])
    parser.add_argument("--backlogs", nargs="+", type=int, default=[10, 100, 1_000])
    parser.add_argument("--rounds", type=int, default=40, help="how often each is measured (40)")
    parser.add_argument("--out", type=Path, default=OUT, help="where the report and the plot go (out)")
    return parser.parse_args()


def sizes_of(histories: list[int], backlogs: list[int]) -> list[Size]:
    """Each history with the middle backlog, the longest history with each; and that one pruned."""
    usual, longest = sorted(backlogs)[len(backlogs) // 2], max(histories)
    sizes = [Size(history, usual) for history in sorted(histories)]
    others = [Size(longest, backlog) for backlog in sorted(backlogs) if backlog != usual]
    return [*sizes, *others, Size(longest, usual, is_pruned=True)]


if __name__ == "__main__":
    sys.exit(main())
