"""Finished history and an active backlog, in a database whose callers are there already.

Every second generation is the first caller's, the others are spread over all others. Each has two clips,
four events, three attempts, two assets, a text call and, one in three, two paid clips. One was begun every
80 seconds, up to an hour ago; of the backlog all were begun in this last hour.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model

from analysis.models import TextCall
from generations.models import Clip, Generation, IdempotencyKey, ProgressEvent, ProviderCall, StageRun
from generations.testing.multiplying import multiply, serial
from storage_app.models import Asset

TABLES: tuple[type[Model], ...] = (
    *(Generation, Clip, StageRun, ProgressEvent),
    *(ProviderCall, TextCall, Asset, IdempotencyKey),
)
BACKLOG_SECONDS = 3600
#: Idempotency keys are not kept for longer than a day, so there are no more, however long the history.
KEYS = 1000

# Of generation n. Ids follow from numbers, so that rows can refer to each other.
ID = "md5('generation' || n)::uuid"
CLIP = "md5('clip' || n || ':' || part)::uuid"
ASSET = "md5('asset' || n || ':' || part)::uuid"
VIDEO, SOURCE = (f"md5('asset' || n || ':{part}')::uuid" for part in (1, 2))
OWN = "mod(n, 2) = 0"
IS_PAID = "mod(n, 3) = 0"
IS_QUEUED = "mod(n, 4) < 2"


@dataclass(frozen=True)
class Lot:
    """What differs between history and backlog, as SQL expressions of n."""

    numbers: range
    born: str
    generation: str
    clip: str
    call: str
    run: str
    is_done: bool

    @property
    def ended(self) -> str:
        return f"{self.born} + interval '50 seconds'" if self.is_done else "NULL"


def history(count: int) -> Lot:
    """Generations that have ended, 1 being the oldest."""
    return Lot(
        numbers=range(1, count + 1),
        born=f"now() - interval '{BACKLOG_SECONDS} seconds' - ({count} - n) * interval '80 seconds'",
        generation=(
            "CASE WHEN mod(n, 20) = 0 THEN 'failed' WHEN mod(n, 33) = 0 THEN 'cancelled' ELSE 'completed' END"
        ),
        clip="'ready'",
        call="'succeeded'",
        run="'succeeded'",
        is_done=True,
    )


def backlog(count: int, *, after: int) -> Lot:
    """Generations of which half are queued and half have their clips at a provider; `after` came before."""
    return Lot(
        numbers=range(after + 1, after + count + 1),
        born=f"now() - ({after + count} - n) * interval '{BACKLOG_SECONDS / count} seconds'",
        generation=f"CASE WHEN {IS_QUEUED} THEN 'queued' ELSE 'processing' END",
        clip=f"CASE WHEN {IS_QUEUED} THEN 'pending' ELSE 'rendering' END",
        call="'accepted'",
        run="CASE part WHEN 1 THEN 'succeeded' ELSE 'waiting' END",
        is_done=False,
    )


def lot_make(lot: Lot) -> None:
    """Make it all. Nobody checks what refers to what."""
    owner = User.objects.get(username="caller-1")
    others = list(User.objects.exclude(pk=owner.pk).order_by("pk").values_list("pk", flat=True))
    owners = f"CASE WHEN {OWN} THEN {owner.pk} ELSE {others[0]} + mod(n, {len(others)}) END"
    generation = Generation.objects.create(
        owner=owner,
        prompt="A lighthouse",
        duration_seconds=8,
        aspect_ratio="16:9",
        resolution="720p",
        provider="animatic",
        model="animatic-1",
        seed=7,
        storyboard={"scenes": [{"micro_prompt": "Waves below a lighthouse at dusk. " * 10}] * 2},
    )
    clip = Clip.objects.create(
        generation=generation,
        position=1,
        scene={"micro_prompt": "Waves below a lighthouse at dusk."},
        duration_seconds=4,
        fingerprint="",
        provider="animatic",
        seed=7,
    )
    run = StageRun.objects.create(generation=generation, stage="clip", clip=clip, queue="clips")
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        _money_make(lot, clip, owners)
        _work_make(lot, clip, run, owners)
        _generations_make(lot, generation, owners)
        cursor.execute("SET session_replication_role = origin")


def _generations_make(lot: Lot, pattern: Generation, owners: str) -> None:
    multiply(
        pattern,
        lot.numbers,
        id=ID,
        owner_id=owners,
        prompt="'A lighthouse, number ' || n",
        provider=f"CASE WHEN {IS_PAID} THEN 'replicate' ELSE 'animatic' END",
        status=lot.generation,
        created_at=lot.born,
        updated_at=lot.born,
        started_at=lot.born if lot.is_done else f"CASE WHEN NOT {IS_QUEUED} THEN {lot.born} END",
        finished_at=lot.ended,
        video_id=VIDEO if lot.is_done else "NULL",
        last_sequence="4",
        clip_count="2",
        clips_ready="2" if lot.is_done else "0",
    )


def _money_make(lot: Lot, clip: Clip, owners: str) -> None:
    call = ProviderCall.objects.create(
        owner=clip.generation.owner,
        clip=clip,
        position=1,
        provider="replicate",
        model="bytedance/seedance-2.0",
        seconds=4,
        price_usd=Decimal("0.18"),
        estimated_usd=Decimal("0.72"),
    )
    multiply(
        call,
        lot.numbers,
        parts=2,
        where=IS_PAID if lot.is_done else f"NOT {IS_QUEUED}",
        id="gen_random_uuid()",
        owner_id=owners,
        generation_id=ID,
        clip_id=CLIP,
        position="part",
        status=lot.call,
        job_id="'job-' || n || '-' || part",
        actual_usd="0.72" if lot.is_done else "NULL",
        created_at=lot.born,
        accepted_at=lot.born,
        finished_at=lot.ended,
        next_look_at="NULL" if lot.is_done else "now() + interval '1 day'",
    )
    asked = TextCall.objects.create(task="prompt_analysis", model="gpt-5-mini", outcome="answered")
    multiply(
        asked,
        lot.numbers,
        id="gen_random_uuid()",
        generation_id=ID,
        created_at=lot.born,
        finished_at=lot.born,
    )


def _work_make(lot: Lot, clip: Clip, run: StageRun, owners: str) -> None:
    _runs_make(lot, run)
    event = ProgressEvent.objects.create(
        generation=clip.generation, sequence=1, type="stage.started", status="processing", percentage=10
    )
    numbered: dict[str, Any] = {"id": serial(ProgressEvent), "generation_id": ID, "sequence": "part"}
    multiply(event, lot.numbers, parts=4, created_at=lot.born, **numbered)
    key = IdempotencyKey.objects.create(owner=clip.generation.owner, key="x", fingerprint="x")
    named: dict[str, Any] = {"id": serial(IdempotencyKey), "key": "'key-' || n", "generation_id": ID}
    newest = f"n > {lot.numbers.stop - 1 - KEYS}"
    multiply(key, lot.numbers, where=newest, owner_id=owners, created_at="now()", **named)
    source = SOURCE if lot.is_done else "NULL"
    placed = {"id": CLIP, "generation_id": ID, "position": "part", "fingerprint": "md5(n || ':' || part)"}
    multiply(clip, lot.numbers, parts=2, status=lot.clip, source_id=source, **placed)
    if not lot.is_done:
        return
    asset = Asset.objects.create(
        owner=clip.generation.owner,
        kind="video",
        storage_key="x",
        sha256="0" * 64,
        size_bytes=1000,
        media_type="video/mp4",
    )
    stored = {"id": ASSET, "storage_key": "'video/' || n || ':' || part", "owner_id": owners}
    multiply(asset, lot.numbers, parts=2, created_at=lot.born, **stored)


def _runs_make(lot: Lot, run: StageRun) -> None:
    """The text task and the two clips, of which what is queued has only the first, due and not sent."""
    is_first = "part = 1"
    multiply(
        run,
        lot.numbers,
        parts=3,
        where="true" if lot.is_done else f"{is_first} OR NOT {IS_QUEUED}",
        id="gen_random_uuid()",
        generation_id=ID,
        clip_id=f"CASE WHEN NOT {is_first} THEN md5('clip' || n || ':' || (part - 1))::uuid END",
        stage=f"CASE WHEN {is_first} THEN 'prompt_analysis' ELSE 'clip' END",
        queue=f"CASE WHEN {is_first} THEN 'analysis' ELSE 'clips' END",
        status=lot.run if lot.is_done else f"CASE WHEN {IS_QUEUED} THEN 'queued' ELSE {lot.run} END",
        created_at=lot.born,
        available_at=lot.born,
        started_at=lot.born,
        claimed_at=lot.born,
        finished_at=f"{lot.born} + interval '9 seconds'",
    )


def numbers_of_rows() -> dict[str, int]:
    """Of each table."""
    return {str(table._meta.verbose_name_plural): table._default_manager.count() for table in TABLES}
