"""The status poll, the hot path: one prepared query, JSON written once for each change, no detours."""

import re
from collections.abc import Callable
from threading import Lock
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import get_conditional_response

from generations.api.outputs import Written, for_output
from generations.models import Generation
from generations.states import GenerationStatus
from videogen.accounts.authentication import bearer_secret
from videogen.accounts.models import Scope
from videogen.accounts.services import api_key_known
from videogen.accounts.throttling import caller_of_key, request_count
from videogen.kernel.memory import memory
from videogen.kernel.prepared import PreparedRead, PreparedSql
from videogen.kernel.replica import replica_read

#: As Django's `uuid` converter has it.
PATH = re.compile(r"/api/v1/generations/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")

#: A row's version changes whenever PostgreSQL stores the row anew, in whatever way that came about.
_VERSION = "generations_generation.xmin::text || generations_generation.ctid::text"
_version = PreparedSql(f"SELECT {_VERSION} FROM generations_generation WHERE id = %(pk)s")  # noqa: S608
_read = PreparedRead(
    lambda pk: for_output(Generation.objects.filter(pk=pk)).annotate(row_version=RawSQL(_VERSION, ())),  # noqa: S611
    pk=UUID(int=2**128 - 159),
)


class _Kept(NamedTuple):
    row_version: str
    owner_id: int
    written: Written


#: Longer answers are written anew each time; most have two kilobytes.
MOST_BYTES = 8192
_kept = memory(seconds=600, most=settings.POLLS_REMEMBERED)
_lock = Lock()


def generation_read(
    *, owner_id: int, generation_id: UUID, using: str = DEFAULT_DB_ALIAS
) -> Generation | None:
    """One of the owner's own, with all that is shown of it, in one query by its primary key."""
    found = _read.first(using=using, pk=generation_id)
    return found if found and found.owner_id == owner_id else None


def _written(owner_id: int, generation_id: UUID, using: str) -> Written | None:
    """One of the owner's own as JSON: from memory, where its row is still the same."""
    with _lock:
        kept: _Kept | None = _kept.get(generation_id)
    if (
        kept
        and kept.owner_id == owner_id
        and _version.row(using=using, pk=generation_id) == (kept.row_version,)
    ):
        return kept.written
    generation = generation_read(owner_id=owner_id, generation_id=generation_id, using=using)
    if generation is None:
        return None
    written = Written.of(generation)
    # The place in the queue depends on others.
    is_still = generation.status != GenerationStatus.QUEUED
    if settings.POLLS_REMEMBERED and is_still and len(written.still) <= MOST_BYTES:
        with _lock:
            _kept[generation_id] = _Kept(generation.row_version, owner_id, written)  # type: ignore[attr-defined]
    return written


def poll(request: HttpRequest, *, owner_id: int, generation_id: UUID) -> HttpResponseBase | None:
    """200 or 304 (412 where that is asked for); None where the owner has no such generation."""
    written = replica_read(owner_id=owner_id, read=lambda using: _written(owner_id, generation_id, using))
    if written is None:
        return None
    headers = {"ETag": written.etag, "Cache-Control": "private, no-cache"}
    answer = HttpResponse(written.json(), content_type="application/json", headers=headers)
    return get_conditional_response(request, etag=written.etag, response=answer)


class QuickPollMiddleware:
    """Answers a plain poll with a usable key at once; all else, and every refusal, is the view's.

    It stands behind what is for every answer (request id, problems, transport security). What it leaves
    out (sessions, forms, messages, static files, negotiation) takes longer than the poll itself.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        found = PATH.fullmatch(request.path_info) if request.method == "GET" else None
        return (found and _quick(request, UUID(found[1]))) or self.get_response(request)


def _quick(request: HttpRequest, generation_id: UUID) -> HttpResponseBase | None:
    secret = bearer_secret(request.META.get("HTTP_AUTHORIZATION", ""))
    try:
        request.get_host()
        key = api_key_known(secret=secret, now=timezone.now()) if secret else None
        if key is None or Scope.READ not in key.scopes:
            return None
        if not request_count(request, caller_of_key(key)).allowed:
            return None
        answer = poll(request, owner_id=key.user_id, generation_id=generation_id)
    except DisallowedHost:
        return None  # The view meets it again, and refuses it.
    except (OperationalError, InterfaceError) as error:
        request.poll_error = error  # type: ignore[attr-defined]  # The view need not wait for it again.
        return None
    if isinstance(answer, HttpResponse):
        answer.headers["Content-Length"] = str(len(answer.content))
        answer.headers["X-Frame-Options"] = settings.X_FRAME_OPTIONS
    return answer
