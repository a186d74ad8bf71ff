"""The status poll, the hot path: one prepared query, and JSON that is written once for each change."""

from threading import Lock
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response

from generations.api.outputs import Written, for_output
from generations.models import Generation
from generations.states import GenerationStatus
from videogen.kernel.memory import memory
from videogen.kernel.prepared import PreparedRead, PreparedSql
from videogen.kernel.replica import replica_read

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
CONTENT_TYPE = "application/json"
_kept = memory(seconds=600, most=settings.POLLS_REMEMBERED)
_lock = Lock()


def generation_read(
    *, owner_id: int, generation_id: UUID, using: str = DEFAULT_DB_ALIAS
) -> Generation | None:
    """One of the owner's own, with all that is shown of it, in one query by its primary key."""
    found = _read.first(using=using, pk=generation_id)
    return found if found and found.owner_id == owner_id else None


def written_read(*, owner_id: int, generation_id: UUID) -> Written | None:
    """One of the owner's own as JSON, from a replica where that may serve; None where there is no such."""
    return replica_read(owner_id=owner_id, read=lambda using: _written(owner_id, generation_id, using))


def _written(owner_id: int, generation_id: UUID, using: str) -> Written | None:
    """From memory, where its row is still the same."""
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


def headers_of(written: Written) -> dict[str, str]:
    """What is said of a body, also by 304."""
    return {"ETag": written.etag, "Cache-Control": "private, no-cache"}


def poll(request: HttpRequest, *, owner_id: int, generation_id: UUID) -> HttpResponseBase | None:
    """200 or 304 (412 where that is asked for); None where the owner has no such generation."""
    written = written_read(owner_id=owner_id, generation_id=generation_id)
    if written is None:
        return None
    answer = HttpResponse(written.json(), content_type=CONTENT_TYPE, headers=headers_of(written))
    return get_conditional_response(request, etag=written.etag, response=answer)
