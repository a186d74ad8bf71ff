"""Who opens a socket: an API key in a header, a one-time ticket, or a session from an allowed origin."""

from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.auth.models import AbstractBaseUser, User
from django.contrib.sessions.backends.base import SessionBase
from django.http import parse_cookie
from django.http.request import validate_host
from django.utils import timezone

from generations.realtime.refusals import CloseCode, Refused
from videogen.accounts.models import ApiKey, Scope
from videogen.accounts.services import api_key_find, api_key_touch
from videogen.accounts.tickets import ticket_take

#: Addresses end up in logs and histories, so none of these is ever looked at.
NEVER_IN_A_URL = {"key", "token", "api_key", "apikey", "access_token", "authorization"}


@dataclass(frozen=True)
class Caller:
    """Whose socket it is, and by which right, so that the right can be looked at again."""

    user: AbstractBaseUser
    key_id: int | None = None
    session_key: str | None = None


def caller_of(scope: dict[str, Any]) -> Caller:
    """Who opens this socket. Raises `Refused`."""
    query = parse_qs(scope["query_string"].decode("latin-1"))
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
    if NEVER_IN_A_URL & {name.lower() for name in query}:
        raise _stranger("A key never belongs in a URL: send `Authorization: Bearer vg_…`, or use a ticket.")
    if authorization := headers.get("authorization"):
        return _by_key(authorization)
    if "ticket" in query:
        return _by_ticket(query["ticket"][0])
    session_key = parse_cookie(headers.get("cookie", "")).get(settings.SESSION_COOKIE_NAME)
    if session_key:
        return _by_session(session_key, origin=headers.get("origin", ""))
    raise _stranger("Send `Authorization: Bearer vg_…`, or ?ticket= with one from POST /api/v1/ws-tickets.")


def callers_welcome(callers: Collection[Caller]) -> set[Caller]:
    """Those of them whose right, by which the socket was opened, still stands."""
    keys = {caller.key_id for caller in callers if caller.key_id is not None}
    users = {caller.user.pk for caller in callers if caller.key_id is None and caller.session_key is None}
    usable = ApiKey.objects.usable().filter(pk__in=keys) if keys else ApiKey.objects.none()
    active = get_user_model().objects.filter(pk__in=users, is_active=True) if users else User.objects.none()
    known_keys, known_users = (
        set(usable.values_list("pk", flat=True)),
        set(active.values_list("pk", flat=True)),
    )

    def is_welcome(caller: Caller) -> bool:
        if caller.key_id is not None:
            return caller.key_id in known_keys
        if caller.session_key is not None:  # Few: people who watch in a browser.
            return _user_of(_session(caller.session_key)) == caller.user
        return caller.user.pk in known_users

    return {caller for caller in callers if is_welcome(caller)}


def _by_key(authorization: str) -> Caller:
    scheme, _, secret = authorization.partition(" ")
    key = api_key_find(secret=secret.strip()) if scheme.lower() == "bearer" else None
    if key is None:
        raise _stranger("This API key is unknown, expired or revoked.")
    if Scope.READ not in key.scopes:
        raise Refused(CloseCode.FORBIDDEN, "This API key lacks the scope `read`.")
    api_key_touch(key=key, now=timezone.now())
    return Caller(key.user, key_id=key.pk)


def _by_ticket(ticket: str) -> Caller:
    holder = ticket_take(ticket)
    if holder is None:
        raise _stranger("This ticket is unknown, used or older than a minute; get a new one.")
    return Caller(holder.user, key_id=holder.key_id)


def _by_session(session_key: str, *, origin: str) -> Caller:
    """A browser sends cookies whichever page opened the socket, hence the look at where it came from."""
    if not origin_is_allowed(origin):
        raise Refused(CloseCode.FORBIDDEN, "Pages of this origin may not open a socket with your session.")
    user = _user_of(_session(session_key))
    if user is None:
        raise _stranger("Your session has ended; log in again.")
    return Caller(user, session_key=session_key)


def origin_is_allowed(origin: str) -> bool:
    """Only pages of this service: the host of PUBLIC_URL, or one that ALLOWED_HOSTS names."""
    # A wildcard says which Host headers are believed, not that any page may act for its visitors.
    named = [pattern for pattern in settings.ALLOWED_HOSTS if pattern != "*"]
    host = _host(origin)
    return bool(host) and validate_host(host, [*named, _host(settings.PUBLIC_URL)])


def _host(url: str) -> str:
    """As ALLOWED_HOSTS writes it."""
    host = urlsplit(url).hostname or ""
    return f"[{host}]" if ":" in host else host


def _session(session_key: str) -> SessionBase:
    session: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    return session


def _user_of(session: SessionBase) -> AbstractBaseUser | None:
    user = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]
    return user if user.is_authenticated and user.is_active else None


def _stranger(reason: str) -> Refused:
    return Refused(CloseCode.NOT_AUTHENTICATED, reason)
