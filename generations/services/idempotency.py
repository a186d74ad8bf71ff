"""What is made under an `Idempotency-Key` is made once, and every repeat gets the first answer."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction
from psycopg2.errors import LockNotAvailable

from generations.models import Generation, IdempotencyKey
from videogen.kernel.errors import DomainError
from videogen.kernel.prepared import PreparedSql

# These are part of every submission. Almost always the key is new.
_KNOWN = PreparedSql(
    "SELECT id FROM generations_idempotencykey WHERE owner_id = %(owner_id)s AND key = %(key)s"
)
#: Where another transaction has the key, this waits until that one has ended.
_RESERVE = """
SET LOCAL lock_timeout = '2s';
INSERT INTO generations_idempotencykey (owner_id, key, fingerprint, created_at)
VALUES (%s, %s, %s, now()) ON CONFLICT (owner_id, key) DO NOTHING
"""
_ANSWERED = """
UPDATE generations_idempotencykey SET generation_id = %s, body = %s WHERE owner_id = %s AND key = %s
"""


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


#: Says what a client is answered about a generation. It is called inside the transaction.
Answer = Callable[[Generation], dict[str, Any]]


def no_answer(generation: Generation) -> dict[str, Any]:
    """For callers who only want the generation."""
    return {}


def fingerprint_of(request: object) -> str:
    """Equal for equal requests."""
    return hashlib.sha256(json.dumps(request, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True)
class Once:
    """One request under a key of its owner's; with an empty key every request is a new one."""

    owner: User
    key: str
    fingerprint: str

    def earlier(self) -> Created | None:
        """What was made under the key before. Raises `IdempotencyMismatch` and `IdempotencyGone`."""
        if not self.key or _KNOWN.row(owner_id=self.owner.pk, key=self.key) is None:
            return None
        row = self._row()
        return self._replayed(row) if row else None

    def create(self, make: Callable[[], Generation], answer: Answer) -> Created:
        """Make it in one transaction with the key, or answer what a request that was quicker has made.

        Raises what `make` does, `IdempotencyConflict` while another request is at it, and as `earlier`.
        """
        try:
            with transaction.atomic():
                if earlier := self._reserve():
                    return earlier
                generation = make()
                created = Created(generation, answer(generation), replayed=False)
                if self.key:
                    self._keep(created)
                return created
        except OperationalError as error:
            if not self.key or not isinstance(error.__cause__, LockNotAvailable):
                raise
            message = "A request with this Idempotency-Key is running; ask again in a second."
            raise IdempotencyConflict(message, retry_after_seconds=1) from error

    def _reserve(self) -> Created | None:
        if not self.key:
            return None
        with connection.cursor() as cursor:
            cursor.execute(_RESERVE, [self.owner.pk, self.key, self.fingerprint])
            if cursor.rowcount:
                return None
        row = self._row()
        return self._replayed(row) if row else self._reserve()  # It has expired in this moment.

    def _row(self) -> IdempotencyKey | None:
        rows = IdempotencyKey.objects.select_related("generation")
        return rows.filter(owner=self.owner, key=self.key).first()

    def _keep(self, created: Created) -> None:
        body = orjson.dumps(created.answer).decode()
        with connection.cursor() as cursor:
            cursor.execute(_ANSWERED, [created.generation.pk, body, self.owner.pk, self.key])

    def _replayed(self, row: IdempotencyKey) -> Created:
        if row.fingerprint != self.fingerprint:
            raise IdempotencyMismatch("This Idempotency-Key was used with another body; take a new key.")
        if row.generation is None:
            message = (
                "The generation that was made with this Idempotency-Key has been deleted; take a new key."
            )
            raise IdempotencyGone(message)
        return Created(row.generation, row.body or {}, replayed=True)
