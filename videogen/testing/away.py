"""A Redis that is away, for the tests of whoever can do without."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from videogen.kernel import redis


@pytest.fixture
def away_redis(settings: Any) -> Callable[[], AbstractContextManager[None]]:
    """While it is entered, the cache's connections are refused."""

    @contextmanager
    def away() -> Iterator[None]:
        kept = settings.REDIS_CACHE
        settings.REDIS_CACHE = {"host": "127.0.0.1", "port": 1}
        redis._client.cache_clear()
        try:
            yield
        finally:
            settings.REDIS_CACHE = kept
            redis._client.cache_clear()

    return away
