"""A server that speaks Replicate's HTTP API."""

import hashlib
import math
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message as Part
from functools import cached_property
from typing import Any, Literal

from generations.testing.video_servers.jobs import ENDED, Job, State
from generations.testing.video_servers.ledger import Submission
from generations.testing.video_servers.models import REPLICATE
from generations.testing.video_servers.refusals import json_answer
from generations.testing.video_servers.requests import Request, Route
from generations.testing.video_servers.schemas import replicate_model, version_of
from generations.testing.video_servers.server import VideoServer
from generations.testing.video_servers.signing import StandardSigner
from generations.testing.video_servers.webhooks import LAST, Message, random_message_id
from videogen.kernel.testing.http_server import Answer

PAGE = 100
EVENTS = ("start", "output", "logs", LAST)
STATUSES = {
    State.QUEUED: "starting",
    State.RUNNING: "processing",
    State.SUCCEEDED: "succeeded",
    State.FAILED: "failed",
    State.CANCELLED: "canceled",
    State.ABORTED: "aborted",
}
TITLES = {
    401: "Unauthenticated",
    402: "Insufficient credit",
    422: "Input validation failed",
    429: "Too many requests",
}
SENSITIVE = "The input or output was flagged as sensitive. Please try again with different inputs. (E005)"
ACCOUNT = {"type": "organization", "username": "videogen", "name": "Videogen", "github_url": None}
_UNITS = {"h": 3600, "m": 60, "s": 1}


class ReplicateServer(VideoServer):
    """The server, for as long as it is entered: `with ReplicateServer() as server: … server.url`.

    It takes the options of `Desk`, and `output_shape`: whether a result is the URL or a list of one.
    """

    scheme = "Bearer"
    bills_failures = True
    models = REPLICATE

    def __init__(
        self, *, port: int = 0, output_shape: Literal["string", "list"] = "string", **options: Any
    ) -> None:
        super().__init__(port=port, **options)
        self.output_shape = output_shape
        self.signer, self._forger = StandardSigner(), StandardSigner()
        self._by_version = {version_of(model): model for model in self.models.values()}
        self._files: dict[str, Mapping[str, Any]] = {}

    @property
    def api_url(self) -> str:
        """For REPLICATE_BASE_URL."""
        return f"{self.url}/v1"

    @cached_property
    def routes(self) -> Sequence[Route]:
        job = "/v1/predictions/(?P<id>[^/]+)"
        model = "/v1/models/(?P<model>[^/]+/[^/]+)"
        return [
            Route("submit", "POST", f"{model}/predictions", self._create),
            Route("submit", "POST", "/v1/predictions", self._create),
            Route("poll", "GET", job, self._get),
            Route("cancel", "POST", f"{job}/cancel", self._cancel),
            Route("list", "GET", "/v1/predictions", self._list),
            Route("files", "POST", "/v1/files", self._upload),
            Route("files", "GET", "/v1/files/(?P<file>[^/]+)", self._file),
            Route("schema", "GET", model, self._model),
            Route("account", "GET", "/v1/account", lambda request: json_answer(ACCOUNT)),
            Route("keys", "GET", "/v1/webhooks/default/secret", self._secret),
            Route("download", "GET", "/files/(?P<id>[^/]+)/output.mp4", self.download, is_open=True),
        ]

    def submission(self, request: Request) -> Submission:
        body = request.json
        version = str(body.get("version", ""))
        model = self._by_version.get(version.rpartition(":")[2])
        name = request.found.get("model") or (model.name if model else version)
        given = body.get("input")
        given = given if isinstance(given, dict) else {}
        return Submission(name, given, str(body.get("webhook") or ""), request.headers)

    def problem(self, status: int, detail: str, **extra: Any) -> Answer:
        title = {"title": TITLES[status]} if status in TITLES else {}
        return json_answer({**title, "detail": detail, "status": status, **extra}, status=status)

    def refusal(self, kind: str) -> Answer:
        if kind == "unauthorized":
            return self.problem(401, "You did not pass a valid authentication token")
        return self.problem(402, "You have insufficient credit to run this model.")

    def prediction(self, job: Job, state: State | None = None) -> dict[str, Any]:
        """A job as Replicate shows it, now or in an earlier `state`."""
        state = state or job.state(time.time())
        has_ended = state in ENDED
        is_gone = has_ended and self.has_expired(job)
        has_started = state not in (State.QUEUED, State.ABORTED)
        urls = {"get": f"{self.api_url}/predictions/{job.job_id}"}
        urls["cancel"] = f"{urls['get']}/cancel"
        return {
            "id": job.job_id,
            "model": job.model.name,
            "version": version_of(job.model),
            "input": {} if is_gone else job.input,
            "logs": "" if is_gone or not has_started else "Drawing a test picture.\n",
            "output": None if is_gone or state != State.SUCCEEDED else self._output(job),
            "data_removed": is_gone,
            "error": self._error_of(job) if state == State.FAILED else None,
            "source": "api",
            "status": STATUSES[state],
            "created_at": _iso(job.at),
            "started_at": _iso(job.starts_at) if has_started else None,
            "completed_at": _iso(job.ends_at) if has_ended else None,
            "metrics": {"predict_time": job.ends_at - job.starts_at} if has_ended and has_started else {},
            "urls": urls,
        }

    def events(self, job: Job) -> Mapping[str, float]:
        middle = job.starts_at + job.run_seconds / 2
        moments = {"start": job.starts_at, "output": middle, "logs": middle}
        return {event: moment for event, moment in moments.items() if event in job.events}

    def webhook_body(self, job: Job, event: str) -> Mapping[str, Any]:
        return self.prediction(job, None if event == LAST else State.RUNNING)

    def webhook_headers(
        self, body: bytes, message: Message, timestamp: int, *, forged: bool
    ) -> Mapping[str, str]:
        signer = self._forger if forged else self.signer
        return signer.headers(body, message.message_id, timestamp)

    def message_id(self, job: Job) -> str:
        return random_message_id()

    def announce_end(self, job: Job) -> None:
        if LAST in job.events:
            super().announce_end(job)

    def _create(self, request: Request) -> Answer:
        submission = request.submission
        assert submission  # noqa: S101 - Whoever asks for a job has one.
        model = self.models.get(submission.model)
        if "model" not in request.found and "version" not in request.json:
            return self.problem(422, "- version is required")
        if not model:
            return self.problem(404, "The requested resource could not be found.")
        if problems := model.problems(submission.input):
            lines = [f"- input.{name}: {problem}" for name, problem in problems]
            return self.problem(422, "\n".join(lines))
        try:
            cancel_after_seconds = _seconds_of(request.headers.get("cancel-after", ""))
        except ValueError as error:
            return self.problem(422, str(error))
        events = request.json.get("webhook_events_filter") or EVENTS
        job = self.accept(submission, model, events=events, cancel_after_seconds=cancel_after_seconds)
        return json_answer(self.prediction(job, State.QUEUED), status=201)

    def _get(self, request: Request) -> Answer:
        job = self.job(request.found["id"])
        return json_answer(self.prediction(job)) if job else self._unknown()

    def _cancel(self, request: Request) -> Answer:
        job = self.job(request.found["id"])
        if not job:
            return self._unknown()
        self.cancel(job)
        return json_answer(self.prediction(job))

    def _list(self, request: Request) -> Answer:
        cursor = request.query.get("cursor", "")
        jobs, first = self.newest(int(cursor) if cursor.isdigit() else None, PAGE)
        address = f"{self.api_url}/predictions?cursor={first}"
        results = [self.prediction(job) for job in jobs]
        return json_answer({"previous": None, "next": address if first else None, "results": results})

    def _upload(self, request: Request) -> Answer:
        head = f"Content-Type: {request.headers.get('content-type', '')}\r\n\r\n".encode()
        parts = message_from_bytes(head + request.body).walk()
        content = next((part for part in parts if _name_of(part) == "content"), None)
        if content is None:
            return self.problem(422, "- content is required")
        file = self._described(content)
        self._files[file["id"]] = file
        return json_answer(file, status=201)

    def _described(self, part: Part) -> dict[str, Any]:
        file_id = secrets.token_hex(16)
        content: Any = part.get_payload(decode=True)
        return {
            "id": file_id,
            "name": part.get_filename() or "file",
            "content_type": part.get_content_type(),
            "size": len(content),
            "etag": secrets.token_hex(16),
            "checksums": {"sha256": hashlib.sha256(content).hexdigest()},
            "metadata": {},
            "created_at": _iso(time.time()),
            "expires_at": _iso(time.time() + 86_400),
            "urls": {"get": f"{self.api_url}/files/{file_id}"},
        }

    def _file(self, request: Request) -> Answer:
        file = self._files.get(request.found["file"])
        return json_answer(file) if file else self._unknown()

    def _model(self, request: Request) -> Answer:
        model = self.models.get(request.found["model"])
        return json_answer(replicate_model(model, self.url)) if model else self._unknown()

    def _secret(self, request: Request) -> Answer:
        return json_answer({"key": self.signer.secret})

    def _unknown(self) -> Answer:
        return self.problem(404, "The requested resource could not be found.")

    def _output(self, job: Job) -> str | list[str]:
        url = self.output_url(job)
        return url if self.output_shape == "string" else [url]

    def _error_of(self, job: Job) -> str:
        if job.outcome and job.outcome.kind == "moderated":
            return job.outcome.message or SENSITIVE
        return (job.outcome.message if job.outcome else "") or "The model crashed."


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _seconds_of(text: str) -> float:
    """`90`, `90s`, `15m` or `1h30m`. Raises ValueError."""
    if not text:
        return math.inf
    parts = re.findall(r"(\d+(?:\.\d+)?)([hms]?)", text)
    if "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"- Cancel-After: {text!r} is not a duration")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in parts)


def _name_of(part: Part) -> str:
    return str(part.get_param("name", "", header="content-disposition"))
