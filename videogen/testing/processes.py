"""Real processes on the rows that a test sees, which must be committed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]


def process_environment(**extra: str) -> dict[str, str]:
    """This process's environment, with the test's own database."""
    database = connection.settings_dict
    host = quote(database["HOST"], safe="")
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={host}"
    return os.environ | {"DATABASE_URL": url, "LOG_LEVEL": "WARNING", "LOG_FORMAT": "text"} | extra


def manage(*arguments: str, **extra: str) -> subprocess.Popen[bytes]:
    """Start `manage.py` with these arguments."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=process_environment(**extra))


def family_kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process and to all below it."""
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        for member in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    process.wait()


@contextmanager
def running(*processes: subprocess.Popen[bytes]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """At the end they are gone, and so is what was appended to the list."""
    started = list(processes)
    try:
        yield started
    finally:
        for process in started:
            family_kill(process)
