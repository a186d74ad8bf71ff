"""What the views share: JSON in, JSON out, and a generation only for those who may see it."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, cast
from uuid import UUID

import orjson
from django.contrib.auth.models import User
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from generations.api.fields import StrictSerializer
from generations.models import Generation
from videogen.accounts.models import ApiKey
from videogen.kernel.replica import replica_wrote


class BoundedJsonParser(JSONParser):
    """JSON as strict as DRF's; what is nested too deep to be read is malformed too."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError("JSON parse error - it is nested too deep.") from error


class QuickJsonRenderer(JSONRenderer):
    """The same JSON, written ten times as fast; keys have to be text."""

    def render(self, data: Any, *args: Any, **kwargs: Any) -> bytes:
        return b"" if data is None else orjson.dumps(data)


class JsonWhateverIsAsked(DefaultContentNegotiation):
    """There is one format. A client with another `Accept` is better served by it than by a 406."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class ApiView(APIView):
    """The base of every view."""

    parser_classes = [BoundedJsonParser]
    renderer_classes = [QuickJsonRenderer]
    content_negotiation_class = JsonWhateverIsAsked

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        # Answers belong to one key; a cache may keep one only to ask whether it still holds.
        final.headers.setdefault("Cache-Control", "private, no-cache")
        if request.method not in SAFE_METHODS and request.user:
            replica_wrote(owner_id=caller(request).pk)
        return final


def validated(serializer_class: type[StrictSerializer], data: Any) -> dict[str, Any]:
    """The data in its types, or a problem that names each field."""
    return dict(_checker(serializer_class).run_validation(data))


@cache
def _checker(serializer_class: type[StrictSerializer]) -> StrictSerializer:
    # It keeps nothing of what it checks; making one copies all of its fields.
    return serializer_class()


def caller(request: Request) -> User:
    """Who asks. Permissions let nobody else in."""
    return cast(User, request.user)


def api_key_of(request: Request) -> ApiKey | None:
    """The key that the caller came with; None for a session."""
    return request.auth if isinstance(request.auth, ApiKey) else None


def visible_generation(request: Request, generation_id: UUID, *, load: Sequence[str] = ()) -> Generation:
    """The caller's own generation. Somebody else's is not found, as if it did not exist."""
    found: Generation | None = (
        Generation.objects.visible_to(caller(request)).filter(pk=generation_id).select_related(*load).first()
    )
    if found is None:
        raise no_such_generation(generation_id)
    return found


def no_such_generation(generation_id: UUID) -> NotFound:
    """The refusal for an id that is unknown or not the caller's."""
    return NotFound(f"You have no generation {generation_id}.")


def accepted(body: dict[str, Any], **headers: str) -> Response:
    """202: it will happen."""
    return Response(body, status=202, headers=headers)
