"""The provider `replicate`: official models by name, others by version.

https://replicate.com/docs/reference/http
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from django.conf import settings

from generations.providers.base import (
    ClipSpec,
    Found,
    Job,
    JobState,
    Look,
    ProviderError,
    Sought,
    Submission,
    WebhookNews,
)
from generations.providers.hosted.answers import Answer, output_url, said_in
from generations.providers.hosted.exchanges import look, submit_once
from generations.providers.hosted.failures import job_failure, look_failure, output_lost, submission_failure
from generations.providers.hosted.files import replicate_file
from generations.providers.hosted.listing import find_prediction
from generations.providers.hosted.redaction import redacted
from generations.providers.hosted.registered import RegisteredModels
from generations.providers.hosted.signatures import news_of, standard_signed
from generations.providers.hosted.vendors import REPLICATE
from generations.providers.hosted.webhook_keys import check_replicate
from videogen.kernel.waiting import Tick, nothing

#: Ended already, or was never there: nothing is left to cancel.
NOT_RUNNING = {404, 409, 410, 422}


class ReplicateProvider(RegisteredModels):
    """Predictions at Replicate. Their addresses are made from their ids, never taken from an answer."""

    name = "replicate"
    vendor = REPLICATE

    def submit(
        self, spec: ClipSpec, *, token: str, webhook_url: str = "", tick: Tick = nothing
    ) -> Submission:
        """Create a prediction, which Replicate itself ends after PROVIDER_JOB_SECONDS."""
        order: dict[str, Any] = {"input": self.input_sent(spec)}
        if webhook_url:
            order |= {"webhook": webhook_url, "webhook_events_filter": ["completed"]}
        path, version = _creation(spec.model)
        answer = submit_once(
            REPLICATE,
            f"{REPLICATE.url}/{path}",
            order | version,
            headers={"Cancel-After": f"{settings.PROVIDER_JOB_SECONDS}s"},
            tick=tick,
        )
        job_id = answer.job_id("id")
        if not (answer.is_success and job_id):
            raise submission_failure(REPLICATE, answer, model=spec.model)
        return Submission(job_id, answer=redacted(answer.members))

    async def poll(self, job: Job, client: httpx.AsyncClient) -> Look:
        """One look at the prediction."""
        answer = await look(REPLICATE, client, "GET", _address(job))
        if answer.status == 404 and answer.members:
            error = output_lost(REPLICATE, "no longer knows the job")
            return Look(JobState.MISSING, error=error, answer=redacted(answer.members))
        if not (answer.is_success and answer.word("status")):
            raise look_failure(REPLICATE, answer)
        return _look_of(job, answer)

    async def cancel(self, job: Job, client: httpx.AsyncClient) -> None:
        """Ask Replicate to stop it. What it has begun is billed."""
        answer = await look(REPLICATE, client, "POST", f"{_address(job)}/cancel")
        if answer.is_foreign or not (answer.is_success or answer.status in NOT_RUNNING):
            raise look_failure(REPLICATE, answer)

    async def find(self, sought: Sought, client: httpx.AsyncClient) -> Found:
        """Among the newest predictions, by webhook or else by model, input and time."""
        return await find_prediction(sought, client)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookNews:
        """Standard Webhooks; the body is a prediction."""
        check_replicate(standard_signed(headers, body))
        return news_of(body, "id")

    def file_input(self, path: Path, media_type: str, *, tick: Tick = nothing) -> str:
        """What stands for this file in a model's input. Uploads it where it is large."""
        return replicate_file(path, media_type, tick=tick)


def _creation(model: str) -> tuple[str, dict[str, str]]:
    """The path that makes a prediction, and what the order says beside its input."""
    name, _, version = model.partition(":")
    if version:
        return "predictions", {"version": version}
    return f"models/{quote(name)}/predictions", {}


def _address(job: Job) -> str:
    return f"{REPLICATE.url}/predictions/{quote(job.job_id, safe='')}"


def _look_of(job: Job, answer: Answer) -> Look:
    kept = redacted(answer.members)
    match answer.word("status"):
        case "starting" | "queued":
            return Look(JobState.QUEUED, answer=kept)
        case "succeeded":
            return _success(answer, kept)
        case "failed":
            error = job_failure(REPLICATE, said_in(answer.members.get("error")))
            return Look(JobState.FAILED, error=error, is_billed=_is_failure_billed(job), answer=kept)
        case "canceled":
            has_begun = answer.members.get("started_at") is not None
            return Look(JobState.CANCELLED, is_billed=has_begun, answer=kept)
        case "aborted":  # Its time was up before it had begun.
            return Look(JobState.CANCELLED, is_billed=False, answer=kept)
        case _:
            return Look(JobState.RUNNING, answer=kept)


def _is_failure_billed(job: Job) -> bool | None:
    """Official models are sold by the output. Others, by version, for the time that they ran."""
    return None if ":" in job.model else False


def _success(answer: Answer, kept: Mapping[str, Any]) -> Look:
    output = answer.members.get("output")
    if url := output_url(output):
        return Look(JobState.SUCCEEDED, output_url=url, is_billed=True, answer=kept)
    if output is None or answer.members.get("data_removed"):
        error = output_lost(REPLICATE, "made the clip and has deleted it since")
    else:
        error = ProviderError(
            "Replicate says that the clip is ready, and names no file.",
            code="provider.output_invalid",
            retryable=False,
        )
    return Look(JobState.FAILED, error=error, is_billed=True, answer=kept)
