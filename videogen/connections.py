"""How many database connections the processes of a stack may open, and how many the server has for them."""

from collections.abc import Mapping

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections

from generations.providers.registry import hosted_names
from videogen.stack.configuration import StackConfiguration

# Superusers have a reserve of their own, and a role or a database may have a limit.
_ALLOWED = """
SELECT LEAST(
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
        - COALESCE(current_setting('reserved_connections', true)::int, 0),
    NULLIF(rolconnlimit, -1),
    NULLIF(datconnlimit, -1)
)
FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()
"""


def connections_by_process(configuration: StackConfiguration) -> Mapping[str, int]:
    """The most that each kind of process opens: a connection belongs to a thread, and threads are bounded.

    A replica gets fewer, from the web processes alone, and a standby has to allow as many as its primary.
    """
    return {
        # One for each thread that serves, and one to ask how far a replica is behind.
        "web": configuration.web_workers * (configuration.web_threads + bool(settings.DATABASE_REPLICA_URL)),
        # Every query is sent to the one thread that asgiref keeps for them.
        "websocket": 1,
        # The attempt and its heartbeat; RQ's own process asks nothing.
        "workers": 2 * sum(configuration.workers.values()),
        # Its own, and one to look at each hosted provider.
        "dispatcher": 1 + len(hosted_names()),
    }


def connections_needed(configuration: StackConfiguration) -> int:
    return sum(connections_by_process(configuration).values())


def connections_allowed() -> int:
    """What the server has for this user. Raises `DatabaseError`."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_ALLOWED)
        return int(cursor.fetchone()[0])
