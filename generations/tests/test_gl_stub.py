"""Skia draws on a system that has none of the libraries that it is linked against."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from generations.providers.animatic.gl_stub import LIBRARIES, RETURN_ZERO, stand_in, symbols_wanted

ENSURE = "from generations.providers.animatic.gl_stub import gl_ensure; needed = gl_ensure(); import skia;"
SHOW_MAPS = "print(open('/proc/self/maps').read())"
CALL = (
    "import ctypes, sys; it = ctypes.CDLL(sys.argv[1]); print([getattr(it, name)() for name in sys.argv[2:]])"
)
DRAW = """
import numpy
pixels = numpy.zeros((64, 64, 4), numpy.uint8)
skia.Canvas(pixels).drawCircle(32, 32, 20, skia.Paint(Color=skia.ColorRED))
print(needed, pixels[32, 32].tolist(), pixels[32, 60].tolist(), pixels[..., 3].sum() // 255)
"""


@pytest.fixture
def bare_system(tmp_path: Path) -> dict[str, str]:
    """An environment in which the system's own libraries cannot be loaded: unreadable ones come first."""
    for soname in LIBRARIES:
        (tmp_path / soname).write_bytes(b"")
    return os.environ | {"LD_LIBRARY_PATH": str(tmp_path)}


def python(code: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_a_bare_system_cannot_load_skia_by_itself(bare_system):
    attempt = python("import skia", bare_system)

    assert "ImportError" in attempt.stderr


def test_skia_draws_with_stand_ins_only(bare_system):
    drawing = python(ENSURE + DRAW, bare_system)

    needed, rest = drawing.stdout.split(" ", 1)
    assert (needed, drawing.returncode) == ("True", 0), drawing.stderr
    assert rest.startswith("[255, 0, 0, 255] [0, 0, 0, 0]")
    assert int(rest.split()[-1]) == pytest.approx(3.14159 * 20**2, rel=0.05)


def test_nothing_of_the_system_stands_behind_a_stand_in(bare_system):
    maps = python(ENSURE + SHOW_MAPS, bare_system).stdout

    files = [line.split(maxsplit=5)[5] for line in maps.splitlines() if "libGL" in line or "libEGL" in line]
    assert {file.removeprefix("/memfd:").split()[0] for file in files} == {"libGL.so.1", "libEGL.so.1"}


def test_no_page_of_a_stand_in_is_both_written_and_executed(bare_system):
    maps = python(ENSURE + SHOW_MAPS, bare_system).stdout

    rights = {line.split()[1] for line in maps.splitlines() if "/memfd:" in line}
    assert {right for right in rights if "x" in right} == {"r-xp"}


def test_a_library_that_is_there_is_preferred():
    asked = python(
        "import ctypes\n"
        "from generations.providers.animatic import gl_stub\n"
        "for soname in gl_stub.LIBRARIES: ctypes.CDLL(soname)\n"
        "print(gl_stub.gl_ensure())",
        dict(os.environ),
    )
    if asked.returncode:
        pytest.skip("This system has none of the libraries.")

    assert asked.stdout == "False\n"


def test_a_stand_in_is_made_once(bare_system):
    again = python(ENSURE + "print(gl_ensure())", bare_system)

    assert again.stdout == "False\n"


@pytest.mark.parametrize("machine", [62, 183])
def test_a_stand_in_is_for_the_machine_that_skia_is_for(tmp_path, machine):
    library = tmp_path / "library.so"
    library.write_bytes(stand_in("library.so", [b"glFinish", b"glFlush"], machine=machine))

    assert int.from_bytes(library.read_bytes()[18:20], "little") == machine
    assert RETURN_ZERO[machine] in library.read_bytes()
    assert symbols_wanted(library)[1] == set()


@pytest.mark.parametrize("functions", [[], [b"glFinish"], [b"glFinish", b"glFinishFenceNV", b"glFlush"]])
def test_every_function_is_found_by_its_whole_name_and_answers_nothing(tmp_path, functions):
    machine, _ = symbols_wanted(Path(sys.executable))
    library = tmp_path / "library.so"
    library.write_bytes(stand_in("library.so", functions, machine=machine))

    called = subprocess.run([sys.executable, "-c", CALL, library, *functions], capture_output=True, text=True)

    assert called.stdout == f"{[0] * len(functions)}\n"
