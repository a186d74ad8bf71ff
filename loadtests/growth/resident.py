"""Who lives in one database: makes its rows, is its dispatcher, and takes back what was submitted.

`python -m loadtests.growth.resident` reads one JSON list from each line, a deed and its arguments, and
answers each with one line.
"""

import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import django
from django.conf import settings

django.setup()

import django_rq  # noqa: E402  Settings come first.
from django.contrib.auth.models import User  # noqa: E402
from django.test import Client  # noqa: E402

from generations.management.commands.dispatch import CHORES, chores_do, looks_make  # noqa: E402
from generations.models import Generation, IdempotencyKey  # noqa: E402
from generations.services.queueing import job_id  # noqa: E402
from loadtests.growth.rows import backlog, history, lot_make, numbers_of_rows  # noqa: E402

#: A page deep in the history has so much of it before it.
DEPTH = 0.9


def history_make(count: int) -> None:
    lot_make(history(count))


def backlog_make(count: int, after: int) -> None:
    lot_make(backlog(count, after=after))


def facts() -> dict[str, Any]:
    """What has to be known to ask: the first caller's generations, and the session of an operator."""
    own = Generation.objects.filter(owner__username="caller-1")
    deep = own.order_by("-created_at")[int(DEPTH * own.count())]
    operator, _ = User.objects.get_or_create(username="operator", is_staff=True, is_superuser=True)
    browser = Client()
    browser.force_login(operator)
    return {
        "rows": numbers_of_rows(),
        "processing": str(own.filter(status="processing").latest("created_at").pk),
        "last_queued": str(own.filter(status="queued").latest("created_at").pk),
        "deep": deep.created_at.isoformat(),
        "session": browser.cookies[settings.SESSION_COOKIE_NAME].value,
        "cookie": settings.SESSION_COOKIE_NAME,
    }


def dispatch() -> dict[str, float]:
    """One round. Answers milliseconds of each chore, of the looks, and of it all."""
    taken: dict[str, float] = {}
    for chore in CHORES:
        due = {each: 0.0 if each is chore else float("inf") for each in CHORES}
        taken[chore.__name__] = milliseconds(partial(chores_do, due))
    taken["looks"] = milliseconds(looks_make)
    return {"dispatch": sum(taken.values())} | taken


def milliseconds(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return 1000 * (time.perf_counter() - started)


def submission_forget(pk: str) -> None:
    """As if it had never come."""
    generation = Generation.objects.get(pk=pk)
    for run in generation.stage_runs.all():
        django_rq.get_queue(run.queue).remove(job_id(run))
    IdempotencyKey.objects.filter(generation=generation).delete()
    generation.delete()


DEEDS: dict[str, Callable[..., Any]] = {
    deed.__name__: deed for deed in (history_make, backlog_make, facts, dispatch, submission_forget)
}


def main() -> None:
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        answer = DEEDS[name](*arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
