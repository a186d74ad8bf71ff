"""Whatever dies at whichever step of a paid call: the clip is bought once, and the video comes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from generations.models import Generation
from generations.services.generations import generation_create
from generations.testing.chaos.fleet import Fleet
from generations.testing.chaos.invariants import violations
from generations.testing.chaos.surroundings import LEASE_SECONDS, variables
from generations.testing.chaos.points import (
    BOTH,
    FREEZE,
    HORSE,
    POINTS,
    WHOM,
    WORKER_CLASS,
    trap_set,
    traps_make,
)
from generations.testing.chaos.world import Servers, World, unsettled
from generations.testing.video_servers import FalServer, ReplicateServer
from generations.tests.factories import UserFactory
from generations.tests.following import assert_whole, finished
from generations.tests.processes import start_dispatcher, start_worker
from generations.tests.requests import REQUEST
from videogen.stack.marks import MARK
from videogen.testing.waiting import eventually

MODELS = {"replicate": "bytedance/seedance-2.0", "fal": "bytedance/seedance-2.0/text-to-video"}
#: From here to there nobody but the provider knows whether it has the clip.
DOUBTFUL = ("begun", "sent", "answered", "accept")
PATIENCE_SECONDS = 240

pytestmark = pytest.mark.django_db


@dataclass(frozen=True)
class Case:
    provider: str
    point: str
    whom: str

    def __str__(self) -> str:
        return f"{self.provider}-{self.point}-{self.whom}"


CASES = [
    *(Case("replicate", point, whom) for point in POINTS for whom in WHOM),
    *(Case("replicate", point, FREEZE) for point in ("begun", "answered", "accepted", "fetched", "succeed")),
    *(Case("fal", point, whom) for point in DOUBTFUL for whom in (HORSE, BOTH)),
]


@dataclass(frozen=True)
class Crowd:
    """A generation for each case, all at work at once, each with a trap of its own."""

    servers: Servers
    stop: Callable[[], None]
    generations: Mapping[Case, Generation]
    sprung: Mapping[Case, Path]

    def jobs(self, generation: Generation) -> int:
        """How many were accepted for it."""
        calls = {call.pk for call in World.now(self.servers).calls_of(generation)}
        return sum(order.call.pk in calls for order in World.now(self.servers).orders if order.call)


@pytest.fixture(scope="module")
def surroundings(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Path]:
    """A database and a data directory of our own for as long as the whole module takes."""
    directory: Path = tmp_path_factory.mktemp("crowd")
    assets = {**settings.STORAGES["assets"], "OPTIONS": {"location": directory / "assets"}}
    storages = {**settings.STORAGES, "assets": assets}
    with django_db_blocker.unblock(), override_settings(DATA_DIR=directory, STORAGES=storages):
        yield directory
        call_command("flush", interactive=False, verbosity=0)
        connections.close_all()


@pytest.fixture(scope="module")
def crowd(surroundings: Path) -> Iterator[Crowd]:
    traps_make(surroundings / "traps")
    with ExitStack() as stack:
        replicate = stack.enter_context(ReplicateServer(run_seconds=1.0))
        fal = stack.enter_context(FalServer(run_seconds=1.0))
        told = variables(replicate, fal, directory=surroundings)
        known = {
            name: value for name, value in told.items() if name.startswith(("REPLICATE", "FAL", "VIDEO"))
        }
        stack.enter_context(override_settings(**known))
        generations = {case: ordered(case.provider, number) for number, case in enumerate(CASES)}
        sprung = {
            case: trap_set(surroundings / "traps", case.point, case.whom, generation=generation.pk)
            for case, generation in generations.items()
        }
        processes = stack.enter_context(ExitStack())
        processes.enter_context(fleet(told | {"DATA_DIR": str(surroundings), MARK: str(surroundings)}))
        yield Crowd({"replicate": replicate, "fal": fal}, processes.close, generations, sprung)


def ordered(provider: str, number: int) -> Generation:
    request = {"provider": provider, "model": MODELS[provider], "duration_seconds": 4, "seed": number}
    alice = UserFactory(username="alice")
    return generation_create(owner=alice, request=REQUEST | request).generation


def fleet(told: Mapping[str, str]) -> Fleet:
    """Workers that fall into traps, and two dispatchers."""
    queues = {"analysis": "analysis", "clips-1": "clips", "clips-2": "clips", "assembly": "assembly"}
    starts: dict[str, Any] = {
        name: lambda queue=queue: start_worker(queue, WORKER_CLASS, **told) for name, queue in queues.items()
    }
    starts |= {f"dispatcher-{number}": lambda: start_dispatcher(**told) for number in (1, 2)}
    return Fleet(starts, mark=told[MARK], freeze_seconds=2.5 * LEASE_SECONDS)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_paid_clip_is_bought_once_and_comes_whatever_dies(crowd: Crowd, case: Case) -> None:
    generation = finished(crowd.generations[case], seconds=PATIENCE_SECONDS)
    assert crowd.sprung[case].exists()
    assert_whole(generation)
    is_resent = any("a second time" in warning for warning in generation.warnings)
    assert is_resent == (case.provider == "fal" and case.point in DOUBTFUL)
    taken_unseen = is_resent and case.point != "begun"
    assert crowd.jobs(generation) == (2 if taken_unseen else 1)


@pytest.mark.django_db(transaction=True)
def test_afterwards_all_accounts_balance_and_nothing_is_left_behind(crowd: Crowd) -> None:
    assert eventually(lambda: not list(unsettled()), seconds=PATIENCE_SECONDS), list(unsettled())
    crowd.stop()
    assert violations(crowd.servers) == []
