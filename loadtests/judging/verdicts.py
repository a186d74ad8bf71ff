"""Each objective with its value: passed, close to the limit, failed, or not judged and why."""

from dataclasses import dataclass
from typing import Literal

from loadtests.judging.growth import growth_doubts, is_too_short
from loadtests.judging.latencies import latency_value
from loadtests.judging.resources import VALUES, resource_value
from loadtests.judging.run import Run
from loadtests.judging.steps import StepResult, capacity, steps_judge
from loadtests.samples import percentile
from loadtests.scenarios import Objective

Level = Literal["pass", "warning", "fail", "not judged"]


@dataclass(frozen=True)
class Verdict:
    objective: Objective
    value: float | None
    level: Level
    reason: str = ""


@dataclass(frozen=True)
class Judgement:
    verdicts: list[Verdict]
    steps: list[StepResult]
    #: The part of the run that latencies were taken from.
    measured: str
    generator_cpu: float
    generator_lag: float

    @property
    def failed(self) -> list[Verdict]:
        return [verdict for verdict in self.verdicts if verdict.level == "fail"]


def run_judge(run: Run) -> Judgement:
    steps = steps_judge(
        run.scenario,
        run.budgets,
        run.samples,
        run.generator,
        started_at=run.started_at,
        now=run.ended_at + 1,
    )
    measured, samples = "the whole run", run.samples
    if run.scenario.until_broken and steps:
        # Beyond its capacity everything is slow; what it holds is shown by the last step that it held.
        chosen = next((step for step in steps if step.users == capacity(steps)), steps[0])
        measured, samples = f"the step with {chosen.users} users", chosen.samples
    verdicts = []
    for objective in run.budgets.objectives:
        if not objective.is_for(run.name):
            verdicts.append(Verdict(objective, None, "not judged", f"not in {run.name}"))
        elif objective.metric == "capacity":
            verdicts.append(_verdict(objective, float(capacity(steps)), _breaking(steps)))
        elif objective.metric in VALUES:
            verdicts.append(_resource_verdict(objective, run))
        else:
            verdicts.append(_verdict(objective, latency_value(objective, samples)))
    cpu = [line["cpu_percent"] for line in run.generator]
    lag = [line["lag_p95_ms"] for line in run.generator]
    return Judgement(verdicts, steps, measured, percentile(cpu, 95) or 0.0, percentile(lag, 95) or 0.0)


def _resource_verdict(objective: Objective, run: Run) -> Verdict:
    value = resource_value(objective, run)
    if value is None and not run.moments and objective.metric != "supported":
        return Verdict(objective, None, "not judged", "the stack was not watched")
    if objective.metric == "growth":
        return _growth_verdict(objective, value, run)
    return _verdict(objective, value)


def _growth_verdict(objective: Objective, value: float | None, run: Run) -> Verdict:
    if is_too_short(run):
        memory = run.budgets.memory
        least = memory.from_minute + 2 * memory.window_minutes
        return Verdict(objective, None, "not judged", f"the run is shorter than {least} minutes")
    if doubts := growth_doubts(run):
        return Verdict(objective, value, "fail", "; ".join(doubts))
    return _verdict(objective, value)


def _verdict(objective: Objective, value: float | None, reason: str = "") -> Verdict:
    if value is None:
        return Verdict(objective, None, "fail", "nothing was measured")
    if not objective.holds(value):
        return Verdict(objective, value, "fail", reason)
    return Verdict(objective, value, "warning" if objective.is_close(value) else "pass", reason)


def _breaking(steps: list[StepResult]) -> str:
    broken = next((step for step in steps if not step.holds), None)
    if broken is None:
        return "no step broke"
    return f"with {broken.users} users: {broken.verdict}"
