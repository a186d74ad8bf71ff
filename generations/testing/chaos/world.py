"""What is known of it all: by us, from the database, and by the providers, from their ledgers."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from generations.models import Generation, ProgressEvent, ProviderCall, StageRun
from generations.states import FINISHED, LIVE, CallStatus
from generations.testing.video_servers.jobs import Job, State
from generations.testing.video_servers.ledger import Submission
from generations.testing.video_servers.server import VideoServer

Servers = Mapping[str, VideoServer]
#: A job that ends so has brought a clip, or may still.
WORTH_MONEY = (State.QUEUED, State.RUNNING, State.SUCCEEDED)
#: Their jobs may be there without our knowing their ids.
IN_DOUBT = (CallStatus.SUBMITTING, CallStatus.UNKNOWN, CallStatus.WRITTEN_OFF)


@dataclass(frozen=True)
class Order:
    """A submission as a provider has it, and our call that it is of, as far as there is one."""

    provider: str
    submission: Submission
    call: ProviderCall | None

    @property
    def job(self) -> Job:
        """Only of one that was accepted."""
        assert self.submission.job  # noqa: S101  The caller has looked.
        return self.submission.job

    def __str__(self) -> str:
        job = self.submission.job
        what = f"job {job.job_id} ({job.state(job.at + 1e9)})" if job else f"refused {self.submission.status}"
        whose = f"call {self.call.pk} ({self.call.status})" if self.call else "no call"
        return f"{self.provider} {what} at {self.submission.at:.3f}, {whose}"


@dataclass
class World:
    """A snapshot. It is exact once nothing moves any more."""

    servers: Servers
    calls: list[ProviderCall] = field(default_factory=list)
    generations: dict[UUID, Generation] = field(default_factory=dict)

    @classmethod
    def now(cls, servers: Servers) -> "World":
        calls = list(ProviderCall.objects.order_by("created_at"))
        return cls(servers, calls, {each.pk: each for each in Generation.objects.all()})

    @cached_property
    def orders(self) -> list[Order]:
        """All submissions. Those whose job's id was lost are given to calls that may have lost it."""
        by_job = {(call.provider, call.job_id): call for call in self.calls if call.job_id}
        lost = [call for call in self.calls if not call.job_id and call.status in IN_DOUBT]
        orders = []
        for provider, server in self.servers.items():
            for each in server.ledger.jobs():
                call = by_job.get((provider, each.job_id))
                if call is None and (call := next((c for c in lost if _same(c, provider, each)), None)):
                    lost.remove(call)
                orders.append(Order(provider, each, call))
        return orders

    @cached_property
    def strangers(self) -> list[Submission]:
        """Submissions, accepted or not, of which no row tells."""
        return [
            each
            for provider, server in self.servers.items()
            for each in server.ledger.submissions()
            if not any(_same(call, provider, each) for call in self.calls)
        ]

    @cached_property
    def orders_by_clip(self) -> Mapping[tuple[Any, str], list[Order]]:
        """By the clip, and all that it is made from."""
        by_clip = defaultdict(list)
        for order in self.orders:
            if order.call:
                by_clip[order.call.clip_id or order.call.pk, order.call.fingerprint].append(order)
        return by_clip

    def history_of(self, token: str) -> str:
        """What became of the call with this token, and what was told about its clip."""
        call = next((call for call in self.calls if str(call.pk) == token), None)
        if call is None:
            return "no call"
        moments = (
            "sent_at",
            "accepted_at",
            "doubted_at",
            "given_up_at",
            "cancel_requested_at",
            "finished_at",
        )
        times = ", ".join(f"{name} {getattr(call, name):%H:%M:%S}" for name in moments if getattr(call, name))
        events = ProgressEvent.objects.filter(generation=call.generation_id, position=call.position)
        told = ", ".join(f"{each.created_at:%H:%M:%S} {each.type}" for each in events.order_by("sequence"))
        state = f"{call.status}, job {call.job_id!r}, {call.error_code} {call.decision!r}"
        return f"call {call.pk}: {state}, superseded {call.is_superseded}; {times}; told: {told}"

    def calls_of(self, generation: Generation) -> list[ProviderCall]:
        return [call for call in self.calls if call.generation_id == generation.pk]

    def resent(self, clip_id: Any, fingerprint: str) -> list[ProviderCall]:
        """The calls for a clip that were made while nobody knew what had become of an earlier one."""
        return [
            call
            for call in self.calls
            if call.replaces_id and (call.clip_id, call.fingerprint) == (clip_id, fingerprint)
        ]


def _same(call: ProviderCall, provider: str, submission: Submission) -> bool:
    """Whether the submission can be this call's. Where there are webhooks, they say so."""
    if submission.token:
        return submission.token == str(call.pk)
    asked = (provider, submission.model, dict(submission.input))
    return (call.provider, call.model, call.request) == asked


def unsettled() -> Iterable[str]:
    """What still moves by itself."""
    yield from (f"{each.pk} is {each.status}" for each in Generation.objects.exclude(status__in=FINISHED))
    for run in StageRun.objects.filter(status__in=LIVE):
        until = f" until {run.available_at:%H:%M:%S} ({run.put_back_reason})" if run.put_back_count else ""
        yield f"{run.stage} of {run.generation_id}, attempt {run.attempt}, is {run.status}{until}"
    moving = ProviderCall.objects.open().filter(given_up_at=None)
    yield from (f"call {call.pk} is {call.status}" for call in moving)
