"""What this process knows of the replica: how far it has replayed, and as of when it is complete."""

import logging
import threading
import time
from collections import deque

from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connections

logger = logging.getLogger(__name__)

#: The name of the replica among the databases.
REPLICA = "replica"
#: A replica that lacks what the primary had this long ago is not asked.
LATE_SECONDS = 5.0
#: So often, at most, primary and replica are compared while there are readers.
LOOK_SECONDS = 1.0
#: One that has failed is left alone for so long.
AWAY_SECONDS = 5.0

_PRIMARY_FLUSHED = "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn"
# Not the flushed place: with synchronous_commit=off a commit is seen before it is flushed.
_PRIMARY_WRITTEN = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
# Null on a server that is no standby, also after it has been promoted.
_REPLAYED = "SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() - '0/0'::pg_lsn END"


def primary_position() -> int:
    """Where the primary's log ends now: everything that can be seen lies before."""
    return _ask(DEFAULT_DB_ALIAS, _PRIMARY_WRITTEN)


def _ask(alias: str, question: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute(question)
        return int(cursor.fetchone()[0] or 0)


class Standby:
    """Compares the two servers once a second, by places in the log: an idle primary makes nobody late.

    While the replica is away, a thread of its own looks for it, so that no reader waits for a connection.
    """

    def __init__(self) -> None:
        self._looking = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Know nothing, as a new process."""
        self._samples: deque[tuple[float, int]] = deque(maxlen=int(LATE_SECONDS / LOOK_SECONDS) + 1)
        self._replayed = 0
        self._complete_at = float("-inf")
        self._look_at = float("-inf")
        self._distrusted_until = float("-inf")
        self._is_away = False

    def has(self, mark: int) -> bool:
        """Whether the replica can be asked for what the primary's log has up to `mark`."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look()
        if now < self._distrusted_until or now - self._complete_at > LATE_SECONDS:
            return False
        if self._replayed < mark:
            self._look()
        return self._replayed >= mark

    def distrust(self) -> None:
        """Owners have been served without marks: leave the replica until it must have caught up."""
        self._distrusted_until = time.monotonic() + 2 * LATE_SECONDS

    def failed(self, error: Exception) -> None:
        """Leave the replica alone for a while."""
        if not self._is_away:
            logger.warning("The replica is away, the primary is read: %s", error)
        connections[REPLICA].close()
        self._is_away = True
        self._complete_at = float("-inf")
        self._look_at = time.monotonic() + AWAY_SECONDS

    def _look(self) -> None:
        """Look, unless another thread does at this moment."""
        if not self._looking.acquire(blocking=False):
            return
        if self._is_away:
            threading.Thread(target=self._look_elsewhere, name="replica", daemon=True).start()
            return
        try:
            self._compare()
        finally:
            self._looking.release()

    def _look_elsewhere(self) -> None:
        try:
            self._compare()
        finally:
            self._looking.release()
            connections.close_all()  # A thread's connections are its own.

    def _compare(self) -> None:
        now = time.monotonic()
        try:
            if now >= self._look_at:
                self._look_at = now + LOOK_SECONDS
                self._samples.append((now, _ask(DEFAULT_DB_ALIAS, _PRIMARY_FLUSHED)))
        except (OperationalError, InterfaceError) as error:
            logger.warning("The primary is away, nobody knows how late the replica is: %s", error)
        try:
            self._replayed = _ask(REPLICA, _REPLAYED)
        except (OperationalError, InterfaceError) as error:
            self.failed(error)
            return
        if self._is_away:
            logger.warning("The replica answers again")
            self._is_away = False
        while self._samples and self._samples[0][1] <= self._replayed:
            self._complete_at = self._samples.popleft()[0]

    def state(self) -> str:
        """In words, for people."""
        serves = self.has(0)
        if self._is_away:
            return "unreachable"
        if serves:
            return "ok"
        return "late" if self._replayed else "no replica"


standby = Standby()


def replica_state(*, patience_seconds: float = 0) -> str:
    """`ok`, `late`, `unreachable`, or `no replica`; on a busy primary a new process has to look twice."""
    deadline = time.monotonic() + patience_seconds
    while (state := standby.state()) == "late" and time.monotonic() < deadline:
        time.sleep(0.1)
    return state
