"""The protocol of a provider: what turns one scene into one clip."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal, Protocol

from analysis.contracts import Scene
from generations.media.frame import FrameFormat
from videogen.kernel.errors import DomainError
from videogen.kernel.progress import ReportProgress


@dataclass(frozen=True)
class ClipSpec:
    """Everything that a clip is made from."""

    scene: Scene
    frame: FrameFormat
    seed: int
    style: str = ""
    model: str = ""
    captions: bool = True


@dataclass(frozen=True)
class Capabilities:
    """What a provider's models can do; requests are checked against it on arrival."""

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
class Submission:
    """A provider's answer to `submit` or `poll`. `job_id` is the provider's own id for the work."""

    job_id: str
    state: Literal["waiting", "ready", "failed"]
    next_look_seconds: float = 0
    warnings: tuple[str, ...] = field(default=())


class ProviderError(DomainError):
    """A provider could not make the clip. `retryable` says whether another attempt may help."""

    code = "provider.failed"


class ProviderUnavailable(ProviderError):
    """The provider cannot work here: a key or a library is missing."""

    code = "provider.unavailable"
    retryable = False


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

    def submit(self, spec: ClipSpec, *, token: str) -> Submission:
        """Ask for the clip. `token` names the attempt, so that the provider's jobs can be told apart."""

    def poll(self, job_id: str) -> Submission:
        """Look how far it is."""

    def cancel(self, job_id: str) -> None:
        """Ask the provider to stop. Harmless when it has ended."""

    def fetch(self, spec: ClipSpec, job_id: str, *, into: Path, report: ReportProgress) -> tuple[str, ...]:
        """Write the finished clip to `into`, and answer warnings for the client."""
