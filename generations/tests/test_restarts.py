"""A whole stack whose servers die in the middle of the work, seen by a REST client."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from videogen.testing.processes import ROOT, family_kill
from videogen.testing.waiting import eventually

BODY = {"prompt": "A sailing boat at dawn", "duration_seconds": 8, "resolution": "480p"}
EMBEDDED = ("DATABASE_URL", "REDIS_URL", "CACHE_REDIS_URL", "SECRET_KEY")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="module")
def api(data_dir: Path) -> Iterator[httpx.Client]:
    ports = {"PORT": str(free_port()), "WS_PORT": str(free_port()), "DATA_DIR": str(data_dir)}
    kept = {name: value for name, value in os.environ.items() if name not in EMBEDDED}
    up = subprocess.Popen([sys.executable, "manage.py", "up", "--quiet"], cwd=ROOT, env=kept | ports)
    try:
        assert eventually((data_dir / "stack.json").exists, seconds=60)
        key = {"Authorization": f"Bearer {(data_dir / 'api_key').read_text().strip()}"}
        with httpx.Client(
            base_url=f"http://127.0.0.1:{ports['PORT']}/api/v1", headers=key, timeout=30
        ) as client:
            yield client
    finally:
        up.send_signal(signal.SIGINT)
        try:
            up.wait(timeout=30)
        except subprocess.TimeoutExpired:
            family_kill(up)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def submitted(api: httpx.Client) -> str:
    """A generation that is being rendered."""
    answer = api.post("/generations", json=BODY)
    assert answer.status_code == 202, answer.text
    path = f"/generations/{answer.json()['id']}"
    assert eventually(lambda: api.get(path).json()["stage"] == "clip", seconds=60)
    return path


def assert_completes(api: httpx.Client, path: str) -> None:
    def ended() -> bool:
        answer = api.get(path)
        return answer.is_success and answer.json()["status"] in {"completed", "failed"}

    assert eventually(ended, seconds=120), api.get(path).text
    generation = api.get(path).json()
    assert (generation["status"], generation["error"]) == ("completed", None)
    events = api.get(f"{path}/events", params={"limit": 100}).json()["results"]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert api.get(f"{path}/video").content[4:8] == b"ftyp"


def process_of(data_dir: Path, *words: str) -> psutil.Process:
    """The server of this stack whose command line has these words."""
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(data_dir) in line and all(word in line for word in words):
            return process
    raise AssertionError(f"No process with {words}")


def test_a_postgresql_that_restarts_is_503_meanwhile_and_loses_nothing(
    api: httpx.Client, data_dir: Path
) -> None:
    path = submitted(api)
    postmaster = int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    os.kill(postmaster, signal.SIGINT)  # A fast shutdown: it throws everybody out.
    away = next(a for a in (api.get(path) for _ in range(500)) if a.status_code != 200)
    assert (away.status_code, away.headers["Retry-After"]) == (503, "5")
    assert json.loads(away.text)["code"] == "unavailable.database"
    assert_completes(api, path)


def test_a_redis_that_is_killed_loses_nothing(api: httpx.Client, data_dir: Path) -> None:
    path = submitted(api)
    process_of(data_dir, "redis-server", "redis-queue").kill()
    assert api.get(path).status_code == 200  # Polls do not need it.
    second = api.post("/generations", json=BODY)
    assert second.status_code == 202  # Neither do submissions: the dispatcher sends them later.
    assert_completes(api, path)
    assert_completes(api, f"/generations/{second.json()['id']}")
