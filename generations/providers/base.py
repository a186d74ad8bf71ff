"""The protocol of a provider: what turns one scene into one clip.

A provider that draws here (`animatic`) is ready when it is asked. A hosted one works elsewhere, for
money, and takes its time: it is asked once, looked at now and then, and its file is fetched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import httpx

from analysis.contracts import Scene
from generations.media.frame import FrameFormat
from generations.media.transitions import NO_EDGES, Edges
from videogen.kernel.errors import DomainError
from videogen.kernel.progress import ReportProgress
from videogen.kernel.waiting import Tick, nothing

#: What the ledger has in place of a file, before its hash.
FILE_PREFIX = "file:sha256:"


@dataclass(frozen=True)
class ReferenceFile:
    """A picture that a clip is to be made from.

    `path` is where it was fetched to, and `address` what stands for it in a model's input; both are
    there only where a call is about to be sent.
    """

    sha256: str
    media_type: str
    path: Path | None = None
    address: str = ""

    @property
    def name(self) -> str:
        """What the ledger has in its place."""
        return f"{FILE_PREFIX}{self.sha256}"


@dataclass(frozen=True)
class ClipSpec:
    """Everything that a clip is made from.

    The clip plays for `scene.duration_seconds`; `bought_seconds` is what a hosted provider is asked
    for, which is as long or longer. `edges` says which frames are for transitions: what is drawn here is
    drawn with its handle, of what is bought it is what is left over. `audio`: None leaves it to what is
    cheapest.
    """

    scene: Scene
    frame: FrameFormat
    seed: int
    style: str = ""
    model: str = ""
    captions: bool = True
    aspect_ratio: str = "16:9"
    resolution: str = "720p"
    audio: bool | None = None
    bought_seconds: Decimal | None = None
    references: tuple[ReferenceFile, ...] = ()
    edges: Edges = NO_EDGES

    @property
    def provider_seconds(self) -> Decimal:
        """How long the clip is that the provider makes."""
        return self.bought_seconds or self.scene.duration_seconds


@dataclass(frozen=True)
class Capabilities:
    """What a provider's models can do together; requests are checked against the model on arrival."""

    models: tuple[str, ...]
    aspect_ratios: tuple[str, ...]
    resolutions: tuple[str, ...]
    min_clip_seconds: Decimal
    max_clip_seconds: Decimal
    audio: bool
    paid: bool
    description: str
    notice: str = ""  # What a client should know; it goes into the generation's warnings.
    conformed: bool = False  # Its clips come out as the plan says; conforming only has to verify them.


@dataclass(frozen=True)
class Job:
    """A hosted provider's work as we know it. `urls` are those that it named itself when it accepted."""

    job_id: str
    model: str
    urls: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Submission:
    """A provider's answer to `submit`. `job_id` is the provider's own id for the work.

    A hosted one has only begun; of any other it can be fetched. `answer` is what it said, for the ledger.
    """

    job_id: str
    urls: Mapping[str, str] = field(default_factory=dict)
    answer: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class JobState:
    """What a look at a job finds. A state that we do not know counts as running.

    `missing`: the provider says that it knows no such job; `error` says so, too.
    """

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    MISSING = "missing"


@dataclass(frozen=True)
class Look:
    """How far a job is.

    `output_url` where it has succeeded; `error` where it has failed. `is_billed` says whether the
    provider takes money for it; None where that cannot be told, and then it counts as billed.
    """

    state: str
    output_url: str = ""
    error: "ProviderError | None" = None
    is_billed: bool | None = None
    answer: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sought:
    """A submission whose outcome is unknown, and all that can tell its job from others.

    `taken` are the ids of jobs that are known to be another call's.
    """

    token: str
    model: str
    input: Mapping[str, Any]
    sent_at: datetime
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Found:
    """What a search for a lost submission came to.

    `job`: it was accepted, here it is. Without one, `is_certain` says that the provider would have
    listed it; where nothing can be listed, or several jobs look alike, it is False.
    """

    job: Job | None = None
    is_certain: bool = False


@dataclass(frozen=True)
class WebhookNews:
    """What a verified webhook says: that something happened to this job. All else is looked up."""

    job_id: str


class ProviderError(DomainError):
    """A provider could not make the clip. `retryable` says whether another attempt may help.

    Raised by `submit`, it means that the provider has certainly not taken the work.
    """

    code = "provider.failed"


class ProviderUnavailable(ProviderError):
    """The provider cannot work here: a key or a library is missing."""

    code = "provider.unavailable"
    retryable = False


class OutcomeUnknown(ProviderError):
    """It cannot be told whether the provider has taken the work: no answer came, or one that says neither."""

    code = "provider.outcome_unknown"
    retryable = True


class WebhookRefused(DomainError):
    """A webhook that its provider did not send, or that is too old."""

    code = "webhook.refused"
    status = 401


class VideoProvider(Protocol):
    """Turns one scene into one clip. Raises `ProviderError`; whether trying again helps is its decision."""

    name: str

    def capabilities(self) -> Capabilities:
        """What can be asked for."""

    def unavailable_because(self) -> str | None:
        """A sentence that says what is missing and what to do about it, or None when it can work."""

    def prepare(self) -> None:
        """Load what `fetch` needs. A worker calls it once, before it forks for each clip."""

    def estimate(self, spec: ClipSpec) -> Decimal:
        """The price of this clip in US dollars."""

    def submit(
        self, spec: ClipSpec, *, token: str, webhook_url: str = "", tick: Tick = nothing
    ) -> Submission:
        """Ask for the clip, once: nothing is tried again here. `token` names the call.

        Raises `Postponed` or `ProviderError` where the provider has certainly not taken it,
        `OutcomeUnknown` where that cannot be told, and what `tick` raises.
        """

    def fetch(self, spec: ClipSpec, source: str, *, into: Path, report: ReportProgress) -> tuple[str, ...]:
        """Write the finished clip to `into`, and answer warnings for the client.

        `source` is the job's id for a provider that is ready at once, the output's address for a
        hosted one.
        """


@runtime_checkable
class HostedProvider(VideoProvider, Protocol):
    """A provider that works elsewhere, for money.

    Looks are asynchronous, so that one process can wait for thousands of jobs; they use the client
    that they are given, within the seconds that its timeout allows.
    """

    def payload(self, spec: ClipSpec) -> dict[str, Any]:
        """The input of the model, as `submit` sends it, with files named by their hashes: for the ledger."""

    def with_files(self, spec: ClipSpec, *, tick: Tick = nothing) -> ClipSpec:
        """The spec, with an address for each picture that the model gets. Uploads what has to be uploaded.

        Nothing is bought by that. Raises like `submit`, but never `OutcomeUnknown`.
        """

    async def poll(self, job: Job, client: httpx.AsyncClient) -> Look:
        """Look how far it is. Raises `Postponed`, or `ProviderError` where the look itself failed."""

    async def cancel(self, job: Job, client: httpx.AsyncClient) -> None:
        """Ask the provider to stop. Harmless when it has ended. Raises like `poll`."""

    async def find(self, sought: Sought, client: httpx.AsyncClient) -> Found:
        """Look for a submission whose answer was lost, among the newest jobs. Raises like `poll`."""

    def async_client(self, *, timeout_seconds: float) -> httpx.AsyncClient:
        """A client for looks: with our key, to this provider only."""

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookNews:
        """Verify a webhook, by its raw body, and say which job it is about. Raises `WebhookRefused`."""

    def typical_seconds(self, model: str) -> float:
        """How long a clip usually takes from submission to output."""
