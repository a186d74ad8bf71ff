"""Rate limits per key, atomic across processes, said in `RateLimit` headers.

The headers follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "read";q=6000;w=60`
and `RateLimit: "read";r=5999;t=1`.
"""

import math

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from videogen.accounts.models import ApiKey
from videogen.kernel.ratelimit import rate_take


class KeyRateThrottle(BaseThrottle):
    """One allowance for reading and one for writing, for each key (or user of a session)."""

    def allow_request(self, request: Request, view: object) -> bool:
        name = "read" if request.method in SAFE_METHODS else "write"
        count, seconds = getattr(settings, f"RATE_LIMIT_{name.upper()}")
        self.decision = rate_take(key=f"{name}:{_caller(request)}", count=count, seconds=seconds)
        reset = math.ceil(self.decision.reset_seconds)
        request._request.rate_limit_headers = {  # type: ignore[attr-defined]
            "RateLimit-Policy": f'"{name}";q={count};w={seconds}',
            "RateLimit": f'"{name}";r={self.decision.remaining};t={reset}',
        }
        return self.decision.allowed

    def wait(self) -> float:
        return self.decision.retry_after_seconds


def _caller(request: Request) -> str:
    if isinstance(request.auth, ApiKey):
        return f"key:{request.auth.pk}"
    # Never X-Forwarded-For: it is the client's own word.
    return f"user:{request.user.pk}" if request.user else f"address:{request.META.get('REMOTE_ADDR')}"
