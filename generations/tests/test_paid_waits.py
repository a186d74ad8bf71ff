"""What is at a provider comes, though dispatchers die and Redis forgets, and though an answer was lost."""

import time
from pathlib import Path

import pytest

from generations.models import Generation
from generations.testing.chaos.invariants import violations
from generations.testing.chaos.points import BOTH, PARENT, trap_set
from generations.tests.crashing_shop import own_shop, says_that_it_was_sent_again
from generations.tests.following import assert_whole, finished
from videogen.kernel.redis import queue_redis
from videogen.testing.waiting import eventually

PATIENCE_SECONDS = 400


@pytest.mark.django_db(transaction=True)
def test_clips_that_wait_survive_their_dispatchers_and_an_empty_redis(tmp_path: Path) -> None:
    with own_shop(tmp_path, run_seconds=12.0) as shop:
        generations = [shop.order(provider) for provider in ("replicate", "fal", "replicate", "fal")]
        with shop.fleet() as fleet:
            waiting = Generation.objects.filter(provider_calls__status="accepted")
            assert eventually(lambda: waiting.count() == len(generations), seconds=PATIENCE_SECONDS)
            for _ in range(3):
                assert fleet.kill("dispatcher-1", PARENT) + fleet.kill("dispatcher-2", PARENT) == 2
                queue_redis().flushall()
                time.sleep(2)
            for generation in generations:
                assert_whole(finished(generation, seconds=PATIENCE_SECONDS))
        assert [shop.jobs(generation) for generation in generations] == [1, 1, 1, 1]
        assert violations(shop.servers) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["sent", "answered"])
def test_where_fal_can_call_back_a_lost_answer_is_found(tmp_path: Path, point: str) -> None:
    with own_shop(tmp_path, webhooks=True) as shop:
        generation = shop.order("fal")
        sprung = trap_set(shop.traps, point, BOTH, generation=generation.pk)
        with shop.fleet():
            assert_whole(finished(generation, seconds=PATIENCE_SECONDS))
        assert sprung.exists() and not says_that_it_was_sent_again(generation)
        assert shop.jobs(generation) == 1
        assert violations(shop.servers) == []
