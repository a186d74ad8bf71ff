"""Workers stand back for whoever answers clients."""

import os

import pytest

from generations.tests.processes import start_worker
from generations.worker import NICENESS
from videogen.testing.processes import running
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_worker_is_nice() -> None:
    """And so is what it forks: encoders and work-horses inherit it."""
    expected = max(NICENESS, os.nice(0))
    with running(start_worker("assembly")) as [worker]:
        assert eventually(lambda: os.getpriority(os.PRIO_PROCESS, worker.pid) == expected, seconds=30)
