"""Rate limits per key, atomic across processes, said in `RateLimit` headers.

The headers follow draft-ietf-httpapi-ratelimit-headers: `RateLimit-Policy: "read";q=6000;w=60`
and `RateLimit: "read";r=5999;t=1`.
"""

import math
from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from videogen.accounts.models import ApiKey
from videogen.kernel.ratelimit import RateDecision, RateStock

_stock = RateStock()
#: Where a request carries what came of counting it.
_DECISION, _HEADERS = "videogen.rate_decision", "videogen.rate_limit_headers"


def request_count(environ: dict[str, Any], caller: str) -> RateDecision:
    """Count this request, once, and leave what came of it in `environ`: WSGI's, which is `request.META`."""
    if (known := environ.get(_DECISION)) is not None:
        return cast(RateDecision, known)
    name = "read" if environ["REQUEST_METHOD"].upper() in SAFE_METHODS else "write"
    count, seconds = getattr(settings, f"RATE_LIMIT_{name.upper()}")
    decision = environ[_DECISION] = _stock.take(key=f"{name}:{caller}", count=count, seconds=seconds)
    environ[_HEADERS] = {
        "RateLimit-Policy": f'"{name}";q={count};w={seconds}',
        "RateLimit": f'"{name}";r={decision.remaining};t={math.ceil(decision.reset_seconds)}',
    }
    return decision


def rate_limit_headers(environ: Mapping[str, Any]) -> Mapping[str, str]:
    """What tells of it, if it was counted."""
    return cast(Mapping[str, str], environ.get(_HEADERS, {}))


class KeyRateThrottle(BaseThrottle):
    """One allowance for reading and one for writing, for each key (or user of a session)."""

    def allow_request(self, request: Request, view: object) -> bool:
        self.decision = request_count(request.META, _caller(request))
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
