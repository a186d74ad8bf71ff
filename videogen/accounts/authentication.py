"""`Authorization: Bearer <key>`. A key in the URL is never looked at."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_key_find, api_key_known, api_key_touch


def bearer_secret(header: str) -> str | None:
    """The key in an `Authorization` header; None where it carries something else."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


class ApiKeyAuthentication(BaseAuthentication):
    """Answers (user, key) for a usable key. All that is wrong with a key gets the same words."""

    def authenticate(self, request: Request) -> tuple[object, ApiKey] | None:
        header = get_authorization_header(request).decode("latin-1")
        if not header.partition(" ")[0]:
            return None
        secret = bearer_secret(header)
        if secret is None:
            raise AuthenticationFailed("Send the API key as `Authorization: Bearer vg_…`.")
        now = timezone.now()
        if request.method in SAFE_METHODS:
            key = api_key_known(secret=secret, now=now)
        elif key := api_key_find(secret=secret):  # Who may change things, or spend, is looked up each time.
            api_key_touch(key=key, now=now)
        if key is None:
            raise AuthenticationFailed("This API key is unknown, expired or revoked.")
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="videogen"'
