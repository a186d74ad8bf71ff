"""Workers stand back for whoever answers clients, and load what their work-horses need."""

import os
from pathlib import Path

import pytest
from django.contrib.auth.models import User

from generations.services.generations import generation_create
from generations.tests.following import finished
from generations.tests.processes import QUEUES, start_dispatcher, start_worker, worker_words
from generations.tests.requests import REQUEST
from generations.worker import NICENESS
from videogen.testing.processes import manage, running
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

IMPORTING = "generations.tests.importing.ImportingWorker"
#: What is small, and not needed by each.
LATE = {"av", "imageio_ffmpeg", "storage_app"}


def test_a_worker_is_nice() -> None:
    """And so is what it forks: encoders and work-horses inherit it."""
    expected = max(NICENESS, os.nice(0))
    with running(start_worker("assembly")) as [worker]:
        assert eventually(lambda: os.getpriority(os.PRIO_PROCESS, worker.pid) == expected, seconds=30)


def test_a_work_horse_imports_next_to_nothing(alice: User, tmp_path: Path) -> None:
    """It would take longer than most attempts, each time."""
    generation = generation_create(owner=alice, request=REQUEST | {"duration_seconds": 4}).generation
    imports = tmp_path / "imports"
    # Not from the tests' own process, which has loaded everything.
    workers = [manage(*worker_words(queue, IMPORTING), IMPORTS=str(imports)) for queue in QUEUES]
    with running(*workers, start_dispatcher()):
        finished(generation)
    assert {name.partition(".")[0] for name in imports.read_text().split()} <= LATE
