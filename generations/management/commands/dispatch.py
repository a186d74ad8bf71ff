"""Run the dispatcher."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection

from generations.services.dispatching import (
    keys_expire,
    orphans_delete,
    overdue_replace,
    queued_send,
    silent_replace,
)
from videogen.kernel.liveness import alive_tell

logger = logging.getLogger(__name__)

Chore = Callable[[], int]

#: Whoever was put back has a place in a queue that is kept for a few seconds.
PASS_SECONDS = 0.5

#: Seconds between two rounds of each chore.
CHORES: dict[Chore, float] = {
    queued_send: PASS_SECONDS,
    silent_replace: 1,
    overdue_replace: 30,
    orphans_delete: 600,
    keys_expire: 3600,
}


class Command(BaseCommand):
    """Several may run at once; one is enough."""

    help = "Send what Redis forgot, replace what went silent, clean up. Runs until it is stopped."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do every chore once and stop")

    def handle(self, *, once: bool, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        due = dict.fromkeys(CHORES, 0.0)
        while not stop.is_set():
            alive_tell("dispatcher")
            chores_do(due)
            if once:
                return
            stop.wait(PASS_SECONDS)


def chores_do(due: dict[Chore, float]) -> None:
    """Do what is due, and note when it is due again."""
    for chore, every in CHORES.items():
        if time.monotonic() < due[chore]:
            continue
        due[chore] = time.monotonic() + every
        if not _do(chore):
            # Workers could not beat either. Whoever lives does so within a lease, and keeps its work.
            due[silent_replace] = time.monotonic() + settings.STAGE_LEASE_SECONDS


def _do(chore: Chore) -> bool:
    """Whether the database was there."""
    try:
        if number := chore():
            logger.info("%s: %s", chore.__name__, number)
    except (OperationalError, InterfaceError) as error:
        logger.warning("The database is away, %s waits: %s", chore.__name__, error)
        connection.close()
        return False
    return True
