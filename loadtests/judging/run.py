"""Everything that is known of a run when it is over."""

import os
from dataclasses import dataclass, field
from typing import Any

from loadtests.samples import Samples
from loadtests.scenarios import Budgets, Scenario
from loadtests.watching.servers import Outcomes
from loadtests.watching.watcher import Moment


@dataclass(frozen=True)
class Run:
    """`generator` is the load generator on itself, second by second. Nothing is watched elsewhere."""

    name: str
    scenario: Scenario
    budgets: Budgets
    started_at: float
    ended_at: float
    samples: Samples
    generator: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    moments: list[Moment] = field(default_factory=list)
    outcomes: Outcomes | None = None
    cores: int = os.cpu_count() or 1
    about: dict[str, str] = field(default_factory=dict)


def users_at(line: dict[str, Any]) -> int:
    """How many of the seed's kinds there were when the load generator wrote this line."""
    return sum(count for kind, count in line["users"].items() if kind != "SubscribingUser")
