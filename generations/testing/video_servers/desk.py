"""What both servers know and decide, apart from HTTP: limits, faults, jobs, and the ledger of it all."""

import math
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from generations.testing.video_servers.courier import Courier
from generations.testing.video_servers.faults import Fault
from generations.testing.video_servers.jobs import ENDED, Job
from generations.testing.video_servers.ledger import Asked, Ledger, Submission
from generations.testing.video_servers.models import Model
from generations.testing.video_servers.refusals import NOT_FOUND, Refusals
from generations.testing.video_servers.requests import Request, Route
from generations.testing.video_servers.videos import video
from videogen.kernel.testing.http_server import Answer
from videogen.kernel.testing.script import Script
from videogen.kernel.testing.windows import SlidingWindow

#: The key that both servers accept.
TOKEN = "test-token"  # noqa: S105 - It opens nothing.


class Desk(Refusals):
    """Accepts jobs, within limits, unless a fault is due.

    A job waits for `queue_seconds` and works for `run_seconds`. With `output_seconds` its result can be
    had for so long. At most `requests_per_minute` submissions and `others_per_minute` other requests are
    taken in any `window_seconds`, and `concurrent` jobs at once; 0 is any. A webhook that is not taken is
    sent `webhook_tries` times in all, first after `webhook_pause_seconds`, then after twice as long.
    `told` hears of each request that was answered.
    """

    #: How the provider names the key in Authorization.
    scheme: str
    #: Whether a job that failed costs money.
    bills_failures: bool
    models: Mapping[str, Model]

    def __init__(
        self,
        *,
        queue_seconds: float = 0.1,
        run_seconds: float = 0.2,
        output_seconds: float = math.inf,
        requests_per_minute: int = 0,
        others_per_minute: int = 0,
        window_seconds: float = 60.0,
        concurrent: int = 0,
        webhook_tries: int = 5,
        webhook_pause_seconds: float = 0.5,
        told: Callable[[Asked], None] | None = None,
    ) -> None:
        self.queue_seconds = queue_seconds
        self.run_seconds = run_seconds
        self.output_seconds = output_seconds
        self.concurrent = concurrent
        self.webhook_tries = webhook_tries
        self.webhook_pause_seconds = webhook_pause_seconds
        self.told = told
        self.ledger = Ledger()
        self.faults: Script[Fault] = Script()
        self.courier = Courier()
        self._submissions = SlidingWindow(requests_per_minute, window_seconds, announced=1)
        self._others = SlidingWindow(others_per_minute, window_seconds, announced=1)
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._order: list[Job] = []
        self._live: dict[str, Job] = {}

    @property
    @abstractmethod
    def url(self) -> str:
        """The origin of the server."""

    @property
    @abstractmethod
    def routes(self) -> Sequence[Route]:
        """What there is."""

    @abstractmethod
    def submission(self, request: Request) -> Submission:
        """What a request for a job asks for."""

    @abstractmethod
    def announce(self, job: Job) -> None:
        """Arrange for the webhooks of a new job."""

    @abstractmethod
    def announce_end(self, job: Job) -> None:
        """Arrange for the last webhook of a job that ends earlier than it was to."""

    def script(self, *faults: Fault) -> None:
        """Let these go wrong, in this order."""
        self.faults.add(*faults)

    def route(self, method: str, path: str) -> tuple[Route | None, Mapping[str, str]]:
        """Where a request goes, and what its path says."""
        for route in self.routes:
            found = route.match(method, path)
            if found is not None:
                return route, found
        return None, {}

    def answered(self, request: Request, route: Route | None) -> tuple[Answer, Fault | None]:
        """The answer by the key, the limits, the script and the API's rules, in this order."""
        if not route:
            return self.problem(404, "The requested resource could not be found."), None
        if route.kind == "submit":
            request.submission = self.submission(request)
            self.ledger.submit(request.submission)
        if not route.is_open:
            if request.headers.get("authorization") != f"{self.scheme} {TOKEN}":
                return self.refusal("unauthorized"), None
            if wait_seconds := self._one_too_many(route.kind):
                request.asked.is_refused = True
                return self.throttled(wait_seconds, "rate_limited_all"), None
        fault = self.faults.next(lambda fault: fault.on == route.kind and not fault.is_of_job)
        if fault and (answer := self.instead(fault)):
            return answer, fault
        answer = route.answer(request)
        return (self.afterwards(fault, answer) if fault else answer), fault

    def accept(self, submission: Submission, model: Model, **facts: Any) -> Job:
        """Begin a job. From here on it may cost money."""
        outcome = self.faults.next(lambda fault: fault.is_of_job)
        webhook_fault = None
        if submission.webhook:
            webhook_fault = self.faults.next(lambda fault: fault.on == "webhook")
        job = Job(
            model=model,
            input=submission.input,
            at=submission.at,
            queue_seconds=self.queue_seconds,
            run_seconds=self.run_seconds,
            webhook=submission.webhook,
            outcome=outcome,
            webhook_fault=webhook_fault,
            bills_failures=self.bills_failures,
            **facts,
        )
        with self._lock:
            self._jobs[job.job_id] = self._live[job.job_id] = job
            self._order.append(job)
        submission.job = job
        self.announce(job)
        return job

    def job(self, job_id: str) -> Job | None:
        """The job of this id."""
        return self._jobs.get(job_id)

    def newest(self, end: int | None, count: int) -> tuple[list[Job], int]:
        """So many jobs from before place `end`, newest first, and the place where the next ones end."""
        with self._lock:
            last = len(self._order) if end is None else min(end, len(self._order))
            first = max(0, last - count)
            return self._order[first:last][::-1], first

    def neighbour(self, job: Job) -> Job | None:
        """Another job, for a webhook that is about the wrong one."""
        return next((other for other in self.newest(None, 2)[0] if other is not job), None)

    def cancel(self, job: Job) -> bool:
        """Stop it, and answer whether it had not ended before."""
        now = time.time()
        if job.state(now) in ENDED:
            return False
        job.cancelled_at = now
        self.announce_end(job)
        return True

    def output_url(self, job: Job) -> str:
        """Where its video is."""
        return f"{self.url}/files/{job.job_id}/output.mp4"

    def has_expired(self, job: Job) -> bool:
        """Whether its result is gone."""
        return time.time() > job.ends_at + self.output_seconds

    def download(self, request: Request) -> Answer:
        """The video of a job that has succeeded."""
        job = self.job(request.found["id"])
        if not job or job.state(time.time()) != "succeeded" or self.has_expired(job):
            return NOT_FOUND
        return Answer(200, video(job.shape()), {"Content-Type": "video/mp4"})

    def _one_too_many(self, kind: str) -> float:
        """The seconds to wait for a request that exceeds a limit; 0 where it does not."""
        if kind != "submit":
            return self._others.take()
        return self._jobs_too_many() or self._submissions.take()

    def _jobs_too_many(self) -> float:
        if not self.concurrent:
            return 0.0
        now = time.time()
        with self._lock:
            self._live = {name: job for name, job in self._live.items() if job.ends_at > now}
            return 1.0 if len(self._live) >= self.concurrent else 0.0
