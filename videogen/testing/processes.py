"""Real processes on the rows that a test sees, which must be committed."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import quote

import psutil
from django.db import connection

from videogen.testing.nursery import ROOT, Child, nursery

Started = subprocess.Popen[bytes] | Child


def process_environment(**extra: str) -> dict[str, str]:
    """This process's environment, with the test's own database."""
    database = connection.settings_dict
    host = quote(database["HOST"], safe="")
    url = f"postgresql://{database['USER']}@/{database['NAME']}?host={host}"
    inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    # As the stack tells them: NumPy would start a thread for each core.
    told = {"LOG_LEVEL": "WARNING", "LOG_FORMAT": "text", "OPENBLAS_NUM_THREADS": "1"}
    return inherited | {"DATABASE_URL": url} | told | extra


def manage_quickly(*arguments: str, **extra: str) -> Child:
    """As `manage`, but forked from a process that has loaded everything."""
    return nursery(process_environment(**extra)).start(arguments)


def manage(*arguments: str, **extra: str) -> subprocess.Popen[bytes]:
    """Start `manage.py` with these arguments."""
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=process_environment(**extra))


def family_kill(process: Started) -> None:
    """SIGKILL to a process and to all below it. Of one that has ended, the id may be a stranger's by now."""
    if process.poll() is not None:
        return
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        for member in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    process.wait()


@contextmanager
def running(*processes: Started) -> Iterator[list[Started]]:
    """At the end they are gone, and so is what was appended to the list."""
    started = list(processes)
    try:
        yield started
    finally:
        for process in started:
            family_kill(process)
