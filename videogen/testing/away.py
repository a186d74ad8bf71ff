"""Servers that are away, for the tests of whoever has to live with that."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from videogen.kernel import redis


@pytest.fixture
def away_database(db: None, tmp_path: Path) -> Callable[[], AbstractContextManager[None]]:
    """While it is entered, connections go to a server that is not there."""

    @contextmanager
    def away() -> Iterator[None]:
        kept = connections["default"]
        elsewhere = kept.copy()
        elsewhere.settings_dict = kept.settings_dict | {"HOST": str(tmp_path)}
        connections["default"] = elsewhere
        try:
            yield
        finally:
            connections["default"] = kept

    return away


@pytest.fixture
def away_redis(settings: Any) -> Callable[..., AbstractContextManager[None]]:
    """While it is entered, the connections of the cache, or of the queues, are refused."""

    @contextmanager
    def away(setting: str = "REDIS_CACHE") -> Iterator[None]:
        kept = getattr(settings, setting)
        setattr(settings, setting, {"host": "127.0.0.1", "port": 1})
        redis._client.cache_clear()
        try:
            yield
        finally:
            setattr(settings, setting, kept)
            redis._client.cache_clear()

    return away
