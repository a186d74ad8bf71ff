"""Every error is one RFC 9457 problem: `application/problem+json`, inside DRF and outside."""

import logging
import math
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import InterfaceError, NotSupportedError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from redis.exceptions import RedisError
from rest_framework import exceptions

from videogen.accounts.throttling import rate_limit_headers
from videogen.kernel.errors import DomainError
from videogen.kernel.logs import request_id

logger = logging.getLogger(__name__)

#: Seconds after which a client may look again while a server behind us is away.
AWAY_RETRY_SECONDS = 5

#: Pages that a browser reads get Django's HTML errors; everything else is for programs.
HTML_PATHS = ("/admin/", "/django-rq/")

_CODES = {
    exceptions.ParseError: "request.malformed",
    exceptions.AuthenticationFailed: "auth.invalid_key",
    exceptions.NotAuthenticated: "auth.required",
    exceptions.PermissionDenied: "auth.forbidden",
    exceptions.NotFound: "not_found",
    exceptions.MethodNotAllowed: "method_not_allowed",
    exceptions.NotAcceptable: "not_acceptable",
    exceptions.UnsupportedMediaType: "unsupported_media_type",
    exceptions.Throttled: "rate_limited",
}

#: What never reaches DRF: Django's own refusals, and those of the views that serve bytes.
_PLAIN = {
    400: ("request.malformed", "The request is malformed; is the Host header one of ALLOWED_HOSTS?"),
    403: ("auth.forbidden", "This is not allowed; a form needs its CSRF token."),
    404: ("not_found", "There is nothing here. The API is described at /api/docs."),
    405: ("method_not_allowed", "This method is not possible here; the Allow header lists those that are."),
    411: ("length_required", "Send the body with a Content-Length; it cannot be read in chunks."),
    412: ("precondition_failed", "It has changed, or cannot be compared so: use If-None-Match."),
    416: ("range_not_satisfiable", "The Range is outside of the file; Content-Range says how large it is."),
    503: ("unavailable", "The service is not ready; try again soon."),
}
_KEPT_HEADERS = ("Allow", "Retry-After", "Content-Range")


#: In a problem, `status` is the HTTP status; a refusal's own is that of the row.
_MEMBERS = {"status": "current_status"}


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    instance: str = "",
    errors: list[dict[str, str]] | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """The body of a problem. `type` is a URN: it names the problem and needs no page to exist."""
    return {
        "type": f"urn:videogen:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "errors": errors or [],
        "request_id": request_id.get(),
    } | extra


def problem_response(request: HttpRequest, **fields: Any) -> JsonResponse:
    """A problem as an answer outside DRF."""
    body = problem(instance=request.path, **fields)
    return JsonResponse(body, status=body["status"], content_type="application/problem+json")


def exception_handler(exc: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """DRF's hook. None lets a bug reach the log and become a plain 500."""
    instance = context["request"].path
    if isinstance(exc, DomainError):
        return _refusal(exc, instance)
    if isinstance(exc, RequestDataTooBig):
        return _response(_too_big(instance))
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, exceptions.ValidationError):
        return _response(_invalid(exc, instance))
    if isinstance(exc, exceptions.APIException):
        return _api_exception(exc, instance, context["view"])
    return None


def _refusal(error: DomainError, instance: str) -> JsonResponse:
    extra: dict[str, Any] = {"retryable": error.retryable} | ({"hint": error.hint} if error.hint else {})
    extra |= {_MEMBERS.get(name, name): value for name, value in error.details.items()}
    body = problem(status=error.status, code=error.code, detail=str(error), instance=instance, **extra)
    return _response(body, _retry_after(error.details.get("retry_after_seconds")))


def _api_exception(exc: exceptions.APIException, instance: str, view: Any) -> JsonResponse:
    code = _CODES.get(type(exc), "request.refused")
    detail = str(exc.detail)
    if isinstance(exc, exceptions.UnsupportedMediaType):
        detail += f" Send {' or '.join(parser.media_type for parser in view.parser_classes)}."
    if isinstance(exc, exceptions.MethodNotAllowed):
        detail += f" Here you can {', '.join(view.allowed_methods)}."
    headers = _retry_after(getattr(exc, "wait", None))
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return _response(problem(status=exc.status_code, code=code, detail=detail, instance=instance), headers)


def _invalid(exc: exceptions.ValidationError, instance: str) -> dict[str, Any]:
    errors = list(_flat(exc.detail))
    fields = ", ".join(dict.fromkeys(error["field"] for error in errors if error["field"]))
    detail = f"These fields are not right: {fields}." if fields else errors[0]["message"]
    return problem(status=400, code="request.invalid", detail=detail, instance=instance, errors=errors)


def _flat(detail: Any, field: str = "") -> Iterator[dict[str, str]]:
    """DRF's nested details as rows of field, code and message; nested fields are joined by dots."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            inner_field = field if name == "non_field_errors" else f"{field}.{name}".lstrip(".")
            yield from _flat(inner, inner_field)
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            yield from _flat(inner, f"{field}.{index}" if isinstance(inner, dict) else field)
    else:
        yield {"field": field, "code": getattr(detail, "code", "invalid"), "message": str(detail)}


def _too_big(instance: str) -> dict[str, Any]:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    detail = f"The body is larger than the {limit} bytes that are read."
    return problem(status=413, code="request.too_large", detail=detail, instance=instance)


def _retry_after(seconds: float | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(max(1, math.ceil(seconds)))}


def _response(body: dict[str, Any], headers: dict[str, str] | None = None) -> JsonResponse:
    # Not DRF's Response: a view that renders HTML or bytes would render the problem so.
    return JsonResponse(body, status=body["status"], headers=headers, content_type="application/problem+json")


class ProblemMiddleware:
    """Gives the same shape to what never reaches DRF, and to servers that are away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        plain = response.status_code >= 400 and "problem+json" not in response.get("Content-Type", "")
        if plain and not request.path.startswith(HTML_PATHS):
            response = _reshaped(request, response)
        for name, value in rate_limit_headers(request.META).items():
            response[name] = value
        return response

    def process_exception(self, request: HttpRequest, exc: Exception) -> HttpResponse | None:
        if isinstance(exc, (OperationalError, InterfaceError, NotSupportedError)):
            logger.error("The database is away, or too busy: %s", exc)
            return away(request, "database")
        if isinstance(exc, RedisError):
            logger.error("Redis is away: %s", exc)
            return away(request, "redis")
        if isinstance(exc, DomainError) and not request.path.startswith(HTML_PATHS):
            return _refusal(exc, request.path)
        if isinstance(exc, RequestDataTooBig) and not request.path.startswith(HTML_PATHS):
            return _response(_too_big(request.path))
        return None


def _reshaped(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    status = response.status_code
    refused = ("request.refused", f"The request was refused: {response.reason_phrase}.")
    failed = ("internal", "Something went wrong here; the log has the request id.")
    code, detail = _PLAIN.get(status, failed if status >= 500 else refused)
    reshaped = problem_response(request, status=status, code=code, detail=detail)
    for name in _KEPT_HEADERS:
        if name in response:
            reshaped[name] = response[name]
    return reshaped


def away(request: HttpRequest, what: str) -> HttpResponse:
    """503 while a server cannot be reached. Nothing was half written: the transaction is gone with it."""
    detail = f"The {what} cannot be reached, or is too busy; try again in {AWAY_RETRY_SECONDS} seconds."
    response = problem_response(request, status=503, code=f"unavailable.{what}", detail=detail)
    response["Retry-After"] = str(AWAY_RETRY_SECONDS)
    return response
