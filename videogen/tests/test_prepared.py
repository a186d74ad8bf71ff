"""Prepared reads find what the ORM finds, and rows that are inserted together are there."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.forms.models import model_to_dict
from django.utils import timezone

from generations.api.outputs import for_output, generation_output
from generations.models import Generation, ProgressEvent, StageRun
from generations.tests.factories import AssetFactory, GenerationFactory, UserFactory
from videogen.kernel.prepared import PreparedRead, PreparedSql, rows_insert

pytestmark = pytest.mark.django_db

SHOWN = PreparedRead(lambda pk: for_output(Generation.objects.filter(pk=pk)), pk=UUID(int=7))
RETYPE = "ALTER TABLE generations_generation ALTER COLUMN style TYPE varchar({})"
NOW = timezone.now()
NAMED = PreparedSql("SELECT %(b)s::int - %(a)s::int, '100 %%', %(a)s::int")


@pytest.fixture(params=[False, True], ids=["prepared", "through PgBouncer"])
def either_way(request: Any, settings: Any) -> Iterator[None]:
    settings.PGBOUNCER = request.param
    yield


@pytest.mark.parametrize("status", ["queued", "processing"])
def test_it_finds_what_the_orm_finds(either_way: None, status: str) -> None:
    video = AssetFactory() if status == "processing" else None
    row = GenerationFactory(status=status, video=video, brand={"name": "100 % Kaap"}, max_cost_usd="2.5")
    found = SHOWN.first(pk=row.pk)
    assert found is not None
    assert generation_output(found) == generation_output(for_output(Generation.objects.all()).get(pk=row.pk))


def test_what_is_not_there_is_none(either_way: None) -> None:
    assert SHOWN.first(pk=uuid4()) is None


def test_parameters_are_meant_by_their_names(either_way: None) -> None:
    assert NAMED.row(a=1, b=10) == (9, "100 %", 1)


def test_a_parameter_that_is_no_plain_value_of_the_query_is_refused() -> None:
    strange = PreparedRead(lambda text: Generation.objects.filter(prompt__startswith=text), text="seven")
    with pytest.raises(ValueError, match="text"):
        strange.first(text="A")


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_is_prepared_anew() -> None:
    row = GenerationFactory()
    SHOWN.first(pk=row.pk)
    connection.close()
    assert SHOWN.first(pk=row.pk) == row


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("spoil", ["DISCARD ALL", RETYPE.format(201)])
def test_a_plan_that_has_become_void_is_no_obstacle(spoil: str) -> None:
    row = GenerationFactory()
    SHOWN.first(pk=row.pk)
    with connection.cursor() as cursor:
        cursor.execute(spoil)
    try:
        assert SHOWN.first(pk=row.pk) == row
    finally:
        connection.close()
        with connection.cursor() as cursor:
            cursor.execute(RETYPE.format(200))


def test_rows_are_inserted_as_the_orm_would() -> None:
    alice = UserFactory()
    values: dict[str, Any] = {
        "prompt": "50 % off; it's “new”",
        "brand": {"name": "Kaap"},
        "metadata": {},
        "warnings": ["one"],
        "duration_seconds": 8,
        "seed": 7,
        "created_at": NOW,
        "updated_at": NOW,
    }
    first, second = Generation(owner=alice, **values), Generation.objects.create(owner=alice, **values)
    run = StageRun(generation=first, stage="prompt_analysis", queue="analysis")
    event = ProgressEvent(generation=first, sequence=1, type="x", status="queued", percentage=0)
    rows_insert(first, event, run)
    first.refresh_from_db()
    assert model_to_dict(first) == model_to_dict(second)
    assert (first.events.get().type, first.stage_runs.get().available_at is None) == ("x", False)
