"""Writes the files of a report."""

import csv
import json
from pathlib import Path
from typing import Any

from loadtests.judging.growth import growths
from loadtests.judging.resources import others
from loadtests.judging.run import Run
from loadtests.judging.steps import StepResult
from loadtests.judging.verdicts import Judgement
from loadtests.reporting.page import page_render
from loadtests.reporting.words import limit, title
from loadtests.samples import Samples
from loadtests.watching.watcher import moments_write

ERRORS_SHOWN = 50
PERCENTILES = (50, 75, 95, 99, 100)


def report_write(run: Run, judgement: Judgement, directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "summary.json").write_text(json.dumps(summary(run, judgement), indent=2) + "\n")
    stats_write(run.samples, directory / "stats.csv", seconds=run.ended_at - run.started_at)
    if run.moments:
        moments_write(run.moments, directory)
    (directory / "report.html").write_text(page_render(run, judgement))


def summary(run: Run, judgement: Judgement) -> dict[str, Any]:
    return {
        "scenario": run.name,
        "about": run.about,
        "played": run.scenario.model_dump(mode="json", include={"subscribers", "steps"}),
        "seconds": run.ended_at - run.started_at,
        "passed": not judgement.failed,
        "objectives": [
            {
                "name": title(verdict.objective),
                "metric": verdict.objective.metric,
                "source": verdict.objective.source,
                "value": verdict.value,
                "unit": verdict.objective.unit,
                "limit": limit(verdict.objective),
                "higher_is_better": verdict.objective.at_least is not None,
                "verdict": verdict.level,
                "reason": verdict.reason,
            }
            for verdict in judgement.verdicts
        ],
        "endpoints": {name: endpoint(run.samples.of(name)) for name in sorted(run.samples.names)},
        "steps": [step_summary(step) for step in judgement.steps],
        "memory": [vars(each) | {"percent": each.percent} for each in growths(run)],
        "errors": run.errors[:ERRORS_SHOWN],
        "others_cpu_percent": others(run),
        "generator": {"cpu_percent": judgement.generator_cpu, "lag_ms": judgement.generator_lag},
    }


def endpoint(samples: Samples) -> dict[str, float | None]:
    times = {
        f"p{percent}" if percent < 100 else "max": samples.percentile(percent) for percent in PERCENTILES
    }
    return {"requests": len(samples), "errors": samples.errors, **times}


def step_summary(step: StepResult) -> dict[str, Any]:
    return {"users": step.users, "held": step.holds, "verdict": step.verdict}


def stats_write(samples: Samples, path: Path, *, seconds: float) -> None:
    """A line for each kind of request; times in milliseconds."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            ["name", "requests", "errors", "requests/s", *(f"p{p}" for p in PERCENTILES[:-1]), "max"]
        )
        for name in sorted(samples.names):
            chosen = samples.of(name)
            times = [chosen.percentile(percent) for percent in PERCENTILES]
            words = ["" if value is None else f"{value:.3f}" for value in times]
            writer.writerow([name, len(chosen), chosen.errors, f"{len(chosen) / seconds:.2f}", *words])
