"""A thread that keeps the lease of a running attempt alive, and notices when the work is no longer wanted."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from rq.timeouts import BaseTimeoutException

from generations.models import StageRun
from generations.services.stage_runs import stage_run_beat

logger = logging.getLogger(__name__)

#: A cancelled attempt notices within this time; progress is published as often.
BEAT_SECONDS = 1.0


class WorkUnwanted(BaseException):
    """The attempt was cancelled, or taken over. Not an Exception: no handler for errors may keep it."""


class Heartbeat:
    """`report(fraction)` is called by the work; it raises once the attempt has lost its right to go on."""

    def __init__(self, run: StageRun, *, timeout_seconds: float) -> None:
        self.run = run
        self.deadline = time.monotonic() + timeout_seconds
        self.percentage = 0
        self._unwanted = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(timeout=settings.STAGE_LEASE_SECONDS)

    def report(self, fraction: float) -> None:
        """Say how much is done, 0.0 to 1.0."""
        self.percentage = max(self.percentage, min(99, int(100 * fraction)))
        if self._unwanted.is_set():
            raise WorkUnwanted
        if time.monotonic() > self.deadline:
            raise BaseTimeoutException("The attempt's own deadline has passed.")

    def _beat(self) -> None:
        try:
            while not self._stop.wait(BEAT_SECONDS):
                self._beat_once()
        finally:
            connection.close()  # A thread's connection is its own.

    def _beat_once(self) -> None:
        try:
            if not stage_run_beat(run=self.run, percentage=self.percentage):
                self._unwanted.set()
        except (OperationalError, InterfaceError) as error:
            # The lease may run out; then the final write is refused. Until then, hope.
            logger.warning("No heartbeat, the database is away: %s", error)
            connection.close()
