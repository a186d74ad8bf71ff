"""Each request has an id, the client's `X-Request-ID` where it is sane, and a body of a known length."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from videogen.kernel.logs import REQUEST_ID, request_id, request_id_of


class RequestIdMiddleware:
    """Takes or makes the id, keeps it for log lines and problems, and sends it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        identifier = request_id_of(request.META)
        token = request_id.set(identifier)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(token)
        response[REQUEST_ID] = identifier
        return response


class LengthRequiredMiddleware:
    """Refuses a body that comes in chunks: WSGI knows no length for it, so Django would take it for empty."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return HttpResponse(status=411)
        return self.get_response(request)
