"""What is asked many times a second: the ORM compiles it once, and PostgreSQL plans the reads once."""

import itertools
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any, Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, NotSupportedError, OperationalError, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import JSONField, Model, QuerySet
from django.db.models.expressions import DatabaseDefault
from django.db.models.query import get_related_populators
from psycopg2.errors import FeatureNotSupported, InvalidSqlStatementName

Row = TypeVar("Row", bound=Model)

#: By connection: the statements that are prepared on it.
_prepared: "WeakKeyDictionary[Any, set[str]]" = WeakKeyDictionary()
_numbers = itertools.count(1)
#: What psycopg2 writes by itself as Django would.
_PLAIN = {str, int, bool, type(None), Decimal, datetime, UUID}
_PARAMETER = re.compile(r"%\((\w+)\)s")


class PreparedSql:
    """A statement with parameters like `%(name)s`, planned once for each connection."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._name = f"videogen_{next(_numbers)}"
        order = list(dict.fromkeys(_PARAMETER.findall(text)))
        numbered = _PARAMETER.sub(lambda found: f"${order.index(found[1]) + 1}", text).replace("%%", "%")
        self._prepare = f"PREPARE {self._name} AS {numbered}"
        self._execute = f"EXECUTE {self._name} ({', '.join(f'%({name})s' for name in order)})"

    def row(self, *, using: str = DEFAULT_DB_ALIAS, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        database = connections[using]
        with database.cursor() as cursor:
            if settings.PGBOUNCER:  # The next statement may meet another connection of the server.
                cursor.execute(self._text, parameters)
            else:
                self._run(cursor, database, parameters)
            row: tuple[Any, ...] | None = cursor.fetchone()
        return row

    def _run(self, cursor: CursorWrapper, database: BaseDatabaseWrapper, parameters: dict[str, Any]) -> None:
        known = _prepared.setdefault(database.connection, set())
        if self._name not in known:
            cursor.execute(self._prepare)
            known.add(self._name)
        try:
            cursor.execute(self._execute, parameters)
        except (NotSupportedError, OperationalError) as error:
            # A migration has changed a column's type since, or a pooler has tidied up behind our back.
            if not isinstance(error.__cause__, FeatureNotSupported | InvalidSqlStatementName):
                raise
            database.close_at = 0  # The next request gets a new connection.
            if database.in_atomic_block:
                raise
            cursor.execute(self._text, parameters)


class PreparedRead(Generic[Row]):
    """A queryset of at most one row, with its annotations and related rows, by parameters.

    `build` is called once for each database, with the examples. It has to use each of them plainly
    (`owner=owner_id`), and they must be values that occur nowhere else in the query. What is constant
    stays written out in the statement, so that its plan may use partial indexes.
    """

    def __init__(self, build: Callable[..., QuerySet[Row]], **examples: Any) -> None:
        self._build = build
        self._examples = examples
        self._statements: dict[str, _Statement[Row]] = {}

    def first(self, *, using: str = DEFAULT_DB_ALIAS, **parameters: Any) -> Row | None:
        """The row, or None."""
        statement = self._statements.get(using)
        if statement is None:  # Two threads may both compile it: they come to the same.
            queryset = self._build(**self._examples).using(using)
            statement = self._statements[using] = _Statement(queryset, self._examples)
        return statement.first(parameters)


class _Statement(Generic[Row]):
    """The read on one database."""

    def __init__(self, queryset: QuerySet[Row], examples: Mapping[str, Any]) -> None:
        self._using = queryset.db
        self._compiler = queryset.query.get_compiler(self._using)
        sql, values = self._compiler.as_sql()
        names = [_name_of(value, examples) for value in values]
        if missing := examples.keys() - set(names):
            raise ValueError(f"The query does not use these as they are: {', '.join(missing)}.")
        with connections[self._using].cursor() as cursor:
            constants = [cursor.mogrify("%s", [value]).decode().replace("%", "%%") for value in values]
        words = [f"%({name})s" if name else constant for name, constant in zip(names, constants, strict=True)]
        self._sql = PreparedSql(sql.replace("%%", "%%%%") % tuple(words))
        self._read_select()

    def _read_select(self) -> None:
        """What Django's `ModelIterable` finds out for each query."""
        compiler = self._compiler
        klass = compiler.klass_info or {}
        fields = klass["select_fields"]
        self._model: type[Row] = klass["model"]
        self._own = slice(fields[0], fields[-1] + 1)
        self._names = [column[0].target.attname for column in compiler.select[self._own]]
        self._related = get_related_populators(klass, compiler.select, self._using)  # type: ignore[call-arg]  # Of 6.1.
        self._annotations = list((compiler.annotation_col_map or {}).items())
        self._converters = compiler.get_converters([column[0] for column in compiler.select])

    def first(self, parameters: Mapping[str, Any]) -> Row | None:
        row = self._sql.row(using=self._using, **parameters)
        if row is None:
            return None
        [values] = self._compiler.apply_converters([row], self._converters)
        instance = self._model.from_db(self._using, self._names, values[self._own])
        for related in self._related:
            related.populate(values, instance)
        for name, column in self._annotations:
            setattr(instance, name, values[column])
        return instance


def _name_of(value: Any, examples: Mapping[str, Any]) -> str | None:
    for name, example in examples.items():
        if type(value) is type(example) and value == example:
            return name
    return None


def rows_insert(*rows: Model, lock_timeout: str = "") -> None:
    """Insert new rows, of whatever models, in this order and in one round trip: all of them, or none.

    They need ids of their own, or do not get to know them. What the database shall fill in is left to it.
    Nobody is sent a signal. A lock is waited for that long (such as "2s"; empty: as ever).
    """
    if not rows:
        return
    database = connections[DEFAULT_DB_ALIAS]
    statements = [f"SET LOCAL lock_timeout = '{lock_timeout}'"] if lock_timeout else []
    values = list[Any]()
    for row in rows:
        insert = _insert_of(type(row))
        statement, given = insert.bound(row, database)
        statements.append(statement)
        values += given
    with database.cursor() as cursor:
        # Also outside a transaction: PostgreSQL makes one of what it gets in one message.
        cursor.execute(";".join(statements), values)
    for row in rows:
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


class _Insert:
    """How rows of a model are inserted."""

    def __init__(self, model: type[Model]) -> None:
        self._table = connection.ops.quote_name(model._meta.db_table)
        self._fields = model._meta.concrete_fields
        self._values_of = attrgetter(*(field.attname for field in self._fields))
        self._plain = [not isinstance(field, JSONField) for field in self._fields]
        self._texts: dict[tuple[int, ...], str] = {}

    def bound(self, row: Model, database: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        """The statement, and its values."""
        given, numbers = list[Any](), list[int]()
        for number, value in enumerate(self._values_of(row)):
            field = self._fields[number]
            if type(value) in _PLAIN and self._plain[number]:
                if value is None and field.primary_key:
                    continue
            elif isinstance(value, DatabaseDefault):
                continue
            else:
                value = field.get_db_prep_save(value, database)
            numbers.append(number)
            given.append(value)
        return self._text(tuple(numbers)), given

    def _text(self, numbers: tuple[int, ...]) -> str:
        text = self._texts.get(numbers)
        if text is None:
            quote = connection.ops.quote_name
            columns = ", ".join(quote(str(self._fields[number].column)) for number in numbers)
            marks = ", ".join(["%s"] * len(numbers))
            text = f"INSERT INTO {self._table} ({columns}) VALUES ({marks})"  # noqa: S608
            self._texts[numbers] = text
        return text


_insert_of = cache(_Insert)
