"""What PostgreSQL does for the statements that real calls send: each is explained, as it is sent."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

#: Reading more rows than this of a large table grows with somebody's work.
MOST_ROWS = 1000
EXPLAINED = re.compile(r"\s*(SELECT|UPDATE|DELETE|EXECUTE|WITH)\b", re.IGNORECASE)


@dataclass
class Explained:
    """The nodes of the plans of all statements, and what came of the call that sent them."""

    large: set[str]
    nodes: list[dict[str, Any]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    answer: Any = None

    def hear(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        """An execute wrapper."""
        if EXPLAINED.match(sql) and not many:
            self._explain(context["connection"], sql, params)
        return execute(sql, params, many, context)

    def _explain(self, asked: Any, sql: str, params: Any) -> None:
        # It is carried out for the numbers of rows, and undone. Below Django, so that nobody hears it.
        raw = asked.connection.cursor()
        raw.execute("SAVEPOINT explained")
        raw.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}", params)
        plan = raw.fetchone()[0]
        raw.execute("ROLLBACK TO explained; RELEASE explained")
        self.statements.append(sql)
        self.nodes += nodes_of(json.loads(plan)[0]["Plan"] if isinstance(plan, str) else plan[0]["Plan"])

    @property
    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes if "Index Name" in node}

    def greedy(self, most_rows: int) -> list[str]:
        """Reads of large tables that take more rows than that, with what they throw away."""
        reads = [(rows_read(node), node) for node in self.nodes if node.get("Relation Name") in self.large]
        return [
            f"{rows} rows: {node['Node Type']} of {node['Relation Name']} {node.get('Filter', '')}"
            for rows, node in reads
            if rows > most_rows
        ]


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes_of(child)


def rows_read(node: dict[str, Any]) -> int:
    removed = sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])


@contextmanager
def explained(large: set[str]) -> Iterator[Explained]:
    """Explains all that this thread sends, within a transaction."""
    heard = Explained(large)
    with connection.execute_wrapper(heard.hear):
        yield heard
