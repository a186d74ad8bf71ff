"""The status poll's short way: answered before Django makes a request of it."""

import re
from collections.abc import Iterable
from io import BytesIO
from threading import Lock
from typing import Any, NamedTuple
from uuid import UUID

from cachetools import cached
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.http import HttpRequest, HttpResponse
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.security import SecurityMiddleware
from django.utils import timezone
from redis.exceptions import RedisError

from generations.api.outputs import Written
from generations.api.poll import CONTENT_TYPE, headers_of, written_read
from videogen.accounts.authentication import bearer_secret
from videogen.accounts.models import Scope
from videogen.accounts.services import api_key_known
from videogen.accounts.throttling import caller_of_key, rate_limit_headers, request_count
from videogen.kernel.logs import REQUEST_ID, request_id, request_id_of
from videogen.kernel.memory import memory

#: Where a request carries what went wrong on its short way: nobody has to wait for it again.
POLL_ERROR = "videogen.poll_error"
#: As Django's `uuid` converter has it.
PATH = re.compile(r"/api/v1/generations/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
#: What makes a request more than a plain poll.
_UNUSUAL = {"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE", "HTTP_TRANSFER_ENCODING"}
#: What tells whether a request came to the right host, and by TLS: what `SECURE_PROXY_SSL_HEADER` names is
#: among it, and `USE_X_FORWARDED_HOST` is off.
_ORIGIN = ("HTTP_HOST", "wsgi.url_scheme", "HTTP_X_FORWARDED_PROTO")
#: In characters, all together. What comes of them is remembered, and anybody may send them.
LONGEST_ORIGIN = 300

Environ = dict[str, Any]


class Answer(NamedTuple):
    """What WSGI wants."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


class QuickPoll:
    """A WSGI application that answers a plain poll with a usable key; all else, also refusing, is Django's.

    What it leaves out (signals, middleware, negotiation, Django's request and response) takes longer than
    the poll itself.
    """

    def __init__(self, django: Any) -> None:
        self._django = django

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        found = PATH.fullmatch(environ["PATH_INFO"])
        answer = _answer(environ, UUID(found[1])) if found and _is_plain(environ) else None
        if answer is None:
            everything: Iterable[bytes] = self._django(environ, start_response)
            return everything
        start_response(answer.status, answer.headers)
        return [answer.body]


def _is_plain(environ: Environ) -> bool:
    is_reading = environ["REQUEST_METHOD"] == "GET" and not environ.get("QUERY_STRING")
    return is_reading and _UNUSUAL.isdisjoint(environ)


def _answer(environ: Environ, generation_id: UUID) -> Answer | None:
    identifier = environ["HTTP_X_REQUEST_ID"] = request_id_of(environ)
    token = request_id.set(identifier)
    try:
        usual = _usual_headers(environ)
        written = _read(environ, generation_id) if usual is not None else None
        if usual is None or written is None:
            return None
        own = {**headers_of(written), **rate_limit_headers(environ), REQUEST_ID: identifier}
        return _conditional(environ.get("HTTP_IF_NONE_MATCH", ""), written, [*own.items(), *usual])
    except (DatabaseError, InterfaceError, RedisError) as error:  # The view raises it.
        environ[POLL_ERROR] = error
        return None
    finally:
        close_old_connections()
        request_id.reset(token)


def _usual_headers(environ: Environ) -> list[tuple[str, str]] | None:
    """What Django's middleware adds to every answer there; None where it would refuse, or redirect."""
    origin = [environ.get(name) for name in _ORIGIN]
    is_short = sum(map(len, filter(None, origin))) <= LONGEST_ORIGIN
    return _headers_at(*origin) if is_short else None


@cached(memory(seconds=600, most=256), lock=Lock())
def _headers_at(*origin: str | None) -> list[tuple[str, str]] | None:
    given = {name: value for name, value in zip(_ORIGIN, origin, strict=True) if value is not None}
    request = WSGIRequest({"REQUEST_METHOD": "GET", "wsgi.input": BytesIO(), **given})
    try:
        answer: Any = SecurityMiddleware(XFrameOptionsMiddleware(_empty))(request)
    except (DisallowedHost, KeyError):  # Not ours, or none at all.
        return None
    headers = [(name, value) for name, value in answer.items() if name != "Content-Type"]
    return headers if answer.status_code == 200 else None


def _empty(request: HttpRequest) -> HttpResponse:
    request.get_host()
    return HttpResponse()


def _read(environ: Environ, generation_id: UUID) -> Written | None:
    """What this caller may see; None where that is for the view to say."""
    close_old_connections()  # As Django does before each request, and after it.
    secret = bearer_secret(environ.get("HTTP_AUTHORIZATION", ""))
    key = api_key_known(secret=secret, now=timezone.now()) if secret else None
    if key is None or Scope.READ not in key.scopes:
        return None
    if not request_count(environ, caller_of_key(key)).allowed:
        return None
    return written_read(owner_id=key.user_id, generation_id=generation_id)


def _conditional(known: str, written: Written, headers: list[tuple[str, str]]) -> Answer | None:
    """304 where the client has said that it knows this body."""
    if written.etag.removeprefix("W/") in {each.strip().removeprefix("W/") for each in known.split(",")}:
        return Answer("304 Not Modified", headers, b"")
    if known.strip() == "*":
        return None
    body = written.json()
    described = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(body)))]
    return Answer("200 OK", headers + described, body)
