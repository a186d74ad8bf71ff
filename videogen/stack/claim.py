"""Whose data directory it is, and what the stack that owns it says about itself."""

import errno
import fcntl
import json
import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from videogen.embedded.places import lock_file, stack_file
from videogen.stack.program import StackError


@dataclass(frozen=True)
class StackFacts:
    """`started_at` is the process's own, so that another one with a recycled pid is not taken for it."""

    pid: int
    started_at: float
    url: str
    websocket_url: str


def facts_read(data_dir: Path) -> StackFacts | None:
    """The stack that runs on `data_dir` and is ready, if there is one."""
    try:
        facts = StackFacts(**json.loads(stack_file(data_dir).read_text()))
        alive = psutil.Process(facts.pid).create_time() == facts.started_at
    except (OSError, ValueError, TypeError, psutil.Error):
        return None
    return facts if alive else None


def facts_write(data_dir: Path, *, url: str, websocket_url: str) -> None:
    started_at = psutil.Process().create_time()
    facts = StackFacts(pid=os.getpid(), started_at=started_at, url=url, websocket_url=websocket_url)
    unfinished = stack_file(data_dir).with_suffix(".unfinished")
    unfinished.write_text(json.dumps(asdict(facts)))
    unfinished.replace(stack_file(data_dir))


def facts_remove(data_dir: Path) -> None:
    stack_file(data_dir).unlink(missing_ok=True)


def data_dir_claim(data_dir: Path) -> IO[str]:
    """Make the directory ours until the answer is closed, or we die."""
    try:
        # Others may pass, which the servers need where they are another user, but not look around.
        data_dir.mkdir(mode=0o711, parents=True, exist_ok=True)
        lock = lock_file(data_dir).open("a+")
    except OSError as error:
        raise StackError(f"DATA_DIR={data_dir} cannot be used: {error.strerror}.") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StackError(
            f"Another stack is using {data_dir}. Stop it, or set DATA_DIR, PORT and WS_PORT for a second."
        ) from None
    return lock


def port_check(host: str, port: int, *, variable: str) -> None:
    """Refuse with the name of the variable to change, before anything has been started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise StackError(_port_refusal(error, host, port, variable)) from None


def _port_refusal(error: OSError, host: str, port: int, variable: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken. Set {variable} to a free one, for example {variable}={port + 100}."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than we have. Set {variable} to one above 1023."
    return f"HOST={host} is not an address of this machine: {error.strerror}."
