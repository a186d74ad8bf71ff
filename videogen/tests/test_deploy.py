"""The files of a deployment say what the code says."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml

from videogen.stack.configuration import StackConfiguration
from videogen.stack.services import front

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("videogen", "storage_app", "analysis", "generations")
COMPOSE = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
EXAMPLE = dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))


def modules() -> Iterator[Path]:
    """The code that runs in production."""
    for package in PACKAGES:
        paths = (ROOT / package).rglob("*.py")
        yield from (path for path in paths if not {"tests", "testing"} & set(path.parts))


def readings() -> Iterator[tuple[str, str, list[ast.expr]]]:
    """The function that reads, the variable, and the arguments after the first."""
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and reads_the_environment(ast.unparse(node.func)):
                texts = [
                    a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)
                ]
                if texts and re.fullmatch("[A-Z][A-Z0-9_]+", texts[0]):
                    yield ast.unparse(node.func), texts[0], node.args[1:]


def reads_the_environment(function: str) -> bool:
    # A plain `environ` is a request's, as WSGI has it.
    return bool(re.fullmatch(r"env_\w+|_text|(os\.environ|environment)\.get", function))


def literal_defaults() -> Iterator[tuple[str, str]]:
    for function, name, rest in readings():
        if function.startswith("env_") and rest and isinstance(rest[0], ast.Constant):
            value = rest[0].value
            yield name, str(int(value) if isinstance(value, bool) else value)


READ = {name for _, name, _ in readings()}


def application_services() -> list[str]:
    return [name for name, service in COMPOSE["services"].items() if service["image"] == "videogen"]


def test_the_example_lists_every_variable_that_is_read():
    assert READ - set(EXAMPLE) == set()


def test_the_example_lists_nothing_that_is_not_read():
    assert set(EXAMPLE) - READ == set()


@pytest.mark.parametrize("name, default", sorted(set(literal_defaults())))
def test_the_example_shows_the_default(name, default):
    assert EXAMPLE[name] == default


def test_the_example_gives_away_no_secret():
    assert EXAMPLE["SECRET_KEY"] == EXAMPLE["DATABASE_URL"] == ""


@pytest.mark.parametrize("service", application_services())
def test_a_service_is_given_only_variables_that_are_read(service):
    given = {name.removesuffix("_FILE") for name in COMPOSE["services"][service]["environment"]}

    assert given - READ == set()


@pytest.mark.parametrize("service", application_services())
def test_each_file_that_a_service_reads_is_a_secret_that_it_has(service):
    its = COMPOSE["services"][service]
    files = {Path(value).name for name, value in its["environment"].items() if name.endswith("_FILE")}

    assert files == set(its["secrets"]) <= set(COMPOSE["secrets"])


def test_each_stage_queue_has_workers_of_its_own(settings):
    commands = [service.get("command", []) for service in COMPOSE["services"].values()]
    workers = [command for command in commands if "rqworker" in command]

    assert sorted(command[-1] for command in workers) == sorted(settings.STAGE_QUEUES)
    assert all("--serializer=rq.serializers.JSONSerializer" in command for command in workers)


def test_only_the_proxy_can_be_reached_from_outside():
    assert [name for name, service in COMPOSE["services"].items() if "ports" in service] == ["proxy"]


def test_the_proxy_passes_requests_to_services_that_there_are():
    targets = re.findall(r"reverse_proxy (\w+):(\d+)", (ROOT / "deploy/Caddyfile").read_text())

    assert len(targets) == 2
    assert all(f"--port={port}" in COMPOSE["services"][name]["command"] for name, port in targets)


def test_the_proxy_lets_the_application_refuse_what_is_only_too_large():
    limits = re.findall(r"max_size (\d+)MiB", (ROOT / "deploy/Caddyfile").read_text())
    upload, other = (int(limit) * 2**20 for limit in limits)

    assert upload > int(EXAMPLE["MAX_UPLOAD_BYTES"])
    assert other > int(EXAMPLE["MAX_BODY_BYTES"])


def test_nothing_but_the_application_goes_into_the_image():
    rules = (ROOT / ".dockerignore").read_text().split("\n")
    admitted = {rule[1:].rstrip("/") for rule in rules if rule.startswith("!")}

    assert rules.index("*") < min(rules.index(rule) for rule in rules if rule.startswith("!"))
    assert admitted == {*PACKAGES, "templates", "manage.py", "requirements.txt"}


@pytest.fixture
def of_make_up(tmp_path: Path) -> dict[str, list[str]]:
    """What `make up` runs for each of the programs in front."""
    configuration = replace(StackConfiguration.from_settings(), data_dir=tmp_path)
    return {program.name: list(program.argv) for program in front(configuration)}


def options(words: list[str]) -> dict[str, str]:
    """Of a program, written either way."""
    return dict(pairwise(word for each in words for word in each.split("=", 1)))


@pytest.mark.parametrize("service, start", [("websocket", "--ws"), ("web", "--http")])
def test_a_server_is_started_as_by_make_up(service: str, start: str, of_make_up: Any) -> None:
    ours, theirs = (
        {name: value for name, value in options(words).items() if name.startswith(start)}
        for words in (of_make_up[service], COMPOSE["services"][service]["command"])
    )
    assert ours == theirs != {}
