"""Replicate and fal of our own, and a pipeline that buys from them: run here, step by step, by our clock."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import F, Sum
from django.db.models.functions import Now

from generations import tasks
from generations.models import Clip, Generation, ProviderCall, StageRun
from generations.providers.registry import hosted_names, hosted_provider
from generations.services.call_looking import provider_look
from generations.services.generations import generation_create
from generations.states import AT_PROVIDER
from generations.testing.video_servers import TOKEN, FalServer, Fault, ReplicateServer
from generations.testing.video_servers.jobs import Job
from generations.tests.requests import REQUEST
from videogen.accounts.models import Budget

MODELS = {"replicate": "bytedance/seedance-2.0", "fal": "bytedance/seedance-2.0/text-to-video"}
#: What four seconds of them cost at 480p.
PRICES = {"replicate": Decimal("0.32"), "fal": Decimal("0.5624")}
TEXT = ("prompt_analysis", "brand_analysis", "micro_prompts")
TO_CLIPS = (*TEXT, "clip")
ALL = (*TO_CLIPS, "conform", "assembly", "publish")
#: Nothing that is tested takes so many.
ROUNDS = 30


class Studio:
    """Both services and the pipeline. A clip is four seconds long, a video one or two of them."""

    def __init__(self, owner: User, replicate: ReplicateServer, fal: FalServer) -> None:
        self.owner, self.replicate, self.fal = owner, replicate, fal
        self.servers: dict[str, ReplicateServer | FalServer] = {"replicate": replicate, "fal": fal}

    def order(self, provider: str = "replicate", *, clips: int = 1, **request: Any) -> Generation:
        """A new generation, of which nothing has been done."""
        asked = {"provider": provider, "model": MODELS.get(provider, ""), "duration_seconds": 4 * clips}
        return generation_create(owner=self.owner, request=REQUEST | asked | request).generation

    def planned(self, provider: str = "replicate", **request: Any) -> Generation:
        """One whose texts are written, and whose clips are paid for in advance and not sent."""
        generation = self.order(provider, **request)
        while self.work(generation, TEXT):
            pass
        return generation

    def sent(self, provider: str = "replicate", **request: Any) -> Generation:
        """One whose clips have been sent."""
        generation = self.planned(provider, **request)
        self.work(generation)
        return generation

    def half_failed(self) -> Generation:
        """Its second clip was found unsafe while Replicate makes the first. No job ends by itself now."""
        self.slow_down()
        generation = self.sent(clips=2)
        job = self.job(calls_of(generation)[1])
        job.outcome, job.run_seconds = Fault("moderated"), 0
        self.look()
        self.work(generation)
        assert generation.error
        assert (generation.status, generation.error["position"]) == ("failed", 2)
        return generation

    def made(self, provider: str = "replicate", **request: Any) -> Generation:
        """One that has gone as far as it goes."""
        return self.go_on(self.order(provider, **request), ALL)

    def work(self, generation: Generation, stages: Iterable[str] = TO_CLIPS) -> int:
        """Run what is queued and due, once each. How much that was."""
        runs = StageRun.objects.filter(generation=generation, status="queued", stage__in=stages)
        due = list(runs.filter(available_at__lte=Now()).order_by("clip__position"))
        for run in due:
            tasks.run_stage(str(run.pk))
        generation.refresh_from_db()
        return len(due)

    def look(self, generation: Generation | None = None) -> None:
        """Look at all that the providers have, though it is not time yet."""
        ProviderCall.objects.filter(status__in=AT_PROVIDER, given_up_at=None).update(next_look_at=Now())
        self.look_at_due()
        if generation:
            generation.refresh_from_db()

    def look_at_due(self) -> int:
        """One round of looks, as the dispatcher makes it."""
        providers = [hosted_provider(name) for name in hosted_names()]
        return sum(provider_look(provider) for provider in providers if provider)

    def go_on(self, generation: Generation, stages: Iterable[str] = TO_CLIPS) -> Generation:
        """Round after round, without the pauses between them, until nothing moves."""
        for _ in range(ROUNDS):
            before = _standing(generation)
            StageRun.objects.filter(generation=generation, status="queued").update(available_at=Now())
            self.work(generation, stages)
            self.look(generation)
            if _standing(generation) == before:
                return generation
        raise AssertionError(f"It does not come to an end: {before}")

    def server_of(self, call: ProviderCall) -> ReplicateServer | FalServer:
        return self.servers[call.provider]

    def job(self, call: ProviderCall) -> Job:
        """The provider's side of it."""
        call.refresh_from_db()
        job = self.server_of(call).job(call.job_id)
        assert job, f"{call.provider} has no job {call.job_id!r}"
        return job

    def script(self, *faults: Fault) -> None:
        """Let these go wrong, at whichever of the two is asked."""
        for server in self.servers.values():
            server.script(*faults)

    def slow_down(self) -> None:
        """From now on no job ends by itself."""
        for server in self.servers.values():
            server.run_seconds = 3600

    def finish(self, *calls: ProviderCall) -> None:
        """Let these jobs come to their end."""
        for call in calls:
            self.job(call).run_seconds = 0


@contextmanager
def studio_open(settings: Any, owner: User) -> Iterator[Studio]:
    """Both services, which do at once what they are asked, and settings that point at them."""
    options: dict[str, Any] = {"queue_seconds": 0, "run_seconds": 0}
    with ReplicateServer(**options) as replicate, FalServer(**options) as fal:
        settings.REPLICATE_BASE_URL, settings.REPLICATE_API_TOKEN = replicate.api_url, TOKEN
        settings.FAL_QUEUE_URL, settings.FAL_JWKS_URL, settings.FAL_KEY = fal.url, fal.jwks_url, TOKEN
        settings.FETCH_ALLOWED_ORIGINS = [replicate.url, fal.url]
        settings.REPLICATE_WEBHOOK_SECRET = settings.PROVIDER_WEBHOOK_URL = ""
        settings.PROVIDER_TIMEOUT_SECONDS, settings.PROVIDER_UNKNOWN_SECONDS = 2, 3
        settings.PROVIDER_LOOKS_PER_SECOND = 1000
        yield Studio(owner, replicate, fal)


@pytest.fixture
def studio(settings: Any, alice: User) -> Iterator[Studio]:
    """At the end nothing may be amiss in the books, whatever has happened."""
    with studio_open(settings, alice) as opened:
        yield opened
        assert_in_order()


def calls_of(generation: Generation) -> list[ProviderCall]:
    """All that were made for it, in the order of their making."""
    return list(ProviderCall.objects.filter(generation=generation).order_by("created_at", "position"))


def call_of(generation: Generation) -> ProviderCall:
    """The only one."""
    return ProviderCall.objects.get(generation=generation)


def clip_run(generation: Generation, position: int = 1) -> StageRun:
    """The newest attempt at a clip."""
    return StageRun.objects.filter(stage="clip", generation=generation, clip__position=position).latest(
        "attempt"
    )


def told(generation: Generation, type: str) -> list[dict[str, Any]]:
    """What the history says in events of one type."""
    return [event.as_message() for event in generation.events.filter(type=type).order_by("sequence")]


def doubt_ages(generation: Generation, seconds: float = 3600) -> None:
    """So much time passes for the calls of which nobody knows what became of them."""
    calls = ProviderCall.objects.filter(generation=generation, status="unknown")
    calls.update(doubted_at=F("doubted_at") - timedelta(seconds=seconds))


def statuses(generation: Generation) -> list[str]:
    """Of its calls."""
    return [str(call.status) for call in calls_of(generation)]


def assert_in_order() -> None:
    """No number is missing in any history, and all sums of money agree."""
    for generation in Generation.objects.all():
        numbers = list(generation.events.order_by("sequence").values_list("sequence", flat=True))
        assert numbers == list(range(1, len(numbers) + 1))
        calls = ProviderCall.objects.filter(generation=generation)
        assert generation.reserved_usd == _sum(calls, "reserved_usd")
        assert generation.actual_usd - generation.analysis_usd == _sum(calls, "actual_usd")
    for clip in Clip.objects.exclude(provider="animatic"):
        assert clip.cost_usd == _sum(ProviderCall.objects.filter(clip=clip), "actual_usd")
    for budget in Budget.objects.filter(scope="all"):
        calls = ProviderCall.objects.filter(reserved_on=budget.period)
        assert budget.reserved_usd == _sum(calls, "reserved_usd")
        assert budget.spent_usd == _sum(calls, "actual_usd")


def _sum(calls: Any, column: str) -> Decimal:
    total: Decimal | None = calls.aggregate(total=Sum(column))["total"]
    return total or Decimal(0)


def _standing(generation: Generation) -> list[Any]:
    runs = StageRun.objects.filter(generation=generation).values_list("pk", "status", "turn")
    calls = ProviderCall.objects.filter(generation=generation)
    columns = ("pk", "status", "job_id", "given_up_at", "cancel_requested_at", "cancel_sent_at")
    return [*runs.order_by("pk"), *calls.order_by("pk").values_list(*columns)]
