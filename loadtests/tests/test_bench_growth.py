"""The benchmark makes rows in proportion, measures real answers, and knows growth from noise."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg2
import pytest
from django.contrib.auth.models import User
from django.db import connection
from rich.console import Console
from rich.progress import Progress

from generations.models import Generation, ProviderCall, StageRun
from generations.services.dispatching import orphans_delete, outputs_fetch, waiting_wake
from loadtests.bench_growth import sizes_of
from loadtests.growth.deeds import DEEDS, Backends, measure
from loadtests.growth.judging import Summary, summary, verdict
from loadtests.growth.places import Place, Size, place
from loadtests.growth.plot import plot
from loadtests.growth.report import backlogs, histories, report, show
from loadtests.growth.rows import backlog, history, lot_make, numbers_of_rows
from videogen.accounts.services import api_key_create
from videogen.testing import processes

SETTINGS = {
    "PUBLIC_URL": "http://127.0.0.1:8000",
    "PUBLIC_WS_URL": "ws://127.0.0.1:8001",
    "MAX_ACTIVE_GENERATIONS": "1000",
    "RATE_LIMIT_READ": "100000/second",
    "RATE_LIMIT_WRITE": "100000/second",
}


@pytest.fixture
def callers(db: None) -> None:
    User.objects.bulk_create([User(username=f"caller-{number}") for number in range(1, 5)])


def test_a_history_has_all_in_proportion_and_has_ended(callers):
    lot_make(history(60))

    rows = numbers_of_rows()
    assert not Generation.objects.filter(finished_at=None).exists()
    assert rows["clips"] == rows["assets"] == 120
    assert (rows["generations"], rows["stage runs"], rows["progress events"]) == (60, 180, 240)
    assert (rows["provider calls"], rows["text calls"], rows["idempotency keys"]) == (40, 60, 60)


def test_a_backlog_is_half_queued_and_half_at_a_provider(callers):
    lot_make(history(40))
    lot_make(backlog(20, after=40))

    active = Generation.objects.filter(finished_at=None)
    assert {status: active.filter(status=status).count() for status in ("queued", "processing")} == {
        "queued": 10,
        "processing": 10,
    }
    assert StageRun.objects.filter(status="waiting").count() == 20
    assert ProviderCall.objects.filter(status="accepted").count() == 20


def test_the_dispatcher_finds_nothing_to_put_right(callers):
    lot_make(history(40))
    lot_make(backlog(20, after=40))

    assert (waiting_wake(), outputs_fetch(), orphans_delete()) == (0, 0, 0)


def test_history_and_backlog_grow_apart_from_each_other():
    sizes = sizes_of([1000, 10], [3, 1, 2])

    assert histories(sizes) == [Size(10, 2), Size(1000, 2)]
    assert backlogs(sizes) == [Size(1000, 1), Size(1000, 2), Size(1000, 3)]
    assert Size(1000, 2, is_pruned=True) in sizes


def test_a_summary_tells_how_far_off_its_median_may_be():
    quiet, noisy = summary([10.0] * 40), summary([5.0, 10.0, 15.0, 20.0] * 10)

    assert (quiet.median_ms, quiet.p95_ms, quiet.noise_ms) == (10, 10, 0)
    assert noisy.median_ms == 12.5
    assert 1 < noisy.noise_ms < summary([5.0, 10.0, 15.0, 20.0] * 5).noise_ms


@pytest.mark.parametrize("median_ms, noise_ms, is_kept", [(20, 0, True), (21, 0, False), (21, 1, True)])
def test_more_than_twice_and_noise_is_growth(median_ms, noise_ms, is_kept):
    assert verdict(Summary(10, 12, 0), Summary(median_ms, 30, noise_ms)).is_kept == is_kept


@pytest.fixture
def asked(transactional_db: None, tmp_path: Path) -> Iterator[Place]:
    """The test's own database, with few rows."""
    _, secret = api_key_create(user_name="caller-1")
    User.objects.bulk_create([User(username=f"caller-{number}") for number in range(2, 5)])
    lot_make(history(40))
    lot_make(backlog(8, after=40))
    with place(Size(40, 8), processes.process_environment(**SETTINGS), secret) as made:
        yield made


def test_every_deed_is_measured_as_often_and_leaves_nothing_behind(asked):
    known = connection.settings_dict
    other = psycopg2.connect(host=known["HOST"], user=known["USER"], dbname=known["NAME"])
    before = numbers_of_rows()

    wall, _ = measure([asked], Backends(other.cursor()), rounds=2, progress=Progress(disable=True))

    other.close()
    assert {len(times) for times in wall.values()} == {2}
    assert set(DEEDS) <= {name for name, _ in wall}
    assert numbers_of_rows() == before


def test_what_the_processes_of_a_database_have_worked_is_known(db):
    database = SimpleNamespace(database=connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        backends = Backends(cursor)
        before = backends.milliseconds(database)
        cursor.execute("SELECT count(*) FROM generate_series(1, 1000000)")

        assert before is None or backends.milliseconds(database) > before + 1


def result_of(slower: float) -> dict[str, Any]:
    """Of all sizes the same times, but of the longest history."""
    asked: list[Any] = [
        SimpleNamespace(size=size, facts={"rows": {}}) for size in sizes_of([10, 1000], [1, 2, 3])
    ]
    times = {
        (name, each.size): [10.0 * (slower if each.size.history == 1000 else 1)] * 9
        for name in DEEDS
        for each in asked
    }
    return report(asked, times, {}, rounds=9, postgres="18")


@pytest.mark.parametrize("slower, status", [(2, 0), (2.1, 1)])
def test_growth_is_an_error(slower, status, tmp_path):
    assert show(Console(quiet=True), result_of(slower), tmp_path) == status


def test_the_picture_names_every_deed(tmp_path):
    plot(result_of(1), tmp_path)

    drawn = (tmp_path / "bench-growth.svg").read_text()
    assert [name for name in DEEDS if f">{name}</text>" not in drawn] == []
    assert (tmp_path / "bench-growth.png").stat().st_size
