"""What drf-spectacular cannot see by itself: the key, strict bodies, and the problems of each operation."""

from collections.abc import Callable, Sequence
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    Direction,
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from generations.api import examples, shapes

PROBLEM_JSON = "application/problem+json"

#: What each status means here; every operation may answer the first four.
MEANINGS = {
    401: "No key, or one that is unknown, expired or revoked.",
    403: "The key lacks the scope, or a session lacks its CSRF token.",
    429: "Too many requests; `Retry-After` says when.",
    503: "A server behind this one is away; `Retry-After` says when.",
    400: "A field is not right; `errors` names each, and says what it takes.",
    402: "It would cost more than `max_cost_usd`, or than is left of the key's month or of everybody's day.",
    404: "There is none that you may see, or it is not there yet; see `code`.",
    409: "Not possible in the status that it has; see `current_status`.",
    413: "The body is too large.",
    415: "The body is of a type that is not taken here; see `detail`.",
    416: "The Range is outside of the file.",
    422: "Well formed, but this installation cannot do it (`errors` names the field), its words are "
    "blocked (`safety.input.…`), or it is no usable picture (`asset.…`).",
}
EVERYWHERE = (401, 403, 429, 503)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="1 to 255 printable ASCII characters of your own, such as a UUID. The same key and body "
    "make one generation, however often they are sent: a repeat gets the first answer, with "
    "`Idempotency-Replayed: true`.",
    examples=[OpenApiExample("a UUID", "4b1f9a62-0c6e-4a0e-8d7d-0d9b6b0f6f5c")],
)

IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The `ETag` of the answer before; 304 while nothing has changed.",
)

RETRY_AFTER = OpenApiParameter(
    "Retry-After",
    OpenApiTypes.INT,
    OpenApiParameter.HEADER,
    description="Seconds after which to look.",
    response=[202],
)

LOCATION = OpenApiParameter(
    "Location",
    OpenApiTypes.URI,
    OpenApiParameter.HEADER,
    description="Where to look.",
    response=[201, 202],
)

ETAG = OpenApiParameter(
    "ETag",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Changes when anything but `eta_seconds` does.",
    response=[200],
)


def answer(shape: Any, example: Any, description: str = "") -> OpenApiResponse:
    """A success, with its example."""
    shown = [OpenApiExample("example", example, response_only=True)]
    return OpenApiResponse(shape, description=description, examples=shown)


def operation(
    operation_id: str,
    tag: str,
    summary: str,
    description: str,
    *,
    answers: dict[Any, Any],
    problems: Sequence[int] = (),
    request: Any = None,
    parameters: Sequence[Any] = (),
    body_example: Any = None,
) -> Callable[[Any], Any]:
    """One operation of the document, with the problems that it may answer."""
    refusals = {
        (status, PROBLEM_JSON): OpenApiResponse(shapes.Problem, description=MEANINGS[status])
        for status in sorted({*problems, *EVERYWHERE})
    }
    shown = [OpenApiExample("example", body_example, request_only=True)] if body_example else []
    decorate: Callable[[Any], Any] = extend_schema(
        operation_id=operation_id,
        tags=[tag],
        summary=summary,
        description=description,
        request=request,
        parameters=list(parameters),
        responses=answers | refusals,
        examples=shown,
    )
    return decorate


class ApiKeyScheme(OpenApiAuthenticationExtension):
    """`Authorization: Bearer vg_…`."""

    target_class = "videogen.accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "vg_…",
            "description": "An API key; `manage.py create_api_key NAME` makes one.",
        }


class StrictObject(OpenApiSerializerExtension):
    """Says of strict bodies that they take nothing else."""

    target_class = "generations.api.fields.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}


class ProblemObject(OpenApiSerializerExtension):
    """One example for all problems."""

    target_class = "generations.api.shapes.Problem"

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "example": examples.PROBLEM}
