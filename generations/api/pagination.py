"""Pages of generations, newest first. A cursor is the place of the last row that was shown, signed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db.models import QuerySet
from rest_framework.exceptions import ValidationError

from generations.models import Generation

signer = Signer(salt="generations.cursor")


def filtered(generations: QuerySet[Generation], query: Mapping[str, Any]) -> QuerySet[Generation]:
    """The rows that the query asks for."""
    lookups = {
        "status": "status__in",
        "provider": "provider",
        "created_after": "created_at__gt",
        "created_before": "created_at__lt",
    }
    asked = {lookup: query[name] for name, lookup in lookups.items() if name in query}
    return generations.filter(**asked)


def page(generations: QuerySet[Generation], query: Mapping[str, Any]) -> tuple[list[Generation], str | None]:
    """One page, and the cursor of the next one."""
    if "cursor" in query:
        created_at, pk = cursor_read(query["cursor"])
        # As two conditions PostgreSQL can walk the index; one on the pair alone it would filter.
        generations = generations.filter(created_at__lte=created_at).exclude(
            created_at=created_at, id__gte=pk
        )
    rows = list(generations.order_by("-created_at", "-id")[: query["limit"] + 1])
    shown = rows[: query["limit"]]
    return shown, cursor_write(shown[-1]) if len(rows) > len(shown) else None


def cursor_write(generation: Generation) -> str:
    """The place after this row."""
    return signer.sign_object([generation.created_at.isoformat(), str(generation.pk)])


def cursor_read(cursor: str) -> tuple[datetime, str]:
    """The place that we wrote. Anything else is refused."""
    try:
        created_at, pk = signer.unsign_object(cursor)
    except BadSignature as error:
        message = "This is no cursor of ours; take it from `next` of the page before, unchanged."
        raise ValidationError({"cursor": [message]}) from error
    return datetime.fromisoformat(created_at), pk


def next_link(asked: Mapping[str, str], cursor: str | None) -> str | None:
    """The address of the next page, with the same filters."""
    if cursor is None:
        return None
    return f"{settings.PUBLIC_URL}/api/v1/generations?{urlencode({**asked, 'cursor': cursor})}"
