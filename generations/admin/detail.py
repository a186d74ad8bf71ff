"""All that the page of one generation shows, read in a number of queries that does not depend on its size."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.db.models.fields.json import KT
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.functional import cached_property

from analysis.models import TextCall
from generations.admin.advice import advice_for
from generations.admin.routing_table import RoutingTable
from generations.admin.state import is_undecided
from generations.admin.timeline import Timeline, timeline_of
from generations.models import Clip, Generation, ProgressEvent, ProviderCall, StageRun
from generations.services.plans import eta_seconds
from generations.states import AT_PROVIDER, CANCELLABLE, WORKABLE, GenerationStatus, StageStatus
from videogen.kernel.admin.formatting import NONE, ahead, between, duration, moment, usd

#: Large, and not shown on this page.
PAYLOADS = ("request", "answer", "urls", "output_url")
#: So many events are shown at once, the newest first.
EVENTS = 200


@dataclass(frozen=True)
class RunRow:
    """One attempt as the table shows it."""

    run: StageRun
    position: int | None
    waited: str
    ran: str
    notes: tuple[str, ...]
    can_run_again: bool


@dataclass(frozen=True)
class CallRow:
    """One paid call as the table shows it. `waits` says for how long, and when the next look is."""

    call: ProviderCall
    waits: str


class GenerationDetail:
    """What the template reads. `before` pages back through the events, by their sequence."""

    def __init__(self, generation: Generation, *, before: int | None = None) -> None:
        self.generation = generation
        self.before = before
        self.now = timezone.now()

    @property
    def can_cancel(self) -> bool:
        return self.generation.status in CANCELLABLE

    @property
    def can_retry(self) -> bool:
        return self.generation.status == GenerationStatus.FAILED

    @property
    def advice(self) -> str:
        return advice_for(self.generation.error or {})

    @property
    def eta(self) -> str:
        seconds = eta_seconds(self.generation)
        if seconds is None:
            return ""
        return f"{duration(seconds)} to go" if seconds else "later than estimated"

    @cached_property
    def clips(self) -> list[Clip]:
        return list(Clip.objects.filter(generation=self.generation).order_by("position"))

    @cached_property
    def calls(self) -> list[ProviderCall]:
        """What was asked of paid providers, in the order of the clips."""
        calls = ProviderCall.objects.filter(generation=self.generation).defer(*PAYLOADS)
        return list(calls.order_by("position", "created_at"))

    @property
    def call_rows(self) -> list[CallRow]:
        return [self._call_row(call) for call in self.calls]

    def _call_row(self, call: ProviderCall) -> CallRow:
        if call.status not in AT_PROVIDER:
            return CallRow(call, NONE)
        waits = duration(between(call.accepted_at or call.sent_at or call.created_at, None))
        look = f"looked at {ahead(call.next_look_at)}" if call.next_look_at else "not looked at any more"
        return CallRow(call, f"{waits}, {look}")

    @property
    def undecided(self) -> list[ProviderCall]:
        """Calls of which a person has to find out what has become of them."""
        return [call for call in self.calls if is_undecided(call)]

    @property
    def routing(self) -> RoutingTable | None:
        """How the provider was chosen, where that was left to us."""
        return RoutingTable(self.generation.routing) if self.generation.routing else None

    @cached_property
    def runs(self) -> list[StageRun]:
        runs = StageRun.objects.filter(generation=self.generation).defer("output")
        shown = runs.annotate(engine=KT("output__engine"), cached=KT("output__cached"))
        return list(shown.order_by("created_at", "attempt"))

    @cached_property
    def models(self) -> dict[str, str]:
        """Which language models each text task asked, from the ledger."""
        asked: dict[str, str] = {}
        calls = TextCall.objects.of_generation(self.generation.pk).order_by("task", "model")
        for task, model in calls.values_list("task", "model").distinct():
            asked[task] = f"{asked[task]}, {model}" if task in asked else model
        return asked

    @cached_property
    def events(self) -> list[ProgressEvent]:
        events = ProgressEvent.objects.filter(generation=self.generation)
        if self.before is not None:
            events = events.filter(sequence__lt=self.before)
        return list(events.order_by("-sequence")[:EVENTS])

    @property
    def older_events_before(self) -> int | None:
        """Where the next page of events starts; None when these are the oldest."""
        return self.events[-1].sequence if self.events and self.events[-1].sequence > 1 else None

    @property
    def versions(self) -> list[Generation]:
        """The videos that were made from this one."""
        return list(self.generation.children.only("pk", "version").order_by("version"))

    @cached_property
    def positions(self) -> dict[UUID, int]:
        return {clip.pk: clip.position for clip in self.clips}

    @property
    def timeline(self) -> Timeline | None:
        return timeline_of(self.runs, self.positions, self.now)

    @property
    def rows(self) -> Iterator[RunRow]:
        """The attempts, the newest first."""
        latest = {(run.stage, run.clip_id): run.pk for run in self.runs}
        for run in reversed(self.runs):
            yield RunRow(
                run=run,
                position=self.positions.get(run.clip_id) if run.clip_id else None,
                waited=duration(between(run.created_at, run.started_at or run.finished_at)),
                ran=duration(between(run.started_at, run.finished_at)),
                notes=tuple(self._notes(run)),
                can_run_again=latest[run.stage, run.clip_id] == run.pk and self._can_run_again(run),
            )

    def _notes(self, run: StageRun) -> Iterator[str]:
        if run.status == StageStatus.WAITING:
            yield self._waits_for(run)
        if run.engine:  # type: ignore[attr-defined]  # The annotations of `runs`.
            made_by = [run.engine, self.models.get(run.stage, "")]  # type: ignore[attr-defined]
            remembered = "answered before" if run.cached == "true" else ""  # type: ignore[attr-defined]
            yield ", ".join(filter(None, [*made_by, remembered]))
        if run.put_back_count:
            times = "once" if run.put_back_count == 1 else f"{run.put_back_count} times"
            yield f"put back {times}: {run.put_back_reason}"

    def _waits_for(self, run: StageRun) -> str:
        """Who has its clip; the newest call that does, where there were several."""
        awaited = [row for row in self.call_rows if row.call.clip_id == run.clip_id and row.waits != NONE]
        if not awaited:
            return "waits for a provider"
        return f"at {awaited[-1].call.provider} for {awaited[-1].waits}"

    def _can_run_again(self, run: StageRun) -> bool:
        if run.status == StageStatus.RUNNING:
            return self.generation.status in WORKABLE
        return run.status in {StageStatus.FAILED, StageStatus.LOST} and self.can_retry

    @property
    def facts(self) -> list[tuple[str, object]]:
        """What was asked for, and what became of it."""
        generation = self.generation
        picture = f"{generation.duration_seconds} s, {generation.aspect_ratio}, {generation.resolution}"
        return [
            ("Owner", generation.owner),
            ("Picture", picture),
            ("Transition", generation.transition),
            ("Style", generation.style or NONE),
            ("Brand", (generation.brand or {}).get("name", NONE)),
            ("Provider", " · ".join(filter(None, [generation.provider, generation.model]))),
            ("Seed", generation.seed),
            ("Approval", generation.approval),
            ("Cost", self._cost()),
            ("Created", moment(generation.created_at)),
            ("Started", moment(generation.started_at)),
            ("Finished", moment(generation.finished_at)),
            ("Took", duration(between(generation.started_at, generation.finished_at))),
            ("Video", self._video()),
            ("Version", generation.version),
        ]

    def _cost(self) -> str:
        cap = self.generation.max_cost_usd
        limit = "" if cap is None else f", at most {usd(cap)}"
        estimated = f"{usd(self.generation.estimated_usd)} estimated"
        reserved = self.generation.reserved_usd
        held = f"; {usd(reserved)} reserved" if reserved else ""
        text = f"{usd(self.generation.analysis_usd)} for text"
        return f"{usd(self.generation.actual_usd)} of {estimated}{limit}{held}; {text}"

    def _video(self) -> str:
        video = self.generation.video
        return f"{filesizeformat(video.size_bytes)}, {video.media_type}" if video else NONE

    @property
    def documents(self) -> list[tuple[str, str]]:
        """The stored JSON, for reading."""
        generation = self.generation
        found = {
            "Storyboard": generation.storyboard,
            "Prompt analysis": generation.analysis,
            "Brand": generation.brand,
            "Brand analysis": generation.brand_analysis,
            "Client's metadata": generation.metadata,
        }
        stored = {name: value for name, value in found.items() if value}
        return [(name, json.dumps(value, indent=2, ensure_ascii=False)) for name, value in stored.items()]
