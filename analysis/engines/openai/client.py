"""The connection to OpenAI or to a compatible server, as the settings describe it."""

from functools import cache, lru_cache
from ssl import SSLContext

import httpx2
import openai
from django.conf import settings

from analysis.engines.openai.guard import GuardedClient
from analysis.engines.openai.wire import CallFailed, Facts
from analysis.errors import WrongKey

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_SECONDS = 5.0


def openai_client() -> openai.OpenAI:
    """The process's client. It keeps no connections, so it may be made before a fork and used after.

    Raises `CallFailed` where the key cannot be written into a header.
    """
    key = settings.OPENAI_API_KEY or "none"
    if not (key.isascii() and key.isprintable()):
        raise CallFailed(WrongKey("OPENAI_API_KEY has characters in it that no key has."), Facts())
    return _client(key, settings.OPENAI_BASE_URL or OPENAI_URL)


def timeout_of(seconds: float) -> httpx2.Timeout:
    """For a whole call: `seconds` from the first byte sent to the last byte read."""
    return httpx2.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS))


@lru_cache(maxsize=2)
def _client(key: str, base_url: str) -> openai.OpenAI:
    # One retry policy only, and it is ours: the package's own would repeat calls that are paid.
    timeout = timeout_of(settings.OPENAI_TIMEOUT_SECONDS)
    http_client = GuardedClient(verify=_certificates(), timeout=timeout)
    return openai.OpenAI(
        api_key=key, base_url=base_url, max_retries=0, timeout=timeout, http_client=http_client
    )


@cache
def _certificates() -> SSLContext:
    return httpx2.create_ssl_context()
