"""Writes progress events as the pipeline does, and notes when each was committed."""

import os
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "videogen.settings")
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.db import transaction  # noqa: E402

from generations.models import Generation  # noqa: E402
from generations.services.events import event_record  # noqa: E402
from generations.services.flow import generation_lock  # noqa: E402

#: Of an event: the generation, its number, and when it was committed by the clock of this machine.
Written = tuple[str, int, float]


def serve(orders: Connection) -> None:
    """`("make", number)` answers ids; `("write", ids, per_second)`, `("burst", id, number)` what it wrote."""
    answers = {"make": make, "write": write, "burst": burst}
    while True:
        name, *arguments = orders.recv()
        orders.send(answers[name](*arguments))  # type: ignore[operator]


def make(number: int) -> list[str]:
    """Generations at work, of the stack's own user."""
    owner = User.objects.get(api_keys__isnull=False)
    rows = [
        Generation(
            owner=owner,
            prompt="A lighthouse on a cliff at dusk",
            duration_seconds=8,
            aspect_ratio="16:9",
            resolution="720p",
            provider="animatic",
            status="processing",
            stage="clip",
            seed=seed,
        )
        for seed in range(number)
    ]
    return [str(row.pk) for row in Generation.objects.bulk_create(rows)]


def write(ids: Sequence[str], per_second: float) -> list[Written]:
    """One event for each of the ids, in this order and rhythm, each in a transaction of its own."""
    written, started = [], time.monotonic()
    for number, generation_id in enumerate(ids):
        time.sleep(max(0.0, started + number / per_second - time.monotonic()))
        written += _write(generation_id, 1)
    return written


def burst(generation_id: str, number: int) -> list[Written]:
    """So many events of one generation, a thousand in a transaction: their hints go out all at once."""
    return [each for _ in range(number // 1000) for each in _write(generation_id, 1000)]


def _write(generation_id: str, number: int) -> list[Written]:
    moments: list[float] = []
    with transaction.atomic():
        generation = generation_lock(UUID(generation_id))
        transaction.on_commit(lambda: moments.append(time.monotonic()))  # Before the hints go out.
        events = [
            event_record(generation=generation, type="clip.ready", stage="clip", position=1, message="Ready.")
            for _ in range(number)
        ]
    return [(generation_id, event.sequence, moments[0]) for event in events]
