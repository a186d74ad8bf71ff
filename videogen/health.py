"""Is it alive, and can it work? Probes of load balancers and containers ask here."""

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from videogen import __version__
from videogen.kernel.redis import cache_redis, queue_redis, reachable
from videogen.kernel.standby import replica_state
from videogen.problems import AWAY_RETRY_SECONDS, problem


@csrf_exempt  # Nothing is changed here, and the check would answer before the method is looked at.
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """This process answers. No I/O: it stays quick when everything else is slow."""
    return JsonResponse({"status": "ok", "version": __version__})


@csrf_exempt
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Whether requests can be served: database, migrations, queue; 503 with what is missing."""
    checks = {"database": database_state(), "redis": "ok" if reachable(queue_redis()) else "unreachable"}
    # Limits and caches are off without it, everything else works.
    checks["cache"] = "ok" if reachable(cache_redis()) else "degraded"
    missing = [name for name, state in checks.items() if state not in {"ok", "degraded"}]
    if settings.DATABASE_REPLICA_URL:
        checks["replica"] = replica_state()  # It is not missed: the primary serves its reads, too.
    if not missing:
        return JsonResponse({"status": "ok", "checks": checks})
    detail = ", ".join(f"{name}: {checks[name]}" for name in missing)
    body = problem(status=503, code="unavailable", detail=detail, instance=request.path, checks=checks)
    headers = {"Retry-After": str(AWAY_RETRY_SECONDS)}
    return JsonResponse(body, status=503, content_type="application/problem+json", headers=headers)


def database_state() -> str:
    """`ok`, `unreachable`, or `migrations are missing`."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError):
        return "unreachable"
    return "migrations are missing" if plan else "ok"
