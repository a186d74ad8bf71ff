"""What every test starts from: real servers (see `videogen.testing.plugin`), and nothing left in Redis."""

import pytest

from videogen.kernel.memory import memories_forget
from videogen.kernel.redis import cache_redis, queue_redis
from videogen.testing import processes

#: It takes longest, mostly waiting: begun first, nobody has to wait for it at the end.
LONGEST = "test_paid_crashes"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first; the others in their order."""
    items.sort(key=lambda item: item.path.stem != LONGEST)


@pytest.fixture(autouse=True)
def empty_redis() -> None:
    for client in (queue_redis(), cache_redis()):
        client.flushdb()
    memories_forget()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """For a real worker or server process that is to see this test's rows, which must be committed."""
    return processes.process_environment()
