"""The report as one page that needs nothing else."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loadtests.judging.growth import growths, is_too_short
from loadtests.judging.resources import others
from loadtests.judging.run import Run
from loadtests.judging.steps import StepResult
from loadtests.judging.verdicts import Judgement
from loadtests.reporting import words
from loadtests.reporting.plots import svg
from loadtests.reporting.series import plots
from loadtests.samples import ENDPOINTS
from loadtests.watching.processes import TRANSIENT

HERE = Path(__file__).parent
ERRORS_SHOWN = 20
CROWDED_PERCENT = 5


def page_render(run: Run, judgement: Judgement) -> str:
    environment = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html").render(
        run=run,
        judgement=judgement,
        css=(HERE / "page.css").read_text(),
        minutes=f"{(run.ended_at - run.started_at) / 60:.1f}".removesuffix(".0"),
        requests=len(run.samples.requests()),
        level=level(judgement),
        verdict=verdict(judgement),
        failed=judgement.failed,
        circumstances=circumstances(run, judgement),
        verdicts=sorted(judgement.verdicts, key=lambda each: each.level == "not judged"),
        several_steps=len(judgement.steps) > 1,
        steps=[step_row(step) for step in judgement.steps],
        endpoints=list(endpoint_rows(run)),
        errors=error_rows(run),
        plots=[(plot, svg(plot)) for plot in plots(run)],
        growths=growths(run),
        too_short=is_too_short(run),
        processes=process_rows(run),
        title=words.title,
        amount=words.amount,
        limit=words.limit,
        level_word=words.level_word,
        mebibytes=words.mebibytes,
    )


def level(judgement: Judgement) -> str:
    if judgement.failed:
        return "fail"
    return "warning" if any(each.level == "warning" for each in judgement.verdicts) else "pass"


def verdict(judgement: Judgement) -> str:
    judged = [each for each in judgement.verdicts if each.level != "not judged"]
    missed, close = len(judgement.failed), sum(each.level == "warning" for each in judged)
    if missed:
        return f"{missed} of {len(judged)} objectives missed"
    return f"All {len(judged)} objectives met" + (f", {close} of them closely" if close else "")


def circumstances(run: Run, judgement: Judgement) -> str:
    """Whose limit was measured."""
    strangers = others(run)
    crowd = f" Other programs took {strangers:.0f} % of the machine." if strangers >= CROWDED_PERCENT else ""
    limits = run.budgets.generator
    busy = judgement.generator_cpu >= limits.cpu_percent or judgement.generator_lag >= limits.lag_p95_ms
    facts = (
        f"The load generator used {judgement.generator_cpu:.0f} % of a core "
        f"and was late by {judgement.generator_lag:.1f} ms (95th percentile of the seconds)"
    )
    if busy:
        return f"{facts}: times above are partly its own, and the service may be faster.{crowd}"
    return f"{facts}: the times are the service's.{crowd}"


def step_row(step: StepResult) -> dict[str, Any]:
    times = [step.samples.of(name).percentile(95) for name in ENDPOINTS]
    return {
        "users": step.users,
        "rate": f"{len(step.samples.requests()) / (step.end - step.start):,.0f}",
        "p95": [words.amount(value, "ms") for value in times],
        "errors": step.samples.requests().errors,
        "holds": step.holds,
        "verdict": step.verdict,
    }


def endpoint_rows(run: Run) -> Iterator[tuple[str, list[str]]]:
    for name in sorted(run.samples.names):
        chosen = run.samples.of(name)
        times = [chosen.percentile(percent) for percent in (50, 75, 95, 99, 100)]
        cells = ["-" if value is None else f"{value:,.1f}" for value in times]
        yield name, [f"{len(chosen):,}", f"{chosen.errors:,}", *cells]


def error_rows(run: Run) -> list[tuple[str, int]]:
    counts = Counter(f"{each['name']}: {each['error']}" for each in run.errors)
    if run.outcomes:
        counts.update({f"a generation failed, {why}": count for why, count in run.outcomes.failures.items()})
    return counts.most_common(ERRORS_SHOWN)


def process_rows(run: Run) -> list[tuple[str, int, int, int, int]]:
    most: dict[str, tuple[int, int, int, int]] = {}
    for moment in run.moments:
        for look in moment.processes:
            if look.role not in TRANSIENT:
                now = look.rss, look.pss, look.threads, look.files
                before = most.get(look.name, now)
                most[look.name] = tuple(map(max, before, now))  # type: ignore[assignment]
    return [(name, *numbers) for name, numbers in sorted(most.items())]
