"""What must be true when all is over, whatever has happened. It is read from the database and the ledgers."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from django.core.files.storage import storages
from django.db.models import Q
from django.utils import timezone

from generations.models import Clip, Generation, ProgressEvent, ProviderCall, StageRun
from generations.scratch import PREFIX, scratch_directory
from generations.services.dispatching import ORPHAN_HOURS, orphans_delete
from generations.services.routing import BUILT_IN
from generations.states import FINISHED, LIVE, CallStatus, GenerationStatus
from generations.testing.chaos.world import WORTH_MONEY, Order, Servers, World
from generations.testing.video_servers.jobs import ENDED
from storage_app.backends.filesystem import INCOMING
from storage_app.models import Asset
from videogen.accounts.models import Budget

#: Of the orphan chore, which deletes a batch at a time.
MOST_ROUNDS = 20
#: A bug is no reason to fail.
UNTYPED = ("", "internal")


@dataclass(frozen=True)
class Violation:
    """Something that must never be, and where to look."""

    rule: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.evidence}"


def violations(servers: Servers) -> list[Violation]:
    """Everything that is wrong. Nothing may be moving any more."""
    world = World.now(servers)
    return [Violation(rule.__doc__ or "", evidence) for rule in RULES for evidence in rule(world)]


def ended(world: World) -> Iterator[str]:
    """Each generation ends: completed, cancelled, or failed with a typed error."""
    for generation in world.generations.values():
        if generation.status not in FINISHED:
            yield f"{generation.pk} is {generation.status}"
        error = generation.error or {}
        if generation.status == GenerationStatus.FAILED and error.get("code", "") in UNTYPED:
            yield f"{generation.pk} failed with {error}"
    for run in StageRun.objects.filter(error_code="internal"):
        yield f"{run.stage} of {run.generation_id} crashed: {run.error_message}"


def at_rest(world: World) -> Iterator[str]:
    """No attempt is left queued, running or waiting."""
    for run in StageRun.objects.filter(status__in=LIVE):
        yield f"{run.stage} of {run.generation_id}, attempt {run.attempt}, is {run.status}"


def complete(world: World) -> Iterator[str]:
    """What is completed is whole."""
    done = Generation.objects.filter(status=GenerationStatus.COMPLETED)
    for pk in done.filter(Q(video=None) | Q(poster=None)).values_list("pk", flat=True):
        yield f"{pk} has no video"
    for clip in Clip.objects.filter(generation__in=done).exclude(status="ready"):
        yield f"{clip.generation_id} has clip {clip.position}, which is {clip.status}"
    for clip in Clip.objects.filter(Q(video=None) | Q(source=None), generation__in=done):
        yield f"{clip.generation_id} has clip {clip.position} without bytes"


def written_first(world: World) -> Iterator[str]:
    """Nothing is sent without a row."""
    for each in world.strangers:
        yield f"{each.model} at {each.at:.3f}, job {each.job_id or 'none'}, input {dict(each.input)}"


def known(world: World) -> Iterator[str]:
    """Every job is known to a call, or its call asks for a decision."""
    for order in world.orders:
        if order.call is None:
            yield f"{order}; by its token it is {world.history_of(order.submission.token)}"
        elif not order.call.job_id and order.call.status == CallStatus.SUBMITTING:
            yield f"{order} has not been doubted"


def bought_once(world: World) -> Iterator[str]:
    """A clip is bought once; one that was unknown at most twice, and then that can be seen."""
    for (clip_id, fingerprint), orders in world.orders_by_clip.items():
        flagged = world.resent(clip_id, fingerprint)
        wanted = [order for order in orders if _is_wanted(order)]
        if len(wanted) > 1 + bool(flagged):
            yield f"clip {clip_id}, sent again {len(flagged)} times: " + "; ".join(map(str, orders))
        if not flagged and _overlap(orders):
            yield f"clip {clip_id} was made twice at once: " + "; ".join(map(str, orders))


def _is_wanted(order: Order) -> bool:
    """Whether the job has brought the clip, or may.

    What failed, was lost later, or was written off by an operator may be bought anew.
    """
    call = order.call
    is_lost = call is not None and (
        call.status in (CallStatus.FAILED, CallStatus.WRITTEN_OFF)
        or (call.status == CallStatus.SUCCEEDED and bool(call.error_code))
    )
    return order.job.state(time.time()) in WORTH_MONEY and not is_lost


def _overlap(orders: list[Order]) -> bool:
    spans = sorted((order.job.at, order.job.ends_at) for order in orders)
    return any(start < end for (_, end), (start, _) in pairwise(spans))


def flagged_visibly(world: World) -> Iterator[str]:
    """A clip that was sent again says so: in the warnings, in the history, and on the call."""
    for call in world.calls:
        generation = world.generations.get(call.generation_id) if call.generation_id else None
        if call.replaces_id is None or generation is None or _was_spared(call):
            continue
        told = ProgressEvent.objects.filter(
            generation=generation, type="clip.sent_again", position=call.position
        ).exists()
        warned = any("a second time" in warning for warning in generation.warnings)
        if not (
            told and warned and ProviderCall.objects.filter(pk=call.replaces_id, is_superseded=True).exists()
        ):
            yield f"call {call.pk} of {generation.pk} replaces {call.replaces_id}"


def _was_spared(call: ProviderCall) -> bool:
    """Whether the call that it was to replace turned up before it was sent."""
    return call.status == CallStatus.CANCELLED and call.sent_at is None


def no_gap(world: World) -> Iterator[str]:
    """Event numbers have no gap."""
    numbers = defaultdict(list)
    for pk, sequence in ProgressEvent.objects.order_by("sequence").values_list("generation_id", "sequence"):
        numbers[pk].append(sequence)
    for generation in world.generations.values():
        if numbers[generation.pk] != list(range(1, generation.last_sequence + 1)):
            yield f"{generation.pk} has {numbers[generation.pk]}, last {generation.last_sequence}"


def budgets_balance(world: World) -> Iterator[str]:
    """The budgets are the sums of their calls."""
    reserved: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    spent: dict[tuple[str, str, date], Decimal] = defaultdict(Decimal)
    for call in world.calls:
        for budget in _budgets_of(call.api_key_id, call.reserved_on):
            reserved[budget] += call.reserved_usd
            spent[budget] += call.actual_usd or Decimal(0)
    for generation in world.generations.values():
        for budget in _budgets_of(generation.api_key_id, timezone.localdate(generation.created_at)):
            spent[budget] += generation.analysis_usd
    rows = {(row.scope, row.subject, row.period): row for row in Budget.objects.all()}
    for key in {*rows, *reserved}:
        row = rows.get(key) or Budget(scope=key[0], subject=key[1], period=key[2])
        if (row.reserved_usd, row.spent_usd) != (reserved[key], spent[key]):
            yield (
                f"{row}: reserved {row.reserved_usd}, of calls {reserved[key]}; "
                f"spent {row.spent_usd}, of calls {spent[key]}"
            )


def _budgets_of(key_id: int | None, on: date) -> list[tuple[str, str, date]]:
    keys = [] if key_id is None else [Budget.of_key(key_id, on)]
    return [(each.scope, each.subject, each.period) for each in [*keys, Budget.of_day(on)]]


def generations_balance(world: World) -> Iterator[str]:
    """What a generation reserves and has cost is the sum of its calls, and so is the cost of a clip."""
    for generation in world.generations.values():
        calls = world.calls_of(generation)
        reserved = sum((call.reserved_usd for call in calls), Decimal(0))
        actual = sum((call.actual_usd or Decimal(0) for call in calls), generation.analysis_usd)
        if (generation.reserved_usd, generation.actual_usd) != (reserved, actual):
            yield (
                f"{generation.pk}: reserved {generation.reserved_usd}, of calls {reserved}; "
                f"spent {generation.actual_usd}, of calls {actual}"
            )
    for clip in Clip.objects.exclude(provider=BUILT_IN):
        costs = (call.actual_usd or Decimal(0) for call in world.calls if call.clip_id == clip.pk)
        actual = sum(costs, Decimal(0))
        if clip.cost_usd != actual:
            yield f"clip {clip.pk} cost {clip.cost_usd}, of calls {actual}"


def nothing_held_back(world: World) -> Iterator[str]:
    """A finished generation reserves money only for what the provider still has, or what is undecided."""
    alive = {
        order.call.pk for order in world.orders if order.call and order.job.state(time.time()) not in ENDED
    }
    for call in world.calls:
        generation = world.generations.get(call.generation_id) if call.generation_id else None
        is_over = generation is None or generation.status in FINISHED
        if is_over and call.reserved_usd and call.pk not in alive and call.given_up_at is None:
            yield f"call {call.pk} ({call.status}) of {call.generation_id} holds {call.reserved_usd}"


def paid_for(world: World) -> Iterator[str]:
    """What brought a clip has cost what was planned, and what was refused nothing."""
    for call in world.calls:
        if call.status == CallStatus.SUCCEEDED and call.actual_usd != call.estimated_usd:
            yield f"call {call.pk} succeeded for {call.actual_usd}, planned {call.estimated_usd}"
        if call.status == CallStatus.REFUSED and call.actual_usd:
            yield f"call {call.pk} was refused, and cost {call.actual_usd}"
    for order in world.orders:
        if order.call and order.call.status == CallStatus.REFUSED:
            yield f"{order} was taken"


def no_orphans(world: World) -> Iterator[str]:
    """Every stored file has a row, and every row a file and somebody who refers to it."""
    old = timezone.now() - timedelta(hours=2 * ORPHAN_HOURS)
    Asset.objects.update(created_at=old)
    for _ in range(MOST_ROUNDS):
        if not orphans_delete(sought=Asset.objects.count()):
            break
    root = Path(storages["assets"].path(""))
    files = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    files = {name for name in files if not name.startswith(f"{INCOMING}/")}
    keys = set(Asset.objects.values_list("storage_key", flat=True))
    yield from (f"{name} has no row" for name in sorted(files - keys))
    yield from (f"{key} has no bytes" for key in sorted(keys - files))


def scratch_is_ours(world: World) -> Iterator[str]:
    """What dead attempts leave in the scratch directory is what the workers clear."""
    for path in scratch_directory().iterdir():
        if not path.name.startswith(PREFIX):
            yield str(path)


Rule = Callable[[World], Iterator[str]]
RULES: tuple[Rule, ...] = (
    ended,
    at_rest,
    complete,
    written_first,
    known,
    bought_once,
    flagged_visibly,
    no_gap,
    budgets_balance,
    generations_balance,
    nothing_held_back,
    paid_for,
    no_orphans,
    scratch_is_ours,
)
