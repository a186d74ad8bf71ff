"""The report is one page that needs nothing else, and has every part."""

import csv
import json
import re
from html.parser import HTMLParser

import pytest

from loadtests.judging.verdicts import run_judge
from loadtests.reporting.words import title
from loadtests.reporting.write import report_write
from loadtests.tests.synthetic import BUDGETS, a_run, samples

SECTIONS = ["verdict", "objectives", "endpoints", "errors", "plots", "memory", "about"]
PLOTS = [
    *["Users", "Requests", "Errors", "Load generator: CPU", "Load generator: lag"],
    *["GET /health", "POST /api/v1/generations", "GET /api/v1/generations/{id}", "WebSocket delivery"],
    *["CPU by role", "CPU of the machine", "Memory by role", "Database connections", "Redis memory"],
]


class Page(HTMLParser):
    """Notes ids, what the page would fetch, and the names of plots."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.fetched: list[str] = []
        self.plots: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "srcset", "action") and not (value or "").startswith("#"):
                self.fetched.append(value or "")
            if tag == "svg" and name == "aria-label":
                self.plots.append(value or "")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    """The report of a long run with a slow endpoint, an error and a busy load generator."""
    run = a_run(
        "endurance",
        seconds=600,
        samples=samples(seconds=600, milliseconds=600, of="GET /health"),
        errors=[{"at": 0, "name": "GET /health", "error": "<script>not well</script>"}],
    )
    for line in run.generator:
        line["cpu_percent"] = 99.0
    report_write(run, run_judge(run), directory := tmp_path_factory.mktemp("out") / "report")
    return directory


@pytest.fixture(scope="module")
def text(directory):
    return (directory / "report.html").read_text()


def test_the_page_fetches_nothing(text):
    assert Page(text).fetched == []
    assert re.findall(r"(?:https?:)?//[\w.]|@import|url\((?!#)", text) == []


def test_the_page_has_every_section_and_plot(text):
    page = Page(text)

    assert [section for section in SECTIONS if section not in page.ids] == []
    assert [plot for plot in PLOTS if plot not in page.plots] == []
    assert len(set(page.ids)) == len(page.ids)


def test_the_page_has_every_objective(text):
    assert [title(each) for each in BUDGETS.objectives if title(each) not in text] == []


def test_what_a_service_answers_is_shown_and_not_run(text):
    assert "&lt;script&gt;not well" in text and "<script>" not in text


def test_the_page_follows_dark_mode_and_narrow_screens(text):
    assert "prefers-color-scheme: dark" in text and "max-width: 40rem" in text
    assert re.findall(r"#0000[0-9a-f]{2}\b|#000[12]00", text) == []  # Colours that stand for the page's.


def test_the_verdict_names_what_is_missed(text):
    assert "3 of 29 objectives missed" in text
    assert "GET /health: p95: 600 ms, limit &lt; 50 ms" in text


def test_a_busy_load_generator_is_named(text):
    assert "times above are partly its own" in text


def test_a_crowded_machine_is_named(text):
    assert "Other programs took 49 % of the machine" in text


def test_growth_is_shown_with_how_it_was_computed(text):
    assert "Median of minutes 5 to 7 against that of the last 2" in text and "+0.0 %" in text


def test_tables_and_summary_stand_beside_the_page(directory):
    with (directory / "stats.csv").open() as file:
        assert {row["name"]: row["p95"] for row in csv.DictReader(file)}["GET /health"] == "600.000"
    with (directory / "processes.csv").open() as file:
        assert {row["role"] for row in csv.DictReader(file)} == {"web", "postgres"}
    assert (directory / "servers.csv").read_text().count("\n") == 601
    assert json.loads((directory / "summary.json").read_text())["passed"] is False
