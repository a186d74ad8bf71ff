"""Emptying the tables after a test that has committed. Django truncates all, and makes all permissions anew.

Here a table without rows costs nothing, and one with a few costs a DELETE. Permissions and content types
stay as migrating has made them: a test must not commit others.
"""

from collections.abc import Iterator

import pytest
from django.db import connections, transaction
from django.test import TransactionTestCase

#: What `post_migrate` fills.
KEPT = {"django_content_type", "auth_permission"}
#: Rows that were deleted lie there until somebody vacuums. Nobody does, and truncating takes them away.
LARGE_BYTES = 256 * 1024


@pytest.fixture(autouse=True, scope="session")
def quick_emptying() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_all)
        yield


def _empty_all(case: TransactionTestCase) -> None:
    for alias in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        tables_empty(alias)


def tables_empty(alias: str = "default") -> None:
    """No row is left but those that migrating makes. It waits for transactions that are still under way."""
    connection = connections[alias]
    tables = [name for name in connection.introspection.django_table_names() if name not in KEPT]
    quoted = [connection.ops.quote_name(name) for name in tables]
    with transaction.atomic(using=alias), connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {', '.join(quoted)} IN ACCESS EXCLUSIVE MODE")
        cursor.execute("SELECT " + ", ".join(f"pg_relation_size('{name}')" for name in quoted))
        sizes = dict(zip(quoted, cursor.fetchone(), strict=True))
        if any(size > LARGE_BYTES for size in sizes.values()):
            cursor.execute(f"TRUNCATE {', '.join(quoted)}")
        else:
            deletions = [f"DELETE FROM {name}" for name, size in sizes.items() if size]  # noqa: S608  Ours.
            # No foreign key is looked at: all go.
            cursor.execute("; ".join(["SET LOCAL session_replication_role = replica", *deletions]))
