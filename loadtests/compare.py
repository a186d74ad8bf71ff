"""Two runs of the same scenario beside each other: `python -m loadtests.compare A B`, summary.json of each.

Exits with 1 when B is worse than A by more than the tolerance and more than the noise, or lacks what A has.
"""

import argparse
import json
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from loadtests.reporting.words import amount
from loadtests.scenarios import CompareSettings, budgets_read

TIMES = ("p50", "p95", "p99")
#: Requests that a run does well without: a subscriber looks where nothing was told for long.
BY_CHANCE = "(silence)"


@dataclass(frozen=True)
class Difference:
    """A number of both runs; B may lack it. `noise` is in its own unit."""

    name: str
    unit: str
    a: float
    b: float | None
    noise: float
    higher_is_better: bool = False

    @property
    def percent(self) -> float | None:
        return 100 * (self.b / self.a - 1) if self.a and self.b is not None else None

    @property
    def loss(self) -> float:
        """How much worse B is; less than nothing where it is better. To lack it is worst."""
        if self.b is None:
            return math.inf
        return self.a - self.b if self.higher_is_better else self.b - self.a

    def is_sure(self, tolerance_percent: float) -> bool:
        """Of a share that should be all, what is missing is compared: 99 % is ten times as bad as 99.9 %."""
        base = 100 - self.a if self.higher_is_better and self.unit == "%" else self.a
        return abs(self.loss) > max(self.noise, abs(base) * tolerance_percent / 100)

    def is_worse(self, tolerance_percent: float) -> bool:
        return self.loss > 0 and self.is_sure(tolerance_percent)

    def is_better(self, tolerance_percent: float) -> bool:
        return self.loss < 0 and self.is_sure(tolerance_percent)


def differences(a: dict[str, Any], b: dict[str, Any], settings: CompareSettings) -> Iterator[Difference]:
    """What A has measured: times of every request, then the objectives that are not times of requests."""
    for name, before in sorted(a["endpoints"].items()):
        after = b["endpoints"].get(name, {})
        for time in TIMES:
            if before[time] is not None and not (time not in after and name.endswith(BY_CHANCE)):
                yield Difference(f"{name}: {time}", "ms", before[time], after.get(time), settings.noise["ms"])
    objectives = {(each["name"], each["source"]): each["value"] for each in b["objectives"]}
    for before in a["objectives"]:
        if before["metric"] in TIMES or before["value"] is None:
            continue
        yield Difference(
            before["name"],
            before["unit"],
            before["value"],
            objectives.get((before["name"], before["source"])),
            settings.noise.get(before["metric"], settings.noise[before["unit"]]),
            higher_is_better=before["higher_is_better"],
        )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m loadtests.compare", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("a", type=Path, help="summary.json of the earlier run")
    parser.add_argument("b", type=Path, help="summary.json of the later run")
    options = parser.parse_args(arguments)
    a, b = summary_read(options.a), summary_read(options.b)
    if a["scenario"] != b["scenario"]:
        sys.exit(f"A is a run of {a['scenario']}, B one of {b['scenario']}: they cannot be compared.")
    if a.get("played") != b.get("played"):
        sys.exit("A and B had other steps or users: they cannot be compared.")
    settings = budgets_read().compare
    found = list(dict.fromkeys(differences(a, b, settings)))
    console = Console()
    console.print(table(found, settings.tolerance_percent))
    worse = [each.name for each in found if each.is_worse(settings.tolerance_percent)]
    console.print(f"Worse: {', '.join(worse)}." if worse else "Nothing is worse.", highlight=False)
    return 1 if worse else 0


def summary_read(path: Path) -> dict[str, Any]:
    try:
        found = dict(json.loads(path.read_text()))
    except (OSError, ValueError, TypeError) as error:
        sys.exit(f"{path} is not the summary.json of a run: {error}")
    if missing := {"scenario", "endpoints", "objectives"} - found.keys():
        sys.exit(f"{path} is not the summary.json of a run: it has no {', '.join(sorted(missing))}.")
    return found


def table(found: list[Difference], tolerance_percent: float) -> Table:
    result = Table("")
    for heading in ("A", "B", "change"):
        result.add_column(heading, justify="right")
    for each in found:
        worse, better = each.is_worse(tolerance_percent), each.is_better(tolerance_percent)
        change = "" if each.percent is None else f"{each.percent:+.1f} %"
        result.add_row(
            each.name,
            amount(each.a, each.unit),
            amount(each.b, each.unit),
            change,
            style="red" if worse else "green" if better else "",
        )
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
