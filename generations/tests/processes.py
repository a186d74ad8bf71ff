"""Workers and a dispatcher as real processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from videogen.testing.nursery import Child
from videogen.testing.processes import Started, manage_quickly, running

QUEUES = ("analysis", "clips", "assembly")
WORKER = "generations.worker.StageWorker"
QUICK = {"STAGE_LEASE_SECONDS": "3"}


def start_worker(queue: str, worker_class: str = WORKER, **extra: str) -> Child:
    return manage_quickly(*worker_words(queue, worker_class), **(QUICK | extra))


def worker_words(queue: str, worker_class: str) -> tuple[str, ...]:
    """What `manage.py` is told."""
    options = ("--serializer", "rq.serializers.JSONSerializer", "--verbosity", "0")
    return "rqworker", queue, "--worker-class", worker_class, *options


def start_dispatcher(**extra: str) -> Child:
    return manage_quickly("dispatch", **(QUICK | extra))


@contextmanager
def stage_processes(**extra: str) -> Iterator[list[Started]]:
    """One worker for each queue, and a dispatcher."""
    workers = [start_worker(queue, **extra) for queue in QUEUES]
    with running(*workers, start_dispatcher(**extra)) as processes:
        yield processes
