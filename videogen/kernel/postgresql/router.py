"""A replica is only read, and only where a query names it."""

from typing import Any

from django.db import DEFAULT_DB_ALIAS


class PrimaryRouter:
    """Rows that were read from the replica are written, locked and migrated on the primary."""

    def db_for_write(self, model: Any, **hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == DEFAULT_DB_ALIAS
