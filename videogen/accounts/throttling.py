"""Rate limits per key, atomic across processes, said in `RateLimit` headers.

The headers follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "read";q=6000;w=60`
and `RateLimit: "read";r=5999;t=1`.
"""

import math
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from videogen.accounts.models import ApiKey
from videogen.kernel.ratelimit import RateDecision, RateStock

_stock = RateStock()


def request_count(request: HttpRequest, caller: str) -> RateDecision:
    """Count this request, once, and leave with it what came of it and the headers that tell of it."""
    if (known := getattr(request, "rate_decision", None)) is not None:
        return cast(RateDecision, known)
    name = "read" if request.method in SAFE_METHODS else "write"
    count, seconds = getattr(settings, f"RATE_LIMIT_{name.upper()}")
    decision = _stock.take(key=f"{name}:{caller}", count=count, seconds=seconds)
    reset = math.ceil(decision.reset_seconds)
    request.rate_decision = decision  # type: ignore[attr-defined]
    request.rate_limit_headers = {  # type: ignore[attr-defined]
        "RateLimit-Policy": f'"{name}";q={count};w={seconds}',
        "RateLimit": f'"{name}";r={decision.remaining};t={reset}',
    }
    return decision


class KeyRateThrottle(BaseThrottle):
    """One allowance for reading and one for writing, for each key (or user of a session)."""

    def allow_request(self, request: Request, view: object) -> bool:
        self.decision = request_count(request._request, _caller(request))
        return self.decision.allowed

    def wait(self) -> float:
        return self.decision.retry_after_seconds


def caller_of_key(key: ApiKey) -> str:
    """Whom the requests with this key are counted for."""
    return f"key:{key.pk}"


def _caller(request: Request) -> str:
    if isinstance(request.auth, ApiKey):
        return caller_of_key(request.auth)
    # Never X-Forwarded-For: it is the client's own word.
    return f"user:{request.user.pk}" if request.user else f"address:{request.META.get('REMOTE_ADDR')}"
