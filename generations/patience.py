"""Finished work is not thrown away because PostgreSQL restarts."""

import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

Result = TypeVar("Result")

#: How long a worker tries to write a result down. It is longer than a restart or a failover takes.
PATIENCE_SECONDS = 90


def patiently(action: Callable[[], Result]) -> Result:
    """Do it, and do it again on a new connection while the database is away."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return action()
        except (OperationalError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
