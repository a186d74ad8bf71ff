"""The keys that webhooks are verified with: asked for, kept for a day, asked for anew when none fits."""

from collections.abc import Callable

import httpx
from django.conf import settings

from generations.providers.base import ProviderError, ProviderUnavailable, WebhookRefused
from generations.providers.hosted.answers import Answer
from generations.providers.hosted.exchanges import ask
from generations.providers.hosted.signatures import Signed, fal_fits, standard_fits
from generations.providers.hosted.vendors import FAL, REPLICATE, Vendor
from videogen.kernel.errors import DomainError, Postponed
from videogen.kernel.single_flight import Failure, once

KEPT_SECONDS = 24 * 3600
#: Keys are exchanged for others without notice. So often at most do we ask whether they were,
#: whatever number of webhooks comes that nobody of theirs has signed.
RENEWED_SECONDS = 60
ASKING_SECONDS = 10.0


def check_replicate(signed: Signed) -> None:
    """Raise `WebhookRefused` unless Replicate has signed it."""
    if secret := settings.REPLICATE_WEBHOOK_SECRET:
        if not standard_fits(signed, secret):
            raise WebhookRefused("The signature does not fit REPLICATE_WEBHOOK_SECRET.")
        return
    _check("replicate", _replicate_secret, lambda secret: standard_fits(signed, secret))


def check_fal(signed: Signed) -> None:
    """Raise `WebhookRefused` unless fal has signed it."""
    _check("fal", _fal_key_set, lambda key_set: fal_fits(signed, key_set))


def _check(name: str, ask_keys: Callable[[], str], fits: Callable[[str], bool]) -> None:
    if fits(_kept(name, ask_keys, KEPT_SECONDS)):
        return
    if not fits(_kept(f"{name}:renewed", ask_keys, RENEWED_SECONDS)):
        raise WebhookRefused("The signature does not fit.")


def _kept(name: str, ask_keys: Callable[[], str], seconds: int) -> str:
    def keys() -> str:
        try:
            return ask_keys()
        except (ProviderError, Postponed) as error:
            raise _unverifiable(str(error)) from error

    try:
        return once(
            f"webhook-keys:{name}",
            keys,
            keep_seconds=seconds,
            lock_seconds=ASKING_SECONDS,
            patience_seconds=ASKING_SECONDS,
            revive=_revived,
        ).value
    except Postponed as error:
        raise _unverifiable(str(error)) from error


def _replicate_secret() -> str:
    url = f"{REPLICATE.url}/webhooks/default/secret"
    request = httpx.Request("GET", url, headers=REPLICATE.authorization())
    return _asked(REPLICATE, request, lambda answer: answer.word("key"))


def _fal_key_set() -> str:
    def keys(answer: Answer) -> str:
        return answer.text if isinstance(answer.members.get("keys"), list) else ""

    if reason := FAL.unavailable_because():
        raise ProviderUnavailable(reason)
    # They are public: the key stays here.
    return _asked(FAL, httpx.Request("GET", settings.FAL_JWKS_URL), keys)


def _asked(vendor: Vendor, request: httpx.Request, keys_in: Callable[[Answer], str]) -> str:
    answer = ask(vendor, request, timeout_seconds=ASKING_SECONDS)
    keys = keys_in(answer) if answer.is_success else ""
    if not keys:
        raise ProviderError(f"{vendor.title} does not say which keys it signs with ({answer.status}).")
    return keys


def _unverifiable(reason: str) -> WebhookRefused:
    """Not the sender's fault: it may send it again later. Not retryable, so that it is remembered a while."""
    error = WebhookRefused(f"The webhook cannot be verified now. {reason}", code="webhook.unverifiable")
    error.status = 503
    return error


def _revived(failure: Failure) -> DomainError:
    error = WebhookRefused(failure.message, code=failure.code)
    error.status = failure.status
    return error
