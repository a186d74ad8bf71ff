"""A server that speaks fal's queue API, with its schemas and its webhook keys beside it."""

import math
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from generations.testing.video_servers.jobs import Job, State
from generations.testing.video_servers.ledger import Submission
from generations.testing.video_servers.models import FAL
from generations.testing.video_servers.refusals import json_answer
from generations.testing.video_servers.requests import Request, Route
from generations.testing.video_servers.schemas import fal_openapi
from generations.testing.video_servers.server import VideoServer
from generations.testing.video_servers.signing import FalSigner
from generations.testing.video_servers.webhooks import Message
from videogen.kernel.testing.http_server import Answer

FLAGGED = "The content could not be processed because it was flagged by a content checker."
ERRORS_PAGE = "https://docs.fal.ai/errors"


class FalServer(VideoServer):
    """The server, for as long as it is entered: `with FalServer() as server: … server.url`.

    It takes the options of `Desk`. A wrong input is accepted, as it is at fal, and fails as a job.
    """

    scheme = "Key"
    bills_failures = False
    models = FAL

    def __init__(self, *, port: int = 0, **options: Any) -> None:
        super().__init__(port=port, **options)
        self.signer, self._forger = FalSigner(), FalSigner()

    @property
    def jwks_url(self) -> str:
        """For FAL_JWKS_URL."""
        return f"{self.url}/.well-known/jwks.json"

    @property
    def schema_url(self) -> str:
        """For FAL_SCHEMA_URL."""
        return f"{self.url}/api/openapi/queue/openapi.json"

    @cached_property
    def routes(self) -> Sequence[Route]:
        job = "/(?P<app>[^/]+/[^/]+)/requests/(?P<id>[^/]+)"
        return [
            Route("poll", "GET", f"{job}/status", self._status),
            Route("cancel", "PUT", f"{job}/cancel", self._cancel),
            Route("download", "GET", "/files/(?P<id>[^/]+)/output.mp4", self.download, is_open=True),
            Route("keys", "GET", "/.well-known/jwks.json", self._keys, is_open=True),
            Route("schema", "GET", "/api/openapi/queue/openapi.json", self._schema, is_open=True),
            Route("result", "GET", job, self._result),
            Route("submit", "POST", "/(?P<model>[^/]+/.+)", self._submit),
        ]

    def submission(self, request: Request) -> Submission:
        return Submission(
            request.found["model"], request.json, request.query.get("fal_webhook", ""), request.headers
        )

    def problem(self, status: int, detail: str, **extra: Any) -> Answer:
        return json_answer({"detail": detail, **extra}, status=status)

    def refusal(self, kind: str) -> Answer:
        if kind == "unauthorized":
            return self.problem(401, "Authentication is required to access this application.")
        return self.problem(403, "User is locked. Reason: Exhausted balance.")

    def events(self, job: Job) -> Mapping[str, float]:
        return {}

    def webhook_body(self, job: Job, event: str) -> Mapping[str, Any]:
        status, payload, headers = self._outcome(job)
        ids = {"request_id": job.job_id, "gateway_request_id": job.job_id}
        if status == 200:
            return {**ids, "status": "OK", "payload": payload, "error": None}
        error = headers.get("X-Fal-Error-Type", f"Unexpected status code: {status}")
        return {**ids, "status": "ERROR", "payload": payload, "error": error}

    def webhook_headers(
        self, body: bytes, message: Message, timestamp: int, *, forged: bool
    ) -> Mapping[str, str]:
        signer = self._forger if forged else self.signer
        return signer.headers(body, message.message_id, timestamp)

    def message_id(self, job: Job) -> str:
        return job.job_id

    def _submit(self, request: Request) -> Answer:
        submission = request.submission
        assert submission  # noqa: S101 - Whoever asks for a job has one.
        model = self.models.get(submission.model)
        if not model:
            return self.problem(404, f"Application '{submission.model}' not found")
        job = self.accept(submission, model, problems=model.problems(submission.input))
        ids = {"request_id": job.job_id, "gateway_request_id": job.job_id}
        return json_answer({"status": "IN_QUEUE", **ids, "queue_position": 0, **self._urls(job)})

    def _status(self, request: Request) -> Answer:
        job = self._job(request)
        if not job:
            return self._unknown()
        now = time.time()
        state = job.state(now)
        about: dict[str, Any] = {"request_id": job.job_id, **self._urls(job)}
        if state == State.QUEUED:
            place = math.ceil(job.starts_at - now)
            return json_answer({"status": "IN_QUEUE", "queue_position": place, **about}, status=202)
        logs: list[Any] | None = [] if request.query.get("logs") in ("1", "true") else None
        if state == State.RUNNING:
            return json_answer({"status": "IN_PROGRESS", "logs": logs, **about}, status=202)
        metrics = {"inference_time": max(job.ends_at - job.starts_at, 0.0)}
        return json_answer(
            {"status": "COMPLETED", "logs": logs, "metrics": metrics, **self._failure(job), **about}
        )

    def _failure(self, job: Job) -> dict[str, Any]:
        """What the status says of a job that went wrong."""
        _, payload, headers = self._outcome(job)
        error_type = headers.get("X-Fal-Error-Type")
        return {"error": str(payload["detail"]), "error_type": error_type} if error_type else {}

    def _result(self, request: Request) -> Answer:
        job = self._job(request)
        if not job:
            return self._unknown()
        if job.state(time.time()) in (State.QUEUED, State.RUNNING):
            return self.problem(400, "Request is still in progress")
        if self.has_expired(job):
            return self.problem(404, "The result of this request has expired.")
        status, payload, headers = self._outcome(job)
        return json_answer(payload, status=status, headers=headers)

    def _outcome(self, job: Job) -> tuple[int, dict[str, Any], dict[str, str]]:
        """Status, body and headers of the result."""
        if job.state(time.time()) in (State.CANCELLED, State.ABORTED):
            return _request_error(499, "client_cancelled", "The request was cancelled by the client.")
        if job.problems:
            errors = [_model_error("value_error", name, problem, job) for name, problem in job.problems]
            return 422, {"detail": errors}, {"X-Fal-Error-Type": "value_error"}
        if job.outcome and job.outcome.kind == "moderated":
            error = _model_error("content_policy_violation", "prompt", job.outcome.message or FLAGGED, job)
            return 422, {"detail": [error]}, {"X-Fal-Error-Type": "content_policy_violation"}
        if job.outcome and job.outcome.kind == "fail":
            message = job.outcome.message or "The runner had an error."
            return _request_error(job.outcome.status or 500, "runner_server_error", message)
        video = {"url": self.output_url(job), "content_type": "video/mp4", "file_name": "output.mp4"}
        return 200, {"video": video, "seed": job.input.get("seed", 0)}, {}

    def _cancel(self, request: Request) -> Answer:
        job = self._job(request)
        if not job:
            return json_answer({"status": "NOT_FOUND"}, status=404)
        if not self.cancel(job):
            return json_answer({"status": "ALREADY_COMPLETED"}, status=400)
        return json_answer({"status": "CANCELLATION_REQUESTED"}, status=202)

    def _keys(self, request: Request) -> Answer:
        return json_answer(self.signer.jwks)

    def _schema(self, request: Request) -> Answer:
        model = self.models.get(request.query.get("endpoint_id", ""))
        return json_answer(fal_openapi(model, self.url)) if model else self._unknown()

    def _job(self, request: Request) -> Job | None:
        """The job of the path, under its own application only."""
        job = self.job(request.found["id"])
        return job if job and _application(job) == request.found["app"] else None

    def _urls(self, job: Job) -> dict[str, str]:
        base = f"{self.url}/{_application(job)}/requests/{job.job_id}"
        return {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}

    def _unknown(self) -> Answer:
        return self.problem(404, "Request not found")


def _application(job: Job) -> str:
    """The model's name without the path inside the application."""
    return "/".join(job.model.name.split("/")[:2])


def _request_error(status: int, kind: str, detail: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    return status, {"detail": detail, "error_type": kind}, {"X-Fal-Error-Type": kind}


def _model_error(kind: str, name: str, message: str, job: Job) -> dict[str, Any]:
    return {
        "loc": ["body", name],
        "msg": message,
        "type": kind,
        "url": f"{ERRORS_PAGE}#{kind}",
        "input": job.input.get(name),
    }
