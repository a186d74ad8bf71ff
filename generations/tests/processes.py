"""Real worker and dispatcher processes on the test's own database."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote
import psutil
from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
QUEUES = ("analysis", "clips", "assembly")
WORKER = "generations.worker.StageWorker"


def environment(**extra: str) -> dict[str, str]:
    """What a process needs to work on the database that this test sees."""
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'], safe='')}"
    names = {"DATABASE_URL": url, "DATA_DIR": str(settings.DATA_DIR), "STAGE_LEASE_SECONDS": "3"}
    return os.environ | names | {"LOG_LEVEL": "WARNING", "LOG_FORMAT": "text"} | extra


def start(*arguments: str, **extra: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "manage.py", *arguments], cwd=ROOT, env=environment(**extra))


def start_worker(queue: str, worker_class: str = WORKER, **extra: str) -> subprocess.Popen[bytes]:
    serializer = "rq.serializers.JSONSerializer"
    return start("rqworker", queue, "--serializer", serializer, "--worker-class", worker_class, **extra)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process and all below it."""
    try:
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        family = []
    for member in family:
        try:
            member.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    process.wait()


@contextmanager
def running(*processes: subprocess.Popen[bytes]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """They are gone at the end, and so is what is appended to the list."""
    started = list(processes)
    try:
        yield started
    finally:
        for process in started:
            kill(process)


@contextmanager
def stage_processes(**extra: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """One worker for each queue, and a dispatcher."""
    with running(*(start_worker(queue, **extra) for queue in QUEUES), start("dispatch", **extra)) as all_of_them:
        yield all_of_them


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Look every 50 ms; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"Waited {seconds} s in vain: {what}")
        time.sleep(0.05)
