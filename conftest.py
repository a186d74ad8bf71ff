"""What every test starts from: real servers (see `videogen.testing.plugin`), and nothing left in Redis."""

import pytest

from videogen.kernel.memory import memories_forget
from videogen.kernel.redis import cache_redis, queue_redis
from videogen.testing import processes
from videogen.testing.emptying import quick_emptying as quick_emptying

#: They take longest, mostly waiting: begun first, nobody has to wait for them at the end.
LONGEST = [
    "test_paid_crashes",
    "test_paid_waits",
    "test_crashes",
    "test_stack",
    "test_restarts",
    "test_generate",
    "test_bad_days",
    "test_put_back",
    "test_references",
    "test_text_work",
    "test_regenerate",
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; the others in their order."""
    order = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(autouse=True)
def empty_redis() -> None:
    for client in (queue_redis(), cache_redis()):
        client.flushdb()
    memories_forget()


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """For a real worker or server process that is to see this test's rows, which must be committed."""
    return processes.process_environment()
