"""Which way imports point, as code."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Lowest first: a module imports only from its own layer and from those before it.
LAYERS = ["videogen.kernel", "videogen.accounts", "storage_app", "analysis", "generations", "videogen"]
INSIDE_GENERATIONS = [
    "generations.states",
    "generations.media",
    "generations.models",
    "generations.pipeline",
    "generations.providers",
    "generations.services",
    "generations.stages",
]
# What an app shows to the ones above it.
FACES = {
    "models",
    "services",
    "contracts",
    "costs",
    "errors",
    "configuration",
    "responses",
    "tickets",
    "authentication",
    "permissions",
}

#: Facts about an installation, without Django and without side effects; settings and commands ask them.
NEUTRAL = {"videogen.embedded.places", "videogen.environment", "videogen.stack"}


#: Chaos plays with the whole stack, as tests do.
NOT_THE_PRODUCT = {"tests", "migrations", "chaos"}


def modules() -> list[Path]:
    folders = ["videogen", "storage_app", "analysis", "generations"]
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path for path in paths if not NOT_THE_PRODUCT & set(path.parts))


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def layer_of(name: str, layers: list[str]) -> int | None:
    matches = [i for i, layer in enumerate(layers) if name == layer or name.startswith(layer + ".")]
    return max(matches, key=lambda i: len(layers[i])) if matches else None


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_point_down(path: Path) -> None:
    for layers in (LAYERS, INSIDE_GENERATIONS):
        own = layer_of(name_of(path), layers)
        if own is None:
            continue
        imported = (name for name in imports_of(path) if not name.startswith(tuple(NEUTRAL)))
        upward = [name for name in imported if (layer_of(name, layers) or 0) > own]
        assert upward == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_an_app_shows_only_its_face(path: Path) -> None:
    apps = ["storage_app", "analysis"]
    own = name_of(path).split(".")[0]
    inner = [
        name
        for name in imports_of(path)
        for app in apps
        if own not in {app, "videogen"} and name.startswith(f"{app}.") and name.split(".")[1] not in FACES
    ]
    assert inner == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_nothing_is_imported_inside_a_function(path: Path) -> None:
    functions = (
        n
        for n in ast.walk(ast.parse(path.read_text()))
        if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    late = [n.lineno for f in functions for n in ast.walk(f) if isinstance(n, ast.Import | ast.ImportFrom)]
    assert late == []


def test_the_top_level_stays_small() -> None:
    allowed = {
        *["videogen", "generations", "analysis", "storage_app", "templates", "deploy", "loadtests"],
        *["manage.py", "requirements.txt", "README.md", "requirements-dev.txt", "pyproject.toml"],
        *["Makefile", "LICENSE", "CHANGELOG.md", "conftest.py"],
    }
    made_here = {"var", "out", "staticfiles"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith((".", "__"))}
    assert found - allowed - made_here == set()


def test_what_is_heavy_is_loaded_by_those_who_use_it() -> None:
    load = "import sys, django; django.setup(); import videogen.urls; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", load],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "videogen.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"django", "openai", "boto3", "skia", "av"} & set(loaded.stdout.split()) == {"django"}
