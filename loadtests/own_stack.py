"""A stack of its own for a measurement: own data, free ports, nothing left afterwards."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from videogen.embedded.places import api_key_file
from videogen.stack.claim import StackFacts, facts_read

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 90
#: All that is inherited: what configures another stack must not reach this one.
INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class OwnStack:
    url: str
    websocket_url: str
    api_key: str
    data_dir: Path


def sigterm_leaves() -> None:
    """From here on SIGTERM ends the program as Ctrl-C does: what it has started ends with it."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


@contextmanager
def own_stack(**variables: str) -> Iterator[OwnStack]:
    """`manage.py up` with these settings, until the `with` block ends, also by SIGTERM."""
    sigterm_leaves()
    with TemporaryDirectory(prefix="videogen-") as place:
        directory = Path(place)
        directory.chmod(0o711)  # The servers of root run as another user, who has to pass through.
        data_dir = directory / "var"
        process = _start(directory / "up.log", data_dir, variables)
        try:
            facts = _await(process, data_dir, directory / "up.log")
            api_key = api_key_file(data_dir).read_text().strip()
            yield OwnStack(facts.url, facts.websocket_url, api_key, data_dir)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def _start(log: Path, data_dir: Path, variables: dict[str, str]) -> "subprocess.Popen[bytes]":
    inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
    own = {"DATA_DIR": str(data_dir), "PORT": free_port(), "WS_PORT": free_port()}
    with log.open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "manage.py", "up", "--quiet"],
            cwd=ROOT,
            env=inherited | own | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


def _await(process: "subprocess.Popen[bytes]", data_dir: Path, log: Path) -> StackFacts:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if facts := facts_read(data_dir):
            return facts
        time.sleep(0.05)
    sys.exit(f"The stack does not start: {log.read_text().strip()}")


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])
