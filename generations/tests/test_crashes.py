"""Whatever dies, and whenever: an accepted generation ends, and nothing is in the result twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connections

from generations.pipeline import STAGE
from generations.services.generations import generation_cancel, generation_create
from generations.tests.following import assert_whole, finished
from generations.tests.processes import QUEUES, stage_processes, start_dispatcher, start_worker
from generations.tests.requests import REQUEST
from storage_app.models import Asset
from videogen.kernel.redis import queue_redis
from videogen.testing.processes import running
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db(transaction=True)

BRANDED = REQUEST | {"duration_seconds": 4, "brand": {"name": "Bean"}, "provider": "prerendered"}
CRASHING = "generations.tests.crashing.CrashingWorker"
EXTRA = {"EXTRA_PROVIDERS": "prerendered=generations.providers.prerendered.PrerenderedProvider"}


@pytest.fixture(autouse=True)
def providers(settings: pytest.FixtureRequest) -> Iterator[None]:
    settings.EXTRA_PROVIDERS = dict(pair.split("=") for pair in EXTRA.values())  # type: ignore[attr-defined]
    yield
    connections.close_all()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_work_horse_killed_in_every_stage_is_replaced(moment: str, alice: User, tmp_path: Path) -> None:
    trap = EXTRA | {"CRASH_MOMENT": moment, "CRASH_MARKS": str(tmp_path)}
    generation = generation_create(owner=alice, request=BRANDED).generation
    workers = [start_worker(queue, CRASHING, **trap) for queue in QUEUES]
    with running(*workers, start_dispatcher(**EXTRA)):
        assert_whole(finished(generation))
    assert {path.name for path in tmp_path.iterdir()} == set(STAGE)
    assert set(generation.stage_runs.filter(status="lost").values_list("stage", flat=True)) == set(STAGE)


def test_a_worker_and_its_work_horse_killed_together_are_replaced(alice: User, tmp_path: Path) -> None:
    trap = EXTRA | {"CRASH_MOMENT": "after", "CRASH_MARKS": str(tmp_path), "CRASH_WHOM": "both"}
    generation = generation_create(owner=alice, request=BRANDED).generation
    others = [start_worker(queue, **EXTRA) for queue in ("analysis", "assembly")]
    doomed = start_worker("clips", CRASHING, **trap)
    with running(*others, doomed, start_dispatcher(**EXTRA)) as processes:
        assert doomed.wait(timeout=30) != 0
        processes.append(start_worker("clips", **EXTRA))
        assert_whole(finished(generation))


def test_a_flushed_redis_loses_nothing(alice: User) -> None:
    generations = [generation_create(owner=alice, request=BRANDED).generation for _ in range(3)]
    queue_redis().flushall()
    with stage_processes(**EXTRA):
        assert eventually(generations[0].clips.exists, seconds=60)
        queue_redis().flushall()
        for generation in generations:
            assert_whole(finished(generation))


def test_a_cancelled_generation_stops_its_worker_within_five_seconds(alice: User) -> None:
    slow = REQUEST | {"duration_seconds": 60, "resolution": "1080p"}
    generation = generation_create(owner=alice, request=slow).generation
    with stage_processes():
        running_clip = generation.stage_runs.filter(stage="clip", status="running", percentage__gt=0)
        assert eventually(running_clip.exists, seconds=60)
        generation_cancel(generation=generation)
        finished(generation, seconds=5)
    assert generation.status == "cancelled"
    assert not generation.stage_runs.filter(status__in=["queued", "running"]).exists()
    assert not Asset.objects.filter(kind="video").exists()
