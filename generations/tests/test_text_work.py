"""Text tasks by real workers, on a language model that takes its time."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from rq import Worker

from analysis.models import TextCall
from analysis.testing.openai_server import OpenAIServer
from generations.models import Generation
from generations.services.generations import generation_cancel, generation_create
from generations.tests.following import finished
from generations.tests.language_model import TEXT_STAGES
from generations.tests.language_model import language_model as language_model
from generations.tests.processes import start_dispatcher, start_worker
from generations.tests.requests import REQUEST
from videogen.kernel.redis import queue_redis
from videogen.testing.processes import running
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

BRANDED = REQUEST | {"brand": {"name": "Kumo", "palette": [], "tone": "", "guidelines": ""}}


@pytest.fixture
def to_server(language_model: OpenAIServer, settings: Any) -> Iterator[dict[str, str]]:
    """The environment of workers that ask it."""
    settings.MODERATION = "off"
    yield {"OPENAI_BASE_URL": language_model.url, "OPENAI_API_KEY": "sk-test", "MODERATION": "off"}
    connections.close_all()


def test_prompt_and_brand_are_read_side_by_side(
    alice: User, language_model: OpenAIServer, to_server: dict[str, str]
) -> None:
    language_model.latency_seconds = 1.0
    workers = [start_worker("analysis", **to_server) for _ in range(2)]
    with running(*workers, start_dispatcher()):
        assert eventually(lambda: Worker.count(connection=queue_redis()) == 2, seconds=30)
        generation = generation_create(owner=alice, request=BRANDED).generation
        assert eventually(generation.clips.exists, seconds=30)
    prompt, brand, storyboard = (moments(generation, stage) for stage in TEXT_STAGES)
    assert abs(prompt[0] - brand[0]) < 0.5
    assert 0 <= storyboard[0] - max(prompt[1], brand[1]) < 0.5
    assert language_model.ledger.max_concurrent == 2


def test_a_cancel_ends_a_call_that_nobody_answers(
    alice: User, language_model: OpenAIServer, to_server: dict[str, str]
) -> None:
    language_model.latency_seconds = 60.0
    generation = generation_create(owner=alice, request=REQUEST).generation
    with running(start_worker("analysis", **to_server), start_dispatcher()):
        assert eventually(lambda: language_model.ledger.running, seconds=20)
        generation_cancel(generation=generation)
        asked_at = time.monotonic()
        assert finished(generation, seconds=10).status == "cancelled"
        assert time.monotonic() - asked_at < 2
    assert TextCall.objects.get().outcome == "abandoned"


def test_who_is_too_early_for_the_limit_of_the_server_waits_without_a_worker(
    alice: User, language_model: OpenAIServer, to_server: dict[str, str]
) -> None:
    # One each ten seconds: even a slow machine comes for the second long before that.
    options = to_server | {"OPENAI_REQUESTS_PER_MINUTE": "6"}
    generations = [
        generation_create(owner=alice, request=REQUEST | {"prompt": f"Boat {number}"}).generation
        for number in range(2)
    ]
    with running(start_worker("analysis", **options), start_dispatcher()):
        assert eventually(lambda: all(map(has_clips, generations)), seconds=60)
    runs = [run for generation in generations for run in generation.stage_runs.filter(queue="analysis")]
    assert {(run.status, run.attempt) for run in runs} == {("succeeded", 1)}
    assert sum(run.put_back_count for run in runs) > 0
    assert not TextCall.objects.exclude(outcome="answered").exists()


def moments(generation: Generation, stage: str) -> tuple[float, float]:
    """When it started and ended, in seconds."""
    run = generation.stage_runs.get(stage=stage)
    assert run.started_at
    assert run.finished_at
    return run.started_at.timestamp(), run.finished_at.timestamp()


def has_clips(generation: Generation) -> bool:
    return generation.clips.exists()
