"""What `manage.py check` says about this configuration, each with what to do about it."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import DEFAULT_DB_ALIAS, DatabaseError

from videogen.connections import connections_allowed, connections_by_process
from videogen.stack.configuration import StackConfiguration

#: What helps against too many connections.
ADVICE = (
    "Raise max_connections (each takes a few MB), lower WEB_WORKERS, WEB_THREADS or the number of workers, "
    "or put PgBouncer between, as deploy/pgbouncer.ini does, and set PGBOUNCER=1."
)


@register(Tags.security, deploy=True)
def secret_key_is_kept(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Processes must agree on the key, and sessions should outlive a restart."""
    if not settings.SECRET_KEY_IS_TEMPORARY:
        return []
    return [
        Error(
            "SECRET_KEY is made up anew by each process.",
            hint="Set SECRET_KEY or SECRET_KEY_FILE; `manage.py up` writes one below DATA_DIR.",
            id="videogen.E001",
        )
    ]


@register(Tags.security, deploy=True)
def redis_are_two(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """A bounded cache evicts; a queue must not."""
    if not settings.REDIS_IS_SHARED:
        return []
    return [
        Warning(
            "Queues and cache share one Redis: bounding it would evict jobs, not bounding it grows.",
            hint="Set CACHE_REDIS_URL to an instance with maxmemory and allkeys-lru.",
            id="videogen.W001",
        )
    ]


@register(Tags.security, deploy=True)
def hosts_are_named(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """`*` lets a forged Host header into links."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [Warning("ALLOWED_HOSTS is *.", hint="List the names that clients use.", id="videogen.W002")]


@register(Tags.database)
def connections_fit(
    app_configs: Any, *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """All processes together may not open more than there are: the last to come would be refused."""
    if DEFAULT_DB_ALIAS not in (databases or ()) or settings.PGBOUNCER:
        return []  # PgBouncer makes them wait for each other instead.
    try:
        allowed = connections_allowed()
    except DatabaseError:
        return []  # Whoever needs the database says so.
    parts = connections_by_process(StackConfiguration.from_settings())
    if sum(parts.values()) <= allowed:
        return []
    listed = ", ".join(f"{name} {number}" for name, number in parts.items())
    opened = f"All processes may open {sum(parts.values())} connections ({listed})"
    message = f"{opened}, the server allows {allowed}."
    return [Warning(message, hint=ADVICE, id="videogen.W003")]
