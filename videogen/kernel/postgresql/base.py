"""The backend. Django finds it by this module's name."""

import random
import select
import time

from django.db.backends.postgresql import base

#: A connection that has been idle for longer may have been forgotten by something on the way, without a word.
IDLE_SECONDS = 30.0
#: Connections that were opened together end within this part of their age, not all at once.
JITTER = 0.2


class DatabaseWrapper(base.DatabaseWrapper):
    """A health check costs a round trip only where there is reason to doubt.

    A server that ends a connection (restart, failover, `pg_terminate_backend`) says so on the socket,
    where the kernel tells of it at once; only a silent loss needs the question, and that takes idleness.
    """

    health_check_done: bool
    used_at = 0.0

    def connect(self) -> None:
        super().connect()
        self.used_at = time.monotonic()
        if self.close_at is not None:
            age = self.close_at - self.used_at
            self.close_at -= age * JITTER * random.random()  # noqa: S311  It hides nothing.

    def close_if_health_check_failed(self) -> None:
        if self.connection is not None and not self.health_check_done:
            is_idle = time.monotonic() - self.used_at > IDLE_SECONDS
            self.health_check_done = not (is_idle or self._has_word())
            super().close_if_health_check_failed()
            self.used_at = time.monotonic()

    def _has_word(self) -> bool:
        """Whether something waits to be read on a socket on which nothing was asked: mostly a farewell."""
        try:
            watch = select.poll()
            watch.register(self.connection, select.POLLIN)
            return bool(watch.poll(0))
        except (self.Database.Error, ValueError):  # Closed on our side already.
            return True
