"""`manage.py generate`, as a person runs it: with a stack of its own, in a process of its own."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from generations.tests.sockets import free_port
from videogen.stack.marks import processes_marked

EMBEDDED = ("DATABASE_URL", "REDIS_URL", "CACHE_REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "PUBLIC_WS_URL")


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """Where the embedded servers, which may be another user, can get."""
    with tempfile.TemporaryDirectory(prefix="videogen-", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o711)
        yield Path(name) / "var"


def generate(data_dir: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name not in EMBEDDED} | {
        "DATA_DIR": str(data_dir),
        "PORT": str(free_port()),
        "WS_PORT": str(free_port()),
        "EXTRA_PROVIDERS": "prerendered=generations.providers.prerendered.PrerenderedProvider",
    }
    command = [sys.executable, "manage.py", "generate", *arguments]
    return subprocess.Popen(
        command,
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def options(out: Path) -> list[str]:
    return ["--provider", "prerendered", "--resolution", "480p", "--out", str(out), "--start"]


def test_a_prompt_becomes_a_video_and_nothing_is_left_running(data_dir: Path, tmp_path: Path) -> None:
    process = generate(
        data_dir,
        *options(tmp_path),
        "--transition",
        "fade",
        "--duration",
        "8",
        "--",
        "-- A cup, [rainy] Tokyo",
    )
    output, errors = process.communicate(timeout=90)
    assert (process.returncode, errors) == (0, "")
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jpg", ".mp4"]
    assert all(path.name.startswith("a-cup-rainy-tokyo-") for path in tmp_path.iterdir())
    assert "the video is finished" in output
    assert processes_marked(str(data_dir)) == []


def test_ctrl_c_cancels_and_leaves_nothing_running(data_dir: Path, tmp_path: Path) -> None:
    process = generate(
        data_dir, *options(tmp_path), "--provider", "animatic", "--duration", "60", "A long film"
    )
    assert process.stdout is not None
    next(line for line in process.stdout if "clip 1 started" in line)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Cancelled." in output
    assert list(tmp_path.iterdir()) == []
    assert processes_marked(str(data_dir)) == []


def test_the_first_line_comes_at_once(data_dir: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    process = generate(data_dir, *options(tmp_path), "A film")
    assert process.stdout is not None
    process.stdout.readline()
    seconds = time.monotonic() - started
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert seconds < 5
    assert processes_marked(str(data_dir)) == []


def test_without_a_key_a_sentence_says_how_to_get_one(data_dir: Path) -> None:
    process = generate(data_dir, "A film")
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "create_api_key" in errors
    assert "Traceback" not in errors
