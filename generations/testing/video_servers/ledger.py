"""What a provider was asked: the oracle for "never pays twice"."""

import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

from generations.testing.video_servers.jobs import Job
from videogen.kernel.testing.windows import most_within


@dataclass
class Asked:
    """One request; `job_id` is the one that its path names.

    `status` is 0 while it is being answered, and where no answer was sent.
    """

    method: str
    path: str
    kind: str = "unknown"
    job_id: str = ""
    status: int = 0
    seconds: float = 0.0
    is_refused: bool = False  # For exceeding a limit.
    at: float = field(default_factory=time.time)


@dataclass
class Submission:
    """One request to begin a job, whether or not a job came of it. Names of `headers` are in lower case."""

    model: str
    input: Mapping[str, Any]
    webhook: str
    headers: Mapping[str, str]
    at: float = field(default_factory=time.time)
    status: int = 0
    job: Job | None = None

    @property
    def token(self) -> str:
        """The last segment of the webhook's path."""
        return urlsplit(self.webhook).path.rpartition("/")[2]

    @property
    def job_id(self) -> str:
        """Empty where no job came of it."""
        return self.job.job_id if self.job else ""

    @property
    def accepted(self) -> bool:
        """Whether a job came of it, no matter what was answered."""
        return self.job is not None

    @property
    def billed(self) -> bool:
        """Whether it costs money, as far as can be said now."""
        return bool(self.job and self.job.is_billed(time.time()))

    def as_json(self) -> dict[str, Any]:
        """For `GET /ledger`, without the key."""
        headers = {name: value for name, value in self.headers.items() if name != "authorization"}
        facts = {name: getattr(self, name) for name in ("job_id", "token", "accepted", "billed")}
        told = {name: getattr(self, name) for name in ("model", "input", "webhook", "at", "status")}
        state = str(self.job.state(time.time())) if self.job else None
        return {**facts, **told, "state": state, "headers": headers}


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver a webhook. `status` is 0 where nobody answered."""

    job_id: str
    event: str
    webhook: str
    status: int
    at: float = field(default_factory=time.time)


class Ledger:
    """All that has happened since the last reset, written by any number of threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: dict[str, list[Asked]] = defaultdict(list)
        self._submissions: list[Submission] = []
        self._by_token: dict[str, list[Submission]] = defaultdict(list)
        self._deliveries: list[Delivery] = []
        self.running = 0
        self.max_concurrent = 0

    def begin(self, asked: Asked) -> None:
        """Write down a request that has just arrived."""
        with self._lock:
            self._asked[asked.kind].append(asked)
            self.running += 1
            self.max_concurrent = max(self.max_concurrent, self.running)

    def end(self, asked: Asked, status: int, submission: Submission | None) -> None:
        """Write down how it was answered."""
        with self._lock:
            self.running -= 1
            asked.status, asked.seconds = status, time.time() - asked.at
            if submission:
                submission.status = status

    def submit(self, submission: Submission) -> None:
        """Write down that a job was asked for."""
        with self._lock:
            self._submissions.append(submission)
            self._by_token[submission.token].append(submission)

    def deliver(self, delivery: Delivery) -> None:
        """Write down that a webhook was sent."""
        with self._lock:
            self._deliveries.append(delivery)

    def reset(self) -> None:
        """Forget everything. The jobs go on."""
        with self._lock:
            for known in (self._asked, self._submissions, self._by_token, self._deliveries):
                known.clear()
            self.max_concurrent = self.running

    def submissions(self, token: str | None = None) -> list[Submission]:
        """All, or those whose webhook URL ends with this token, in the order of their arrival."""
        with self._lock:
            return list(self._submissions if token is None else self._by_token.get(token, []))

    def jobs(self) -> list[Submission]:
        """The submissions that were accepted: each of them is a job."""
        return [submission for submission in self.submissions() if submission.accepted]

    def asked(self, kind: str = "", *, job_id: str = "") -> list[Asked]:
        """The requests of one kind, or all; about one job, or any; in the order of their arrival."""
        with self._lock:
            found = [each for name, known in self._asked.items() if kind in ("", name) for each in known]
        return sorted((each for each in found if job_id in ("", each.job_id)), key=lambda each: each.at)

    def refused(self, kind: str = "") -> int:
        """How many requests exceeded a limit."""
        return sum(each.is_refused for each in self.asked(kind))

    def deliveries(self, job_id: str = "") -> list[Delivery]:
        """The webhooks that were sent."""
        with self._lock:
            return [each for each in self._deliveries if job_id in ("", each.job_id)]

    def max_in_window(self, seconds: float = 60.0, *, kind: str = "") -> int:
        """The most requests that arrived within any `seconds`, of one kind or of all."""
        return most_within(seconds, [each.at for each in self.asked(kind)])

    def as_json(self) -> dict[str, Any]:
        """For `GET /ledger`."""
        with self._lock:
            requests = {kind: len(known) for kind, known in self._asked.items()}
        submissions = [each.as_json() for each in self.submissions()]
        return {
            "submissions": submissions,
            "accepted": sum(each["accepted"] for each in submissions),
            "billed": sum(each["billed"] for each in submissions),
            "requests": requests,
            "refused": {kind: self.refused(kind) for kind in requests},
            "max_in_60_seconds": {kind: self.max_in_window(kind=kind) for kind in requests},
            "running": self.running,
            "max_concurrent": self.max_concurrent,
            "webhooks": [asdict(each) for each in self.deliveries()],
        }
