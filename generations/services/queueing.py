"""Handing stage runs to workers. RQ is a courier: it carries an id, and may carry it twice."""

import logging
from collections.abc import Iterable
from functools import lru_cache

import django_rq
from django.db import transaction
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import RedisError
from rq import Queue

from generations.models import StageRun
from generations.pipeline import STAGE
from videogen.kernel.redis import queue_redis

logger = logging.getLogger(__name__)

#: By name, so that the API need not import what workers run.
RUN_STAGE = "generations.tasks.run_stage"

#: RQ's own alarm is the last net: attempts end by their own deadline long before.
EXTRA_SECONDS = 120


def job_id(run: StageRun) -> str:
    """The name of a run's message; the same until a worker lets go of the run."""
    return f"stage-{run.pk}-{run.turn}"


def enqueue_on_commit(*runs: StageRun) -> None:
    """Send the runs once this transaction is committed. If Redis is away, the dispatcher will."""

    def send() -> None:
        enqueue(runs)

    transaction.on_commit(send, robust=True)


def enqueue(runs: Iterable[StageRun]) -> int:
    """Ask workers to look at these runs, all at once; answers how many were sent.

    A second delivery loses the claim, so repeats are harmless.
    """
    sent = list(runs)
    try:
        with queue_redis().pipeline() as pipeline:
            for run in sent:
                _add(pipeline, run)
            pipeline.execute()
    except RedisError as error:
        logger.warning("Redis is away, the dispatcher will send these runs later: %s", error)
        return 0
    return len(sent)


def _add(pipeline: Pipeline, run: StageRun) -> None:
    _queue(run.queue, queue_redis()).enqueue_call(
        RUN_STAGE,
        args=(str(run.pk),),
        job_id=job_id(run),
        timeout=STAGE[run.stage].timeout_seconds + EXTRA_SECONDS,
        result_ttl=60,
        failure_ttl=3600,
        pipeline=pipeline,
    )


def messages_waiting(queue_name: str) -> set[str]:
    """The job ids that lie in a queue now. Raises `RedisError`."""
    return set(_queue(queue_name, queue_redis()).get_job_ids())


@lru_cache(maxsize=16)
def _queue(name: str, connection: Redis) -> Queue:
    # Callers choose the moment, after commit; hence the mode.
    return django_rq.get_queue(name, commit_mode="auto", connection=connection)
