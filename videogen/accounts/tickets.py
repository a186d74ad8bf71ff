"""One-time tickets, for browsers: their WebSockets send no header, and a key may not stand in a URL."""

import secrets
from dataclasses import dataclass
from typing import cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from videogen.accounts.models import ApiKey
from videogen.accounts.services import secret_hash
from videogen.kernel.redis import queue_redis

TICKET_SECONDS = 60


def ticket_create(user: AbstractBaseUser, key: ApiKey | None) -> str:
    """A ticket that opens one socket of this user within a minute, if the key is still good by then."""
    ticket = secrets.token_urlsafe(32)
    queue_redis().set(_name(ticket), f"{user.pk}:{key.pk if key else ''}", ex=TICKET_SECONDS)
    return ticket


@dataclass(frozen=True)
class TicketHolder:
    """Who asked for the ticket, and by which key."""

    user: AbstractBaseUser
    key_id: int | None


def ticket_take(ticket: str) -> TicketHolder | None:
    """Whose ticket it is; asked again, it is nobody's."""
    kept = cast(bytes | None, queue_redis().getdel(_name(ticket)))
    if kept is None:
        return None
    user_id, _, key_id = kept.decode().partition(":")
    if key_id and not ApiKey.objects.usable().filter(pk=key_id).exists():
        return None
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return TicketHolder(user, int(key_id) if key_id else None) if user else None


def _name(ticket: str) -> str:
    return f"ticket:{secret_hash(ticket)}"
