"""Years of work in a few seconds: 100,000 generations of 200 owners with all that belongs to them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection

from analysis.models import TextCall
from generations.models import Clip, Generation, IdempotencyKey, ProgressEvent, ProviderCall, StageRun
from generations.testing.multiplying import multiply, serial
from generations.tests.clients import client_of
from generations.tests.factories import (
    AssetFactory,
    ClipFactory,
    GenerationFactory,
    ProgressEventFactory,
    StageRunFactory,
    UserFactory,
)
from generations.tests.ledger import call_made
from storage_app.models import Asset
from videogen.accounts.models import ApiKey, Budget

GENERATIONS, OWNERS = 100_000, 200
NUMBERS = range(1, GENERATIONS + 1)
#: The newest of them are not finished.
QUEUED, PROCESSING = 300, 100
TABLES = (
    *(User, ApiKey, Budget, IdempotencyKey, Asset),
    *(Generation, Clip, StageRun, ProgressEvent, ProviderCall, TextCall),
)
NAMES = ", ".join(table._meta.db_table for table in TABLES)

# Of generation n, 1 being the oldest. Ids follow from numbers, so that rows can refer to each other.
ID = "md5('generation' || n)::uuid"
CLIP = "md5('clip' || n || ':' || part)::uuid"
VIDEO, HAS_VIDEO = "md5('asset' || n)::uuid", "mod(n, 2) = 0"
BORN = f"now() - ({GENERATIONS} - n) * interval '80 seconds'"
IS_QUEUED, IS_PROCESSING = f"n > {GENERATIONS - QUEUED}", f"n > {GENERATIONS - QUEUED - PROCESSING}"
STATUS = (
    f"CASE WHEN {IS_QUEUED} THEN 'queued' WHEN {IS_PROCESSING} THEN 'processing' "
    "WHEN mod(n, 20) = 0 THEN 'failed' WHEN mod(n, 33) = 0 THEN 'cancelled' ELSE 'completed' END"
)
DONE = f"NOT {IS_PROCESSING}"
ENDED = f"CASE WHEN {DONE} THEN {BORN} + interval '50 seconds' END"


def crowd_make() -> User:
    """Make all of it. Answers one of the owners, with a key and 500 generations."""
    owners = [UserFactory(username=f"owner-{number}") for number in range(OWNERS)]
    first = owners[0].pk
    alice = owners[7]
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")  # Nobody checks what refers to what.
    _keys_make(first)
    _generations_make(first)
    _parts_make(first)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = origin")
        cursor.execute(f"ANALYZE {NAMES}")
    return alice


def _keys_make(first: int) -> None:
    client_of(User.objects.get(pk=first))
    some = "n <= 20000"
    owner = f"{first} + mod(n, {OWNERS})"
    key = ApiKey.objects.latest("pk")
    multiply(
        key,
        NUMBERS,
        where=some,
        id=serial(ApiKey),
        user_id=owner,
        name="'key ' || n",
        prefix="'vg_' || n",
        secret_hash="md5('secret' || n) || md5(n::text)",
    )
    budget = Budget.objects.create(scope="key", subject="x", period="2026-01-01")
    multiply(budget, NUMBERS, where=some, id=serial(Budget), subject="n::text")


def _generations_make(first: int) -> None:
    multiply(
        GenerationFactory(),
        NUMBERS,
        id=ID,
        owner_id=f"{first} + mod(n, {OWNERS})",
        prompt="'A lighthouse, number ' || n",
        provider="CASE WHEN mod(n, 3) = 0 THEN 'replicate' ELSE 'animatic' END",
        status=STATUS,
        created_at=BORN,
        updated_at=BORN,
        finished_at=ENDED,
        video_id=f"CASE WHEN {HAS_VIDEO} THEN {VIDEO} END",
        last_sequence="3",
        clip_count="2",
    )


def _parts_make(first: int) -> None:
    owner, clip = f"{first} + mod(n, {OWNERS})", ClipFactory(status="ready", scene={"duration_seconds": "4"})
    _runs_make(clip)
    multiply(
        call_made(clip=clip),
        NUMBERS,
        where="mod(n, 3) = 0",
        id="gen_random_uuid()",
        owner_id=owner,
        generation_id=ID,
        clip_id=f"CASE WHEN part = 1 THEN {CLIP} END",
        status=f"CASE WHEN {DONE} THEN 'succeeded' ELSE 'accepted' END",
        job_id="'job' || n",
        created_at=BORN,
        finished_at=ENDED,
        next_look_at=f"CASE WHEN NOT ({DONE}) THEN now() + interval '1 hour' END",
    )
    position = {"generation_id": ID, "position": "part", "fingerprint": "md5('print' || n || part)"}
    multiply(
        clip,
        NUMBERS,
        parts=2,
        id=CLIP,
        status=f"CASE WHEN {DONE} THEN 'ready' ELSE 'pending' END",
        **position,
    )
    event = ProgressEventFactory()
    multiply(
        event, NUMBERS, parts=3, id=serial(ProgressEvent), generation_id=ID, sequence="part", created_at=BORN
    )
    key = IdempotencyKey.objects.create(owner_id=first, key="x", fingerprint="x")
    named: dict[str, Any] = {
        "owner_id": owner,
        "key": "'key-' || n",
        "generation_id": ID,
        "created_at": "now()",
    }
    multiply(key, NUMBERS, where="mod(n, 2) = 0", id=serial(IdempotencyKey), **named)
    stored: dict[str, Any] = {"owner_id": owner, "storage_key": "'video/' || n", "created_at": BORN}
    multiply(AssetFactory(), NUMBERS, where=HAS_VIDEO, id=VIDEO, **stored)


def _runs_make(clip: Clip) -> None:
    """Two for each generation; where it is not finished, the second is at work or waits for a worker."""
    queued, running = f"part = 2 AND {IS_QUEUED}", f"part = 2 AND {IS_PROCESSING} AND NOT {IS_QUEUED}"
    multiply(
        StageRunFactory(clip=clip, generation=clip.generation, stage="clip", attempt=1),
        NUMBERS,
        parts=2,
        id="gen_random_uuid()",
        generation_id=ID,
        clip_id=CLIP,
        stage="CASE part WHEN 1 THEN 'prompt_analysis' ELSE 'clip' END",
        status=f"CASE WHEN {running} THEN 'running' WHEN {queued} THEN 'queued' ELSE 'succeeded' END",
        created_at=BORN,
        available_at=f"{BORN} + CASE WHEN {IS_QUEUED} THEN interval '1 day' ELSE interval '0' END",
        started_at=BORN,
        claimed_at="now()",
        finished_at=f"CASE WHEN NOT ({queued} OR {running}) THEN {BORN} + interval '9 seconds' END",
        lease_expires_at=f"CASE WHEN {running} THEN now() + interval '1 hour' END",
    )


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: Any) -> Iterator[User]:
    """It is there for all tests of a module, which may only change it in transactions."""
    with django_db_blocker.unblock():
        yield crowd_make()
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {NAMES} CASCADE")
