"""The oracle of the crash tests sees what is wrong, and a seed always draws the same plan."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F

from generations.models import Clip, Generation, ProviderCall
from generations.scratch import scratch_directory
from generations.testing.chaos import invariants
from generations.testing.chaos.invariants import Rule, violations
from generations.testing.chaos.plan import QUEUES, names_of, plan_draw
from generations.testing.chaos.points import POINTS
from generations.testing.video_servers import Fault
from generations.tests.provider_clients import ProviderClient
from generations.tests.studio import ALL, TO_CLIPS, Studio, call_of, studio_open
from videogen.accounts.models import Budget

#: What is about the end of a generation; the others are looked at before, which is quicker.
ABOUT_THE_END = (invariants.ended, invariants.at_rest, invariants.complete, invariants.nothing_held_back)

Breaks = Callable[[Studio, Generation], object]


@pytest.fixture
def shop(settings: Any, alice: User, tmp_path: Path) -> Iterator[Studio]:
    """Bytes of our own, and nobody who looks afterwards whether all is in order."""
    settings.DATA_DIR = tmp_path
    assets = settings.STORAGES["assets"] | {"OPTIONS": {"location": tmp_path / "assets"}}
    settings.STORAGES = settings.STORAGES | {"assets": assets}
    with studio_open(settings, alice) as studio:
        yield studio


def changed(model: Any, **values: Any) -> Breaks:
    return lambda studio, generation: model.objects.update(**values)


def run_left_running(studio: Studio, generation: Generation) -> None:
    generation.stage_runs.filter(stage="publish").update(status="running")


def job_bought_elsewhere(studio: Studio, generation: Generation) -> None:
    ProviderClient(studio.replicate).job()


def bought_again(studio: Studio, generation: Generation) -> ProviderCall:
    """Another call for the same clip, whose job is the provider's answer to the same request."""
    call = call_of(generation)
    job_id = ProviderClient(studio.replicate).job(call.request)
    again = ProviderCall.objects.get(pk=call.pk)
    again.pk, again.job_id = None, job_id
    again.save(force_insert=True)
    return again


def sent_again_in_silence(studio: Studio, generation: Generation) -> None:
    call = call_of(generation)
    again = bought_again(studio, generation)
    ProviderCall.objects.filter(pk=again.pk).update(replaces=call)


def event_lost(studio: Studio, generation: Generation) -> None:
    generation.events.filter(sequence=2).delete()


def file_left(studio: Studio, generation: Generation) -> None:
    call = call_of(generation)
    assert call.clip and call.clip.source
    source = Path(scratch_directory().parent / "assets" / call.clip.source.storage_key)
    source.with_name("left.mp4").write_bytes(b"left")


def stranger_in_scratch(studio: Studio, generation: Generation) -> None:
    (scratch_directory() / "whose").touch()


BREAKS: list[tuple[Rule, Breaks]] = [
    (invariants.ended, changed(Generation, status="processing", finished_at=None)),
    (invariants.ended, changed(Generation, status="failed", error={"code": "internal"})),
    (invariants.at_rest, run_left_running),
    (invariants.complete, changed(Generation, video=None)),
    (invariants.written_first, job_bought_elsewhere),
    (invariants.known, job_bought_elsewhere),
    (invariants.known, changed(ProviderCall, job_id="another")),
    (invariants.bought_once, bought_again),
    (invariants.flagged_visibly, sent_again_in_silence),
    (invariants.no_gap, event_lost),
    (invariants.budgets_balance, changed(Budget, spent_usd=F("spent_usd") + 1)),
    (invariants.budgets_balance, changed(Budget, reserved_usd=1)),
    (invariants.generations_balance, changed(Generation, actual_usd=1)),
    (invariants.generations_balance, changed(Clip, cost_usd=1)),
    (invariants.nothing_held_back, changed(ProviderCall, status="planned", reserved_usd=1)),
    (invariants.paid_for, changed(ProviderCall, actual_usd=0)),
    (invariants.paid_for, changed(ProviderCall, status="refused")),
    (invariants.no_orphans, file_left),
    (invariants.scratch_is_ours, stranger_in_scratch),
]


@pytest.mark.django_db(transaction=True)
def test_of_a_generation_that_went_well_there_is_nothing_to_say(shop: Studio) -> None:
    assert shop.made("replicate").status == "completed"
    assert violations(shop.servers) == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("rule, breaks", BREAKS, ids=[rule.__name__ for rule, _ in BREAKS])
def test_what_must_not_be_is_seen(rule: Rule, breaks: Breaks, shop: Studio) -> None:
    breaks(shop, shop.go_on(shop.order("replicate"), ALL if rule in ABOUT_THE_END else TO_CLIPS))
    assert rule.__doc__ in {violation.rule for violation in violations(shop.servers)}


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_draws_the_same_plan_and_nothing_that_cannot_be_done(seed: int) -> None:
    plan = plan_draw(seed, 60)
    assert plan == plan_draw(seed, 60) != plan_draw(seed + 1, 60)
    names = {*QUEUES, *names_of(plan.dispatchers)}
    for action in plan.actions:
        assert 0 < action.at < 60
        assert action.about.get("name", "clips-1") in names
        assert action.about.get("point", "sent") in POINTS
        assert Fault(**action.about.get("fault", {"kind": "drop"}))
