"""What PostgreSQL and Redis say about themselves: connections by state, memory, generations at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import redis

from videogen.embedded.places import DATABASE_NAME, DATABASE_USER, postgres_socket_dir, redis_socket

CONNECTIONS = """
SELECT coalesce(state, 'starting'), count(*),
       coalesce(max(extract(epoch FROM clock_timestamp() - state_change)), 0)::float
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
GROUP BY 1
"""
UNFINISHED = """
SELECT count(*) FROM generations_generation WHERE status NOT IN ('completed', 'failed', 'cancelled')
"""
#: Of a run; what is unfinished counts with its age, which it will exceed.
OUTCOMES = """
SELECT count(*) FILTER (WHERE status = 'completed'),
       count(*) FILTER (WHERE status = 'failed'),
       count(*) FILTER (WHERE finished_at IS NULL),
       extract(epoch FROM percentile_cont(0.95) WITHIN GROUP
               (ORDER BY coalesce(finished_at, clock_timestamp()) - created_at))::float
FROM generations_generation
WHERE status <> 'cancelled' AND created_at >= to_timestamp(%s)
"""
#: Why generations of a run failed, and how many of them.
FAILURES = """
SELECT coalesce(error->>'code', '') || ': ' || coalesce(error->>'message', ''), count(*)
FROM generations_generation
WHERE status = 'failed' AND created_at >= to_timestamp(%s)
GROUP BY 1 ORDER BY 2 DESC LIMIT 10
"""


@dataclass(frozen=True)
class ServerLook:
    """At one moment. `connections` to this database, by state; `idle_in_transaction` is the longest, in
    seconds.
    """

    connections: dict[str, int]
    idle_in_transaction: float
    unfinished: int
    redis_bytes: dict[str, int] = field(default_factory=dict)
    redis_limits: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcomes:
    completed: int
    failed: int
    unfinished: int
    completion_p95: float | None
    failures: dict[str, int] = field(default_factory=dict)


class Servers:
    """Looks at both through connections of its own, which are not counted."""

    def __init__(self, database: Any, redises: dict[str, redis.Redis]) -> None:
        self._database = database
        self._redises = redises

    def look(self) -> ServerLook:
        rows = self._ask(CONNECTIONS)
        idle = [seconds for state, _, seconds in rows if state.startswith("idle in transaction")]
        about = {name: client.info("memory") for name, client in self._redises.items()}
        return ServerLook(
            connections={state: count for state, count, _ in rows},
            idle_in_transaction=max(idle, default=0.0),
            unfinished=self._ask(UNFINISHED)[0][0],
            redis_bytes={name: info["used_memory"] for name, info in about.items()},
            redis_limits={name: info["maxmemory"] for name, info in about.items()},
        )

    def outcomes(self, *, since: float) -> Outcomes:
        failures = {str(why): int(count) for why, count in self._ask(FAILURES, since)}
        completed, failed, unfinished, completion_p95 = self._ask(OUTCOMES, since)[0]
        return Outcomes(completed, failed, unfinished, completion_p95, failures)

    def versions(self) -> dict[str, str]:
        cache = self._redises["redis-cache"].info("server")
        return {"PostgreSQL": self._ask("SHOW server_version")[0][0], "Redis": cache["redis_version"]}

    def _ask(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._database.cursor() as cursor:
            cursor.execute(query, parameters)
            return list(cursor.fetchall())


@contextmanager
def servers_of(data_dir: Path) -> Iterator[Servers]:
    """The embedded ones of a stack."""
    database = psycopg2.connect(
        host=str(postgres_socket_dir(data_dir)), user=DATABASE_USER, dbname=DATABASE_NAME
    )
    database.autocommit = True
    redises = {
        f"redis-{name}": redis.Redis(unix_socket_path=str(redis_socket(data_dir, name)))
        for name in ("queue", "cache")
    }
    try:
        yield Servers(database, redises)
    finally:
        database.close()
        for client in redises.values():
            client.close()
