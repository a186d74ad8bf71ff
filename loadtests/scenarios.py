"""The scenarios and objectives of `scenarios.toml`, checked when they are read."""

import math
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

FILE = Path(__file__).with_name("scenarios.toml")
GRACE_SECONDS = 30

Metric = Literal[
    "p50",
    "p95",
    "p99",
    "availability",
    "error_rate",
    "cpu",
    "memory",
    "connections",
    "idle_in_transaction",
    "redis_memory",
    "success_rate",
    "completion_p95",
    "supported",
    "growth",
    "capacity",
]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Step(Strict):
    users: PositiveInt
    ramp_seconds: int = 0
    seconds: PositiveInt

    @property
    def whole_seconds(self) -> int:
        return self.ramp_seconds + self.seconds


class Scenario(Strict):
    about: str
    subscribers: int
    steps: tuple[Step, ...] = Field(min_length=1)
    until_broken: bool = False

    @property
    def seconds(self) -> int:
        return sum(step.whole_seconds for step in self.steps)

    @property
    def most_users(self) -> int:
        return max(step.users for step in self.steps)

    def users_at(self, seconds: float) -> int | None:
        """Of the seed's kinds, so many seconds after the start; None when it is long over."""
        before = 0
        for step in self.steps:
            if seconds < step.ramp_seconds:
                return before + math.ceil((step.users - before) * seconds / step.ramp_seconds)
            if seconds < step.whole_seconds:
                return step.users
            seconds -= step.whole_seconds
            before = step.users
        # Whoever plays the scenario ends it: Locust counts from another moment, and asks once a second.
        return before if seconds < GRACE_SECONDS else None

    def changed(self, *, minutes: float | None, users: int | None) -> "Scenario":
        """Each step held for `minutes`; one step with `users`, of several those with no more."""
        steps = self.steps
        if users and len(steps) == 1:
            steps = (steps[0].model_copy(update={"users": users}),)
        elif users:
            steps = tuple(step for step in steps if step.users <= users) or steps[:1]
        if minutes:
            held = max(1, round(60 * minutes))
            steps = tuple(step.model_copy(update={"seconds": held}) for step in steps)
        return self.model_copy(update={"steps": steps})


class Objective(Strict):
    """What a value must be. Exactly one of `below`, `at_most` and `at_least` is the limit."""

    metric: Metric
    of: str
    unit: str
    source: Literal["seed", "issue"]
    below: float | None = None
    at_most: float | None = None
    at_least: float | None = None
    warning: float | None = None
    target: str = ""
    note: str = ""
    step: bool = False
    only_in: tuple[str, ...] = ()
    not_in: tuple[str, ...] = ()

    @model_validator(mode="after")
    def one_limit(self) -> "Objective":
        if [self.below, self.at_most, self.at_least].count(None) != 2:
            raise ValueError(f"{self.metric} of {self.of} needs one of below, at_most and at_least")
        return self

    def holds(self, value: float) -> bool:
        if self.at_least is not None:
            return value >= self.at_least
        return value < self.below if self.below is not None else value <= (self.at_most or 0)

    def is_close(self, value: float) -> bool:
        return self.warning is not None and value > self.warning

    def is_for(self, scenario: str) -> bool:
        return scenario not in self.not_in and (not self.only_in or scenario in self.only_in)


class StackSettings(Strict):
    users_per_key: PositiveInt
    environment: dict[str, str]

    @property
    def web_threads(self) -> int:
        return int(self.environment["WEB_WORKERS"]) * int(self.environment["WEB_THREADS"])


class MemorySettings(Strict):
    from_minute: int
    window_minutes: PositiveInt
    least_mb: PositiveInt


class GeneratorLimits(Strict):
    cpu_percent: float
    lag_p95_ms: float


class CompareSettings(Strict):
    tolerance_percent: float
    noise: dict[str, float]


class Budgets(Strict):
    stack: StackSettings
    scenarios: dict[str, Scenario]
    objectives: tuple[Objective, ...]
    memory: MemorySettings
    generator: GeneratorLimits
    compare: CompareSettings


def budgets_read(path: Path = FILE) -> Budgets:
    return Budgets.model_validate(tomllib.loads(path.read_text()))
