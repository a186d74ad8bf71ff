"""Each request has an id, the client's `X-Request-ID` where it is sane, and a body of a known length."""

import re
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from videogen.kernel.logs import request_id

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")


class RequestIdMiddleware:
    """Takes or makes the id, keeps it for log lines and problems, and sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        identifier = given if _SANE.fullmatch(given) else uuid.uuid4().hex
        token = request_id.set(identifier)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response["X-Request-ID"] = identifier
        return response


class LengthRequiredMiddleware:
    """Refuses a body that comes in chunks: WSGI knows no length for it, so Django would take it for empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return HttpResponse(status=411)
        return self.get_response(request)
