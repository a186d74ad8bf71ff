"""What answers: servers, workers, and our own addresses."""

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import django_rq
import httpx
import psutil
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from redis import Redis
from redis.exceptions import RedisError, ResponseError
from rq import Worker
from rq.worker import BaseWorker
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
from websockets.sync.client import connect

from videogen.checks import connections_fit
from videogen.connections import connections_allowed, connections_needed
from videogen.doctor.configured import messages
from videogen.doctor.finding import Finding, broken, off, ok, warning
from videogen.kernel.liveness import alive_count
from videogen.kernel.redis import cache_redis, queue_redis
from videogen.kernel.standby import LATE_SECONDS, replica_state
from videogen.stack.claim import facts_read
from videogen.stack.configuration import StackConfiguration
from videogen.stack.services import worker_command

OLDEST_POSTGRESQL = 15
OLDEST_REDIS = (6, 2)
#: An idle RQ worker says that it is there every few minutes only.
WORKER_SILENCE_SECONDS = 480
UNAUTHENTICATED = 4401


def is_up() -> bool:
    """Whether something should answer: our own stack runs, or the servers are not ours to start."""
    return facts_read(settings.DATA_DIR) is not None or not settings.EMBEDDED_DATABASE


def stack() -> Iterator[Finding]:
    facts = facts_read(settings.DATA_DIR)
    if facts:
        yield ok("Stack", f"`manage.py up` runs on {settings.DATA_DIR} (process {facts.pid})")
    else:
        yield off("Stack", f"no stack runs on {settings.DATA_DIR}", "Start one with `make up`.")


def postgresql() -> Iterator[Finding]:
    try:
        version = _ask("SHOW server_version")
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as error:
        yield _silent("PostgreSQL", error, "DATABASE_URL", embedded=settings.EMBEDDED_DATABASE)
        return
    if int(version.split(".")[0]) < OLDEST_POSTGRESQL:
        yield broken("PostgreSQL", f"version {version}", f"Use {OLDEST_POSTGRESQL} or newer.")
    else:
        yield ok("PostgreSQL", f"version {version}")
    if missing:
        yield broken("Migrations", f"{len(missing)} are missing", "Run `manage.py migrate`.")
    else:
        yield ok("Migrations", "all applied")
    yield from _connections()


def _ask(query: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return str(cursor.fetchone()[0])


def _connections() -> Iterator[Finding]:
    needed = connections_needed(StackConfiguration.from_settings())
    if settings.PGBOUNCER:
        yield ok("Connections", f"this configuration can open {needed}, which PgBouncer shares out")
        return
    fine = f"this configuration can open {needed}, the server allows {connections_allowed()}"
    yield from messages("Connections", connections_fit(None, databases=[DEFAULT_DB_ALIAS]), fine=fine)


def replica() -> Iterator[Finding]:
    if not settings.DATABASE_REPLICA_URL:
        return
    state = replica_state(patience_seconds=LATE_SECONDS)
    if state == "ok":
        yield ok("Replica", "it answers, and is not late: status and lists are read from it")
    else:
        advice = "The primary is read meanwhile. Look at the replica, or correct DATABASE_REPLICA_URL."
        yield warning("Replica", f"it is {state}", advice)


def redis_queue() -> Iterator[Finding]:
    try:
        version, config = _redis_facts(queue_redis())
    except RedisError as error:
        yield _silent("Redis, queues", error, "REDIS_URL", embedded=settings.EMBEDDED_REDIS)
        return
    yield _redis_version("Redis, queues", version)
    policy = config.get("maxmemory-policy", "noeviction")
    if policy != "noeviction":
        yield warning("Redis, queues", f"it may evict jobs ({policy})", "Set `maxmemory-policy noeviction`.")
    if config.get("appendonly") == "no" and not config.get("save"):
        detail = "a restart empties it, and jobs wait to be sent again"
        yield warning("Redis, queues", detail, "Set `appendonly yes`.")


def redis_cache() -> Iterator[Finding]:
    if settings.REDIS_IS_SHARED:
        return  # The system check says so.
    try:
        version, config = _redis_facts(cache_redis())
    except RedisError as error:
        yield _silent("Redis, cache", error, "CACHE_REDIS_URL", embedded=settings.EMBEDDED_REDIS)
        return
    yield _redis_version("Redis, cache", version)
    if config.get("maxmemory") == "0":
        advice = "Set `maxmemory 64mb` and `maxmemory-policy allkeys-lru`."
        yield warning("Redis, cache", "it has no bound", advice)


def _redis_facts(client: Redis) -> tuple[str, dict[str, str]]:
    info: Any = client.info("server")
    try:
        config: Any = client.config_get()
    except ResponseError:
        config = {}  # Hosted ones keep it to themselves.
    return info["redis_version"], config


def _redis_version(name: str, version: str) -> Finding:
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        return broken(name, f"version {version}", f"Use {'.'.join(map(str, OLDEST_REDIS))} or newer.")
    return ok(name, f"version {version}")


def workers() -> Iterator[Finding]:
    if not is_up():
        yield off("Workers", "they start with the stack")
        return
    for name in settings.STAGE_QUEUES:
        try:
            queue = django_rq.get_queue(name, connection=queue_redis())
            alive = sum(worker_is_alive(worker) for worker in Worker.all(queue=queue))
            waiting = queue.count
        except RedisError:
            return  # Said above.
        if alive:
            yield ok(f"Workers, {name}", f"{alive} at work, {waiting} jobs wait")
        else:
            advice = f"Start one: `{' '.join(worker_command(name))}`."
            yield broken(f"Workers, {name}", f"nobody takes from this queue, {waiting} jobs wait", advice)


def worker_is_alive(worker: BaseWorker) -> bool:
    """One that was killed stays on RQ's list for minutes; on this machine we can look."""
    if worker.hostname == socket.gethostname():
        return worker.pid is not None and psutil.pid_exists(worker.pid)
    heard = worker.last_heartbeat
    return heard is not None and (datetime.now(UTC) - heard).total_seconds() < WORKER_SILENCE_SECONDS


def dispatcher() -> Iterator[Finding]:
    if not is_up():
        return
    try:
        alive = alive_count("dispatcher")
    except RedisError:
        return
    if alive:
        yield ok("Dispatcher", f"{alive} at work")
    else:
        detail = "nobody closes the gaps that crashes leave"
        yield broken("Dispatcher", detail, "Start one: `manage.py dispatch`.")


def rest() -> Iterator[Finding]:
    address = f"{settings.PUBLIC_URL}/health/ready"
    try:
        answer = httpx.get(address, timeout=5, trust_env=False, follow_redirects=True)
    except httpx.HTTPError as error:
        yield _unanswered("REST", settings.PUBLIC_URL, error, "PUBLIC_URL")
        return
    if answer.status_code == httpx.codes.OK:
        yield ok("REST", f"ready at {settings.PUBLIC_URL}")
    else:
        advice = "Look at the checks above, and at its log."
        yield broken("REST", f"{address} answers {answer.status_code}: {answer.text[:200]}", advice)


def websocket() -> Iterator[Finding]:
    address = f"{settings.PUBLIC_WS_URL}/ws/generations"
    try:
        with connect(address, proxy=None, open_timeout=5, close_timeout=1) as client:
            client.recv(timeout=5)
        code = None
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else None
    except (OSError, InvalidHandshake, InvalidURI) as error:
        yield _unanswered("WebSocket", address, error, "PUBLIC_WS_URL")
        return
    if code == UNAUTHENTICATED:  # What a stranger is told.
        yield ok("WebSocket", f"answers at {address}")
    else:
        advice = "Is it ours? Correct PUBLIC_WS_URL, or the proxy."
        yield broken("WebSocket", f"{address} closed with {code}", advice)


def _unanswered(name: str, address: str, error: Exception, variable: str) -> Finding:
    if not is_up():
        return off(name, f"nothing answers at {address}")
    return broken(name, f"nothing answers at {address}: {error}", f"Start it, or correct {variable}.")


def _silent(name: str, error: Exception, variable: str, *, embedded: bool) -> Finding:
    """An embedded server is nobody's fault before the stack has been started."""
    if embedded and facts_read(settings.DATA_DIR) is None:
        return off(name, "the embedded one starts with the stack")
    return broken(name, str(error).strip().split("\n")[0], f"Start it, or correct {variable}.")


CHECKS = (stack, postgresql, replica, redis_queue, redis_cache, workers, dispatcher, rest, websocket)
