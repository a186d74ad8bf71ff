"""The provider `fal`: its queue, by the addresses that it gives.

https://fal.ai/docs/model-apis/model-endpoints/queue
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
from generations.providers.hosted.answers import Answer, output_url
from generations.providers.hosted.exchanges import look, submit_once
from generations.providers.hosted.failures import (
    failed,
    input_failure,
    job_failure,
    kinds,
    look_failure,
    output_lost,
    submission_failure,
    unsafe,
)
from generations.providers.hosted.files import fal_file
from generations.providers.hosted.redaction import redacted
from generations.providers.hosted.registered import RegisteredModels
from generations.providers.hosted.signatures import fal_signed, news_of
from generations.providers.hosted.vendors import FAL
from generations.providers.hosted.webhook_keys import check_fal
from videogen.kernel.http.origins import origin_of
from videogen.kernel.waiting import Tick, nothing

#: Ended already, or was never there: nothing is left to cancel.
NOT_RUNNING = {400, 404, 409, 410}
#: https://fal.ai/docs/documentation/model-apis/request-errors and …/errors
PASSING = {
    "request_timeout",
    "startup_timeout",
    "internal_error",
    "internal_server_error",
    "generation_timeout",
    "downstream_service_error",
    "downstream_service_unavailable",
}
CANCELLED = {"client_cancelled", "client_disconnected"}


class FalProvider(RegisteredModels):
    """Requests in fal's queue."""

    name = "fal"
    vendor = FAL

    def submit(
        self, spec: ClipSpec, *, token: str, webhook_url: str = "", tick: Tick = nothing
    ) -> Submission:
        """Queue a request, which fal itself gives up unless it begins within PROVIDER_JOB_SECONDS."""
        query = f"?fal_webhook={quote(webhook_url, safe='')}" if webhook_url else ""
        answer = submit_once(
            FAL,
            f"{FAL.url}/{quote(spec.model)}{query}",
            self.input_sent(spec),
            headers={"X-Fal-Request-Timeout": str(settings.PROVIDER_JOB_SECONDS)},
            tick=tick,
        )
        job_id = answer.job_id("request_id")
        if not (answer.is_success and job_id):
            raise submission_failure(FAL, answer, model=spec.model)
        urls = job_urls(spec.model, job_id, answer.members)
        return Submission(job_id, urls, answer=redacted(answer.members))

    async def poll(self, job: Job, client: httpx.AsyncClient) -> Look:
        """One look at its status, and another at the result of what is completed."""
        urls = job_urls(job.model, job.job_id, job.urls)
        answer = await look(FAL, client, "GET", urls["status_url"])
        if answer.status == 404 and answer.members:
            return _lost("no longer knows the job", answer)
        if not (answer.is_success and answer.word("status")):
            raise look_failure(FAL, answer)
        match answer.word("status"):
            case "IN_QUEUE":
                return Look(JobState.QUEUED, answer=redacted(answer.members))
            case "COMPLETED":
                return _result_of(await look(FAL, client, "GET", urls["response_url"]))
            case _:
                return Look(JobState.RUNNING, answer=redacted(answer.members))

    async def cancel(self, job: Job, client: httpx.AsyncClient) -> None:
        """Ask fal to stop it. What waits in the queue is taken out; what runs may go on to its end."""
        urls = job_urls(job.model, job.job_id, job.urls)
        answer = await look(FAL, client, "PUT", urls["cancel_url"])
        if answer.is_foreign or not (answer.is_success or answer.status in NOT_RUNNING):
            raise look_failure(FAL, answer)

    async def find(self, sought: Sought, client: httpx.AsyncClient) -> Found:
        """fal lists nothing; only a webhook can tell."""
        return Found(is_certain=False)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookNews:
        """Signed with Ed25519; the body names the request."""
        check_fal(fal_signed(headers, body))
        return news_of(body, "request_id")

    def file_input(self, path: Path, media_type: str, *, tick: Tick = nothing) -> str:
        """What stands for this file in a model's input."""
        return fal_file(path, media_type)


def job_urls(model: str, job_id: str, named: Mapping[str, Any]) -> dict[str, str]:
    """The addresses of a job: those that fal named, where they are fal's, else as it makes them itself.

    Only the first two parts of a model's name are in them.
    """
    owner_and_name = quote("/".join(model.split("/")[:2]))
    own = f"{FAL.url}/{owner_and_name}/requests/{quote(job_id, safe='')}"
    made = {"status_url": f"{own}/status", "response_url": own, "cancel_url": f"{own}/cancel"}
    return {name: _ours(named.get(name)) or url for name, url in made.items()}


def _ours(url: Any) -> str:
    """The address, if the key may be sent there."""
    try:
        return url if isinstance(url, str) and origin_of(url) == FAL.origin else ""
    except ValueError:
        return ""


def _result_of(answer: Answer) -> Look:
    """A request is also `COMPLETED` when it failed; its result tells."""
    types = (kinds(answer.body) | {answer.headers.get("x-fal-error-type", "")}) - {""}
    if answer.is_success and answer.body is not None:
        return _success(answer)
    if types & CANCELLED:
        return Look(JobState.CANCELLED, answer=redacted(answer.members))
    if not types and answer.status == 404 and answer.members:
        return _lost("no longer has the result", answer)
    if not types and (answer.status in {401, 403, 429} or answer.status >= 500 or answer.body is None):
        raise look_failure(FAL, answer)  # Who speaks here may be a gateway: fal names a type.
    # fal never bills its own errors. Of rejected input it says that it may.
    is_billed = False if answer.status >= 500 else None
    error = _failure(answer, types)
    return Look(JobState.FAILED, error=error, is_billed=is_billed, answer=redacted(answer.members))


def _success(answer: Answer) -> Look:
    kept = redacted(answer.members)
    if url := output_url(answer.body):
        return Look(JobState.SUCCEEDED, output_url=url, is_billed=True, answer=kept)
    error = ProviderError(
        "fal says that the clip is ready, and names no file.", code="provider.output_invalid", retryable=False
    )
    return Look(JobState.FAILED, error=error, is_billed=True, answer=kept)


def _failure(answer: Answer, types: set[str]) -> ProviderError:
    said = answer.message
    if "content_policy_violation" in types:
        return unsafe(FAL, said)
    if types & PASSING or any(name.startswith("runner_") for name in types):
        return failed(FAL, said)
    if 400 <= answer.status < 500:
        return input_failure(FAL, said)
    return job_failure(FAL, said)


def _lost(what: str, answer: Answer) -> Look:
    return Look(JobState.MISSING, error=output_lost(FAL, what), answer=redacted(answer.members))
