"""What every test starts from: real servers (see `videogen.testing.plugin`), and nothing left in Redis."""

import pytest

from videogen.kernel.memory import memories_forget
from videogen.kernel.redis import cache_redis, queue_redis
from videogen.testing import processes

#: The longest files, of which most wait for processes: begun first, so that nobody waits for them at the end.
BEGIN_WITH = (
    *("test_paid_crashes", "test_websocket_bad_days", "test_crashes", "test_chaos", "test_explain"),
    *("test_generate", "test_api_replica", "test_replica", "test_bad_days", "test_users", "test_stack"),
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; otherwise in their order."""
    ranks = {stem: rank for rank, stem in enumerate(BEGIN_WITH)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)))


@pytest.fixture(autouse=True)
def empty_redis() -> None:
    for client in (queue_redis(), cache_redis()):
        client.flushdb()
    memories_forget()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """For a real worker or server process that is to see this test's rows, which must be committed."""
    return processes.process_environment()
