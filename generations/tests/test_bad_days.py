"""Days on which everything fails: disks fill up, workers die at random, servers restart."""

import random
import resource
import signal
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from django.contrib.auth.models import User

from generations.media.probe import probe
from generations.models import Generation
from generations.services.generations import generation_create, generation_retry
from generations.states import FINISHED
from generations.tests.following import assert_whole, error_of, finished
from generations.tests.processes import QUEUES, stage_processes, start_dispatcher, start_worker
from generations.tests.requests import REQUEST
from storage_app.models import Asset
from storage_app.services import asset_fetch
from videogen.testing.processes import Started, running

pytestmark = pytest.mark.django_db(transaction=True)

SHORT = REQUEST | {"duration_seconds": 4}
SMALL_FILES = 20_000  # Bytes. A clip does not fit, the worker's own small files do.


def test_a_full_disk_fails_with_a_reason_and_a_retry_works(alice: User) -> None:
    generation = generation_create(owner=alice, request=SHORT).generation
    with stage_processes() as processes:
        for process in processes:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (SMALL_FILES, resource.RLIM_INFINITY))
        finished(generation)
        assert error_of(generation)["code"] == "storage.full"
        assert "make room" in error_of(generation)["message"]
        assert not Asset.objects.exists()
        for process in processes:
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        generation_retry(generation=generation)
        assert_whole(finished(generation))


def test_five_generations_survive_workers_that_are_killed_at_random(alice: User, tmp_path: Path) -> None:
    chance = random.Random(20261123)
    generations = [
        generation_create(owner=alice, request=SHORT | {"seed": seed}).generation for seed in range(5)
    ]
    workers = {queue: start_worker(queue) for queue in QUEUES} | {"clips-2": start_worker("clips")}
    with running(*workers.values(), start_dispatcher()) as processes:
        while Generation.objects.exclude(status__in=FINISHED).exists():
            time.sleep(chance.uniform(0.8, 2.5))
            name = chance.choice(list(workers))
            kill_somewhere(workers[name], chance)
            if workers[name].poll() is not None:
                workers[name] = start_worker(name.split("-")[0])
                processes.append(workers[name])
    for generation in generations:
        generation.refresh_from_db()
        assert_whole(generation)
        video = Asset.objects.get(kind="video", pk__in=generation.asset_ids())
        asset_fetch(asset=video, into=tmp_path / "video.mp4")
        assert probe(tmp_path / "video.mp4").duration_seconds == pytest.approx(4, abs=0.05)


def kill_somewhere(worker: Started, chance: random.Random) -> None:
    """SIGKILL to the work-horse, to the worker, or to both."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(worker.pid)
        horses = parent.children()
        victims = chance.choice([horses, horses, [parent], [parent, *horses]])
        for victim in victims:
            victim.send_signal(signal.SIGKILL)
    time.sleep(0.05)  # Until the death of a worker can be seen.
