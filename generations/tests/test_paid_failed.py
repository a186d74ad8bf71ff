"""A generation that has failed fetches what it has paid for, and buys nothing more."""

from datetime import timedelta

import pytest
from django.db.models import F

from generations.models import ProviderCall
from generations.testing.video_servers import Fault
from generations.tests.studio import Studio, calls_of, doubt_ages
from generations.tests.studio import studio as studio

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_clip_that_was_about_to_be_sent_again_is_not_when_another_one_fails(studio: Studio) -> None:
    generation = studio.planned("fal", clips=2)
    studio.slow_down()
    studio.fal.script(Fault("accept_and_drop"))
    studio.work(generation)
    doubt_ages(generation)
    studio.look(generation)
    unknown, other, again = calls_of(generation)
    assert (unknown.is_superseded, other.status, again.replaces) == (True, "accepted", unknown)
    studio.job(other).outcome = Fault("moderated")
    studio.finish(other)
    # It was held up meanwhile, as by a breaker.
    generation.stage_runs.filter(status="queued").update(available_at=F("available_at") + timedelta(hours=1))
    studio.look(generation)
    studio.work(generation)
    studio.go_on(generation)
    assert generation.status == "failed"
    assert not ProviderCall.objects.filter(status="planned").exists()
    assert generation.reserved_usd == unknown.reserved_usd
