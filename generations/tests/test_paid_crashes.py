"""Whatever dies at whichever step of a paid call: the clip is bought once, and the video comes."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from generations.models import Generation
from generations.testing.chaos.invariants import violations
from generations.testing.chaos.points import BOTH, FREEZE, HORSE, PARENT, POINTS, WHOM, trap_set
from generations.testing.chaos.world import unsettled
from generations.tests.crashing_shop import Shop, own_shop, says_that_it_was_sent_again
from generations.tests.following import assert_whole, finished
from videogen.testing.waiting import eventually

pytestmark = pytest.mark.django_db

#: From here to there nobody but the provider knows whether it has the clip.
DOUBTFUL = ("begun", "sent", "answered", "accept")
PATIENCE_SECONDS = 400


@dataclass(frozen=True)
class Case:
    provider: str
    point: str
    whom: str

    def __str__(self) -> str:
        return f"{self.provider}-{self.point}-{self.whom}"


CASES = [
    *(Case("replicate", point, whom) for point in POINTS for whom in WHOM if whom != PARENT),
    *(Case("replicate", point, PARENT) for point in (*DOUBTFUL, "succeed")),
    *(Case("replicate", point, FREEZE) for point in ("begun", "answered", "fetched", "succeed")),
    *(Case("fal", point, BOTH if point == "sent" else HORSE) for point in DOUBTFUL),
]


@dataclass(frozen=True)
class Crowd:
    """A generation for each case, all at work at once, each with a trap of its own."""

    shop: Shop
    stop: Callable[[], None]
    generations: Mapping[Case, Generation]
    sprung: Mapping[Case, Path]


@pytest.fixture(scope="module")
def database(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """For as long as the whole module takes."""
    with django_db_blocker.unblock():
        yield
        call_command("flush", interactive=False, verbosity=0)
        connections.close_all()


@pytest.fixture(scope="module")
def crowd(database: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with own_shop(tmp_path_factory.mktemp("crowd")) as shop, ExitStack() as processes:
        generations = {case: shop.order(case.provider) for case in CASES}
        sprung = {
            case: trap_set(shop.traps, case.point, case.whom, generation=generation.pk)
            for case, generation in generations.items()
        }
        processes.enter_context(shop.fleet())
        yield Crowd(shop, processes.close, generations, sprung)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_paid_clip_is_bought_once_and_comes_whatever_dies(crowd: Crowd, case: Case) -> None:
    generation = finished(crowd.generations[case], seconds=PATIENCE_SECONDS)
    assert crowd.sprung[case].exists()
    assert_whole(generation)
    # fal lists nothing, and here it cannot call back.
    is_resent = case.provider == "fal" and case.point in DOUBTFUL
    assert says_that_it_was_sent_again(generation) == is_resent
    assert crowd.shop.jobs(generation) == (2 if is_resent and case.point != "begun" else 1)


@pytest.mark.django_db(transaction=True)
def test_afterwards_all_accounts_balance_and_nothing_is_left_behind(crowd: Crowd) -> None:
    assert eventually(lambda: not list(unsettled()), seconds=PATIENCE_SECONDS), list(unsettled())
    crowd.stop()
    assert violations(crowd.shop.servers) == []
