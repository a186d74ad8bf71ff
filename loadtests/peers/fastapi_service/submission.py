"""The rows of a submission, and the message that hands them to the workers."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from loadtests.peers.fastapi_service.configuration import CLIPS_WORKERS, REDIS_URL
from loadtests.peers.fastapi_service.schemas import GenerationIn
from loadtests.peers.fastapi_service.tables import Generation, ProgressEvent, StageRun, now

NOTICE = "This is an animatic: an illustrated preview drawn by this server, not footage."
TASK = "generations.tasks.run_stage"
TASK_SECONDS = 360
#: Text tasks and the end of the pipeline; and a second of clip.
TEXT_SECONDS, SECONDS_PER_CLIP_SECOND = 1.7, 1.1

_queue = Queue("analysis", connection=Redis.from_url(REDIS_URL), serializer=JSONSerializer)


@dataclass(frozen=True)
class Caller:
    """Who asks."""

    key_id: int
    user_id: int
    scopes: list[str]


@dataclass(frozen=True)
class Submission:
    """What is written for one request."""

    generation: Generation
    event: ProgressEvent
    runs: list[StageRun]

    @property
    def rows(self) -> list[Any]:
        return [self.generation, self.event, *self.runs]


def submission_of(asked: GenerationIn, caller: Caller, backlog_seconds: float) -> Submission:
    """Everything that a request becomes. `backlog_seconds` of clips are to be made before."""
    created_at = now()
    clip_seconds = (asked.duration_seconds + backlog_seconds) * SECONDS_PER_CLIP_SECOND / CLIPS_WORKERS
    values = asked.model_dump(mode="json", exclude={"metadata", "max_cost_usd"})
    values |= {"provider": "animatic", "model": "animatic-1", "routing": None}
    values["seed"] = secrets.randbelow(2**31 - 1) if asked.seed is None else asked.seed
    generation = Generation(
        **values,
        id=uuid4(),
        owner_id=caller.user_id,
        api_key_id=caller.key_id,
        max_cost_usd=asked.max_cost_usd,
        notes=asked.metadata,
        warnings=[NOTICE],
        last_sequence=1,
        created_at=created_at,
        updated_at=created_at,
        estimated_completion=created_at + timedelta(seconds=TEXT_SECONDS + clip_seconds),
    )
    event = ProgressEvent(generation_id=generation.id, sequence=1, type="generation.queued", status="queued")
    stages = ["prompt_analysis", "brand_analysis"] if asked.brand else ["prompt_analysis"]
    runs = [
        StageRun(id=uuid4(), generation_id=generation.id, stage=stage, queue="analysis") for stage in stages
    ]
    return Submission(generation, event, runs)


def fingerprint_of(asked: GenerationIn) -> str:
    """Equal for equal requests."""
    return hashlib.sha256(asked.model_dump_json().encode()).hexdigest()


def enqueue(run_ids: list[str]) -> None:
    """Ask workers to look at these runs, all at once."""
    _queue.enqueue_many(
        [
            Queue.prepare_data(
                TASK,
                args=(run_id,),
                job_id=f"stage-{run_id}-0",
                timeout=TASK_SECONDS,
                result_ttl=60,
                failure_ttl=3600,
            )
            for run_id in run_ids
        ]
    )
