"""What is made under an `Idempotency-Key` is made once, and every repeat gets the first answer."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg2.errors import LockNotAvailable, UniqueViolation

from generations.models import Generation, IdempotencyKey
from videogen.kernel.errors import DomainError

#: How long a request waits for another one that holds its key, or what it needs.
LOCK_TIMEOUT = "2s"
#: The constraint by which a key is there once.
KEY_ONCE = "idempotency_key_once"


class IdempotencyConflict(DomainError):
    """The key is being used at this moment."""

    code = "idempotency.conflict"


class IdempotencyMismatch(DomainError):
    """The key was used for another body."""

    code = "idempotency.mismatch"
    status = 422


class IdempotencyGone(DomainError):
    """What was made under the key has been deleted."""

    code = "idempotency.gone"


@dataclass(frozen=True)
class Created:
    """A generation, the answer about it, and whether both come from an earlier request with the same key."""

    generation: Generation
    answer: dict[str, Any]
    replayed: bool


#: Says what a client is answered about a generation.
Answer = Callable[[Generation], dict[str, Any]]


@contextmanager
def patient_transaction() -> Iterator[None]:
    """A transaction in which no lock is waited for longer than `LOCK_TIMEOUT`."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        yield


def no_answer(generation: Generation) -> dict[str, Any]:
    """For callers who only want the generation."""
    return {}


def fingerprint_of(request: object) -> str:
    """Equal for equal requests."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()


def _waited_for_key(error: OperationalError) -> bool:
    cause = error.__cause__
    return isinstance(cause, LockNotAvailable) and KEY_ONCE in (cause.diag.context or "")


@dataclass(frozen=True)
class Once:
    """One request under a key of its owner's; with an empty key every request is a new one."""

    owner: User
    key: str
    fingerprint: str

    def earlier(self) -> Created | None:
        """What was made under the key before. Raises `IdempotencyMismatch` and `IdempotencyGone`."""
        if not self.key:
            return None
        rows = IdempotencyKey.objects.select_related("generation")
        row = rows.filter(owner=self.owner, key=self.key).first()
        return self._replayed(row) if row else None

    def create(self, make: Callable[[], Created]) -> Created:
        """Make it, or answer what a request that was quicker has made.

        `make` inserts `rows` in the transaction of what it makes. Raises what `make` does,
        `IdempotencyConflict` while another request is at it, and as `earlier`.
        """
        try:
            return make()
        except IntegrityError as error:
            if not (isinstance(error.__cause__, UniqueViolation) and KEY_ONCE in str(error)):
                raise
        except OperationalError as error:
            if not _waited_for_key(error):
                raise
            message = "A request with this Idempotency-Key is running; ask again in a second."
            raise IdempotencyConflict(message, retry_after_seconds=1) from error
        return self.earlier() or self.create(make)  # It has expired in this moment.

    def rows(self, created: Created) -> list[IdempotencyKey]:
        """What is to be stored with it: the key with the answer, if there is a key."""
        if not self.key:
            return []
        return [
            IdempotencyKey(
                owner=self.owner,
                key=self.key,
                fingerprint=self.fingerprint,
                generation=created.generation,
                body=created.answer,
            )
        ]

    def _replayed(self, row: IdempotencyKey) -> Created:
        if row.fingerprint != self.fingerprint:
            raise IdempotencyMismatch("This Idempotency-Key was used with another body; take a new key.")
        if row.generation is None:
            message = (
                "The generation that was made with this Idempotency-Key has been deleted; take a new key."
            )
            raise IdempotencyGone(message)
        return Created(row.generation, row.body or {}, replayed=True)
