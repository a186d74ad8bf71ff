"""Making, finding, limiting and revoking API keys."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.db.models.functions import Now

from videogen.accounts.models import ApiKey, all_scopes
from videogen.kernel.memory import memory
from videogen.kernel.prepared import PreparedRead

#: Secret scanners and people recognise a key by this.
KEY_START = "vg_"
PREFIX_LENGTH = len(KEY_START) + 8

#: `last_used_at` is for people; more often would be a write on every poll.
USED_EVERY = timedelta(minutes=1)

#: For this long a process does not ask again whether a key is usable.
KNOWN_SECONDS = 2
_find = PreparedRead(
    lambda digest: ApiKey.objects.usable().filter(secret_hash=digest).select_related("user"),
    digest="of a secret",
)
_known = memory(seconds=KNOWN_SECONDS, most=10_000)
_known_lock = Lock()


def api_key_create(
    *,
    user_name: str,
    name: str = "",
    scopes: Iterable[str] | None = None,
    expires_at: datetime | None = None,
    monthly_limit_usd: Decimal | None = None,
) -> tuple[ApiKey, str]:
    """A new key of the user `user_name`, who is made if missing. The secret is only ever in this answer."""
    user, made = get_user_model().objects.get_or_create(username=user_name)
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    secret = KEY_START + secrets.token_urlsafe(32)
    key = ApiKey.objects.create(
        user=user,
        name=name or user_name,
        prefix=secret[:PREFIX_LENGTH],
        secret_hash=secret_hash(secret),
        scopes=list(scopes) if scopes is not None else all_scopes(),
        expires_at=expires_at,
        monthly_limit_usd=monthly_limit_usd,
    )
    return key, secret


def secret_hash(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def api_key_find(*, secret: str) -> ApiKey | None:
    """The usable key with this secret, its user loaded."""
    return _find.first(digest=secret_hash(secret))


def api_key_known(*, secret: str, now: datetime) -> ApiKey | None:
    """As `api_key_find`, from memory where the key was used in the last seconds. Marks it as used.

    A key that is revoked, or loses a scope, can read for `KNOWN_SECONDS` more in other processes.
    """
    digest = secret_hash(secret)
    with _known_lock:
        key: ApiKey | None = _known.get(digest)
    if key is None and (key := api_key_find(secret=secret)) is not None:
        with _known_lock:
            _known[digest] = key
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        return None
    api_key_touch(key=key, now=now)
    return key


def api_keys_forget() -> None:
    """Ask the database again, at once, in this process."""
    with _known_lock:
        _known.clear()


def api_key_touch(*, key: ApiKey, now: datetime) -> None:
    """Remember that the key was used, at most once a minute."""
    if key.last_used_at is not None and now - key.last_used_at < USED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USED_EVERY)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())
    key.last_used_at = now


def api_key_limit(*, key: ApiKey, monthly_limit_usd: Decimal | None) -> None:
    """From now on the key may spend this much in a month; None is no limit. What is at work goes on."""
    ApiKey.objects.filter(pk=key.pk).update(monthly_limit_usd=monthly_limit_usd)
    api_keys_forget()
    key.refresh_from_db(fields=["monthly_limit_usd"])


def api_key_revoke(*, key: ApiKey) -> None:
    """From now on the key is refused. Doing it twice changes nothing."""
    ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=Now())
    api_keys_forget()
    key.refresh_from_db()
