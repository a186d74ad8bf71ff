"""Who is told of a job and when, rightly or as a fault wants it."""

import json
import secrets
import threading
import time
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from generations.testing.video_servers.desk import Desk
from generations.testing.video_servers.faults import Fault
from generations.testing.video_servers.jobs import Job, State
from generations.testing.video_servers.ledger import Delivery

STALE_SECONDS = 3600
LAST = "completed"
_RIGHT = Fault("late", on="webhook")


@dataclass(frozen=True)
class Message:
    """What somebody is told. Its id stays the same when it is sent again."""

    job: Job
    event: str
    message_id: str


class Announcer(Desk):
    """A desk that sends webhooks. The last one is sent again until it is taken."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._telling = threading.Lock()

    @abstractmethod
    def events(self, job: Job) -> Mapping[str, float]:
        """What there is to tell of a job, and when, but for its end."""

    @abstractmethod
    def webhook_body(self, job: Job, event: str) -> Mapping[str, Any]:
        """What is told."""

    @abstractmethod
    def webhook_headers(
        self, body: bytes, message: Message, timestamp: int, *, forged: bool
    ) -> Mapping[str, str]:
        """How it is signed: with our key, or with another."""

    @abstractmethod
    def message_id(self, job: Job) -> str:
        """An id for a new message."""

    def announce(self, job: Job) -> None:
        fault = job.webhook_fault or _RIGHT
        if not job.webhook or fault.kind == "none":
            return
        if fault.kind != "out_of_order":
            for event, moment in self.events(job).items():
                self.courier.call_at(moment + _late_seconds(fault), partial(self._tell, job, event))
        self._announce_end_at(job, job.ends_at)

    def announce_end(self, job: Job) -> None:
        if job.webhook and (job.webhook_fault or _RIGHT).kind != "none":
            self._announce_end_at(job, time.time())

    def _announce_end_at(self, job: Job, moment: float) -> None:
        late = _late_seconds(job.webhook_fault or _RIGHT)
        self.courier.call_at(moment + late, partial(self._tell, job, LAST))

    def _tell(self, job: Job, event: str) -> None:
        if not self._is_worth_telling(job, event):
            return
        message = Message(job, event, self.message_id(job))
        self._send(message)
        kind = (job.webhook_fault or _RIGHT).kind
        if kind == "duplicate":
            self._send(message)
        if kind == "out_of_order" and event == LAST:
            for earlier in self.events(job):
                self._send(Message(job, earlier, self.message_id(job)))

    def _is_worth_telling(self, job: Job, event: str) -> bool:
        """Whether the event has come about; the end of a job is told once."""
        if event != LAST:
            return job.state(time.time()) != State.ABORTED
        with self._telling:
            if job.is_told or time.time() < job.ends_at:
                return False
            job.is_told = True
            return True

    def _send(self, message: Message, tries: int = 1) -> None:
        job, kind = message.job, (message.job.webhook_fault or _RIGHT).kind
        about = job
        if kind == "other_job":
            about = self.neighbour(job) or Job(job.model, job.input, job.at, 0, 0)
        body = json.dumps(self.webhook_body(about, message.event)).encode()
        timestamp = int(time.time()) - (STALE_SECONDS if kind == "stale" else 0)
        signed = self.webhook_headers(body, message, timestamp, forged=kind == "forged")
        status = self.courier.post(job.webhook, body, {"Content-Type": "application/json", **signed})
        self.ledger.deliver(Delivery(job.job_id, message.event, job.webhook, status))
        if message.event == LAST and not 200 <= status < 300 and tries < self.webhook_tries:
            pause_seconds = self.webhook_pause_seconds * 2 ** (tries - 1)
            self.courier.call_at(time.time() + pause_seconds, partial(self._send, message, tries + 1))


def _late_seconds(fault: Fault) -> float:
    return fault.seconds if fault.kind == "late" else 0.0


def random_message_id() -> str:
    """An id as Standard Webhooks have it."""
    return f"msg_{secrets.token_urlsafe(16)}"
