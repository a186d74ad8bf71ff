"""Run the dispatcher."""

import logging
import signal
import threading
import time
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import closing
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from generations.providers.registry import hosted_names, hosted_provider
from generations.services.call_looking import Looker, provider_look
from generations.services.dispatching import (
    keys_expire,
    orphans_delete,
    outputs_fetch,
    overdue_replace,
    queued_send,
    silent_replace,
    waiting_wake,
)
from videogen.kernel.liveness import alive_tell

logger = logging.getLogger(__name__)

Chore = Callable[[], int]

#: Whoever was put back has a place in a queue that is kept for a few seconds.
PASS_SECONDS = 0.5

#: Between two rounds of looks at a provider that has something of ours, and at one that has not.
LOOK_PAUSE_SECONDS, IDLE_SECONDS = 0.1, 0.5
#: A look that is under way at the end is waited for so long; it would do no harm to drop it.
JOIN_SECONDS = 3

#: Seconds between two rounds of each chore.
CHORES: dict[Chore, float] = {
    queued_send: PASS_SECONDS,
    silent_replace: 1,
    overdue_replace: 30,
    waiting_wake: 10,
    outputs_fetch: 30,
    orphans_delete: 60,
    keys_expire: 3600,
}


class Command(BaseCommand):
    """Several may run at once; one is enough."""

    help = (
        "Send what Redis forgot, replace what went silent, look at providers' jobs. Runs until it is stopped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do every chore once and stop")

    def handle(self, *, once: bool, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        due = dict.fromkeys(CHORES, 0.0)
        lookers = [] if once else lookers_start(stop)
        while not stop.is_set():
            alive_tell("dispatcher")
            chores_do(due)
            if once:
                looks_make()
                return
            lookers_check(lookers, stop)
            stop.wait(PASS_SECONDS)
        for looker in lookers:
            looker.join(timeout=JOIN_SECONDS)


def lookers_start(stop: threading.Event) -> list[threading.Thread]:
    """A thread for each hosted provider, so that one that hangs holds up nobody else."""
    lookers = [
        threading.Thread(target=looks_go_on, args=(name, stop), name=f"look at {name}", daemon=True)
        for name in hosted_names()
    ]
    for looker in lookers:
        looker.start()
    return lookers


def lookers_check(lookers: list[threading.Thread], stop: threading.Event) -> None:
    """A looker dies only of a bug, which the log has. Then all is to be started anew, and not half of it."""
    for looker in lookers:
        if not looker.is_alive() and not stop.is_set():
            stop.set()
            raise CommandError(f"The thread that was to {looker.name} has died.")


def looks_go_on(name: str, stop: threading.Event) -> None:
    """Look at what this provider has, until told to stop."""
    provider = hosted_provider(name)
    if provider is None:
        return
    with closing(Looker(provider)) as looker:
        while not stop.is_set():
            stop.wait(LOOK_PAUSE_SECONDS if _look(looker) else IDLE_SECONDS)
    connection.close()  # A thread's connection is its own.


def looks_make() -> None:
    """One round at each provider."""
    for name in hosted_names():
        if provider := hosted_provider(name):
            provider_look(provider)


def _look(looker: Looker) -> int:
    """How many looks were made."""
    close_old_connections()  # As requests do, so that it is as old as the settings allow.
    try:
        return looker.look()
    except (OperationalError, InterfaceError) as error:
        logger.warning("The database is away, looks at %s wait: %s", looker.provider.name, error)
        connection.close()
        return 0


def chores_do(due: dict[Chore, float]) -> None:
    """Do what is due, and note when it is due again."""
    close_old_connections()
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
