"""A database that is away; a Redis that is comes from `videogen.testing.away`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from django.db import connections

from videogen.testing.away import away_redis as away_redis


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
