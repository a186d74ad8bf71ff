"""`Authorization: Bearer <key>`. A key in the URL is never looked at."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_key_find, api_key_touch


class ApiKeyAuthentication(BaseAuthentication):
    """Answers (user, key) for a usable key. All that is wrong with a key gets the same words."""

    def authenticate(self, request: Request) -> tuple[object, ApiKey] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if not scheme:
            return None
        if scheme.lower() != "bearer":
            raise AuthenticationFailed("Send the API key as `Authorization: Bearer vg_…`.")
        key = api_key_find(secret=secret.strip())
        if key is None:
            raise AuthenticationFailed("This API key is unknown, expired or revoked.")
        api_key_touch(key=key, now=timezone.now())
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="videogen"'
