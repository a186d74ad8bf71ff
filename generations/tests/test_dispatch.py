"""The dispatcher lives through a database that is away, and is not hasty when it is back."""

import math
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.db.models.functions import Now

from generations.management.commands.dispatch import CHORES, chores_do
from generations.models import StageRun
from generations.services.generations import generation_create
from generations.services.stage_runs import stage_run_claim
from generations.tests.requests import REQUEST

pytestmark = pytest.mark.django_db(transaction=True)


def away(*args: Any) -> None:
    raise OperationalError("The database system is shutting down.")


@pytest.fixture
def silent_run(alice: User) -> StageRun:
    run = generation_create(owner=alice, request=REQUEST).generation.stage_runs.get()
    stage_run_claim(run_id=run.pk, worker="here:1")
    StageRun.objects.update(lease_expires_at=Now() - timedelta(seconds=1))
    return run


def test_a_worker_that_went_silent_is_replaced(silent_run: StageRun) -> None:
    chores_do(dict.fromkeys(CHORES, 0.0))
    silent_run.refresh_from_db()
    assert silent_run.status == "lost"


def test_workers_have_a_lease_to_beat_again_after_the_database_was_away(silent_run: StageRun) -> None:
    due = dict.fromkeys(CHORES, 0.0)
    with connection.execute_wrapper(away):
        chores_do(due)
    chores_do({chore: at - 2 for chore, at in due.items()})  # Two seconds later.
    silent_run.refresh_from_db()
    assert silent_run.status == "running"


def test_a_connection_gets_no_older_than_the_settings_allow() -> None:
    connection.ensure_connection()
    first, nothing_due = connection.connection, dict.fromkeys(CHORES, math.inf)
    chores_do(nothing_due)
    assert connection.connection is first
    connection.close_at = 0.0  # CONN_MAX_AGE has passed.
    chores_do(nothing_due)
    assert connection.connection is not first
