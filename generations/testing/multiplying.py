"""Rows by the hundred thousand: one is made as any other, and SQL repeats it with some columns changed."""

# ruff: noqa: S608  # Tables and columns are those of our models, and the expressions those of a program.

from django.db import connection
from django.db.models import Model


def multiply(pattern: Model, numbers: range, *, parts: int = 1, where: str = "true", **columns: str) -> None:
    """Replace `pattern` by as many rows like it as there are numbers and parts.

    `columns` are SQL expressions of `n` and `part`, which counts from 1. The others are the pattern's.
    Foreign keys are checked as the session says (`session_replication_role`).
    """
    table = pattern._meta.db_table
    names = [str(field.column) for field in pattern._meta.concrete_fields]
    made = [columns.get(name, f'pattern."{name}"') for name in names]
    listed = ", ".join(f'"{name}"' for name in names)
    source = f"generate_series({numbers.start}, {numbers.stop - 1}) n, generate_series(1, {parts}) part"
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE pg_index SET indisready = false WHERE indrelid = '{table}'::regclass")
        cursor.execute(
            f"INSERT INTO {table} ({listed}) SELECT {', '.join(made)} FROM {table} pattern, {source} "
            f"WHERE pattern.{names[0]} = %s AND ({where})",
            [pattern.pk],
        )
        cursor.execute(f"DELETE FROM {table} WHERE {names[0]} = %s", [pattern.pk])
        # Made at once, indexes cost a third of what they do row by row.
        cursor.execute(f"UPDATE pg_index SET indisready = true WHERE indrelid = '{table}'::regclass")
        cursor.execute(f"REINDEX TABLE {table}")


def serial(model: type[Model]) -> str:
    """The expression of a column that counts by itself."""
    return f"nextval(pg_get_serial_sequence('{model._meta.db_table}', 'id'))"
