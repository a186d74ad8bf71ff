"""Both adapters against servers with a ledger: what was asked, what was taken, and what is to be paid."""

import time
from datetime import UTC, datetime

import pytest

from generations.media.probe import probe
from generations.providers.base import Job, OutcomeUnknown, ProviderError, Sought
from generations.providers.hosted.fal import FalProvider
from generations.providers.hosted.replicate import ReplicateProvider
from generations.testing.video_servers import TOKEN, FalServer, Fault, ReplicateServer
from generations.tests.hosted import looked, spec_of
from videogen.kernel.errors import Postponed

HOOK = "http://127.0.0.1:9/hooks/token-1"


@pytest.fixture
def replicate(settings):
    with ReplicateServer(queue_seconds=0, run_seconds=0) as server:
        settings.REPLICATE_BASE_URL, settings.REPLICATE_API_TOKEN = server.api_url, TOKEN
        settings.REPLICATE_WEBHOOK_SECRET = ""
        settings.FETCH_ALLOWED_ORIGINS = [server.url]
        settings.PROVIDER_TIMEOUT_SECONDS = 1
        yield server


@pytest.fixture
def fal(settings):
    with FalServer(queue_seconds=0, run_seconds=0) as server:
        settings.FAL_QUEUE_URL, settings.FAL_JWKS_URL, settings.FAL_KEY = server.url, server.jwks_url, TOKEN
        settings.FETCH_ALLOWED_ORIGINS = [server.url]
        settings.PROVIDER_TIMEOUT_SECONDS = 1
        yield server


class Bench:
    """One of the two, with its server."""

    def __init__(self, server, provider, model):
        self.server, self.provider, self.model = server, provider, model
        self.spec = spec_of(model)

    def submit(self, *, tick=lambda: None):
        return self.provider.submit(self.spec, token="token-1", webhook_url=HOOK, tick=tick)

    def job(self):
        submission = self.submit()
        return Job(submission.job_id, self.model, submission.urls)

    def poll(self, job, *, timeout=2):
        return looked(self.provider, lambda client: self.provider.poll(job, client), timeout=timeout)

    def find(self):
        payload = self.provider.payload(self.spec)
        sought = Sought("token-1", self.model, payload, datetime.now(UTC))
        return looked(self.provider, lambda client: self.provider.find(sought, client))


@pytest.fixture(params=["replicate", "fal"])
def bench(request):
    server = request.getfixturevalue(request.param)
    if request.param == "replicate":
        return Bench(server, ReplicateProvider(), "google/veo-3.1")
    return Bench(server, FalProvider(), "fal-ai/veo3.1/fast")


def test_a_clip_is_asked_for_made_and_fetched(bench, tmp_path):
    seen = bench.poll(bench.job())
    bench.provider.fetch(
        bench.spec, seen.output_url, into=tmp_path / "clip.mp4", report=lambda fraction: None
    )
    info = probe(tmp_path / "clip.mp4")
    assert (info.width, info.height, round(info.duration_seconds), info.audio_codec) == (1280, 720, 4, None)
    assert [each.billed for each in bench.server.ledger.submissions("token-1")] == [True]


def test_every_model_of_the_registry_takes_what_we_send(bench):
    for model in bench.provider.capabilities().models:
        spec = spec_of(model)
        bench.provider.submit(spec, token="token-1")
    problems = [each.job.model.problems(each.input) for each in bench.server.ledger.submissions()]
    assert problems and not any(problems)


# What the fault does, whether it is certain that nothing was taken, whether something was.
SUBMISSIONS = {
    "drop": (OutcomeUnknown, False),
    "accept_and_drop": (OutcomeUnknown, True),
    "error_before": (OutcomeUnknown, False),
    "error_after": (OutcomeUnknown, True),
    "hang_before": (OutcomeUnknown, False),
    "hang_after": (OutcomeUnknown, True),
    "html": (OutcomeUnknown, False),
    "html_after": (OutcomeUnknown, True),
    "truncated_json": (OutcomeUnknown, True),
    "huge_json": (OutcomeUnknown, True),
    "cut_in_body": (OutcomeUnknown, True),
    "drip": (OutcomeUnknown, True),
    "rate_limited": (Postponed, False),
    "rate_limited_seconds": (Postponed, False),
    "rate_limited_date": (Postponed, False),
    "rate_limited_body": (Postponed, False),
    "rate_limited_text": (Postponed, False),
    "unauthorized": (ProviderError, False),
    "no_credit": (ProviderError, False),
    "bad_request": (ProviderError, False),
}


@pytest.mark.parametrize("kind", SUBMISSIONS)
def test_a_submission_is_sent_once_whatever_happens_to_it(bench, kind):
    error, is_taken = SUBMISSIONS[kind]
    bench.server.script(Fault(kind))
    with pytest.raises((ProviderError, Postponed)) as failed:
        bench.submit()
    assert type(failed.value) is error
    assert [each.accepted for each in bench.server.ledger.submissions()] == [is_taken]


@pytest.mark.parametrize(
    "kind", [kind for kind, (error, _) in SUBMISSIONS.items() if error is OutcomeUnknown]
)
def test_a_lost_answer_of_replicate_is_looked_up(replicate, kind):
    bench = Bench(replicate, ReplicateProvider(), "google/veo-3.1")
    replicate.script(Fault(kind))
    with pytest.raises(OutcomeUnknown):
        bench.submit()
    found = bench.find()
    taken = [each.job_id for each in replicate.ledger.submissions() if each.accepted]
    assert ([found.job.job_id] if found.job else []) == taken
    assert found.is_certain == (not taken)


def test_a_submission_that_nobody_wants_any_more_ends_at_once(bench):
    class Stop(Exception):
        pass

    def tick():
        if time.monotonic() > started + 0.2:
            raise Stop

    started = time.monotonic()
    bench.server.script(Fault("hang_after"))
    with pytest.raises(Stop):
        bench.submit(tick=tick)
    assert time.monotonic() - started < 0.9


LOOKS = ["drop", "error_before", "hang_before", "html", "truncated_json", "huge_json", "cut_in_body", "drip"]


@pytest.mark.parametrize("kind", LOOKS)
def test_a_look_that_fails_costs_nothing_and_ends_in_time(bench, kind):
    job = bench.job()
    bench.server.script(Fault(kind, on="poll"))
    started = time.monotonic()
    with pytest.raises(ProviderError) as failed:
        bench.poll(job, timeout=0.5)
    assert (failed.value.code, failed.value.retryable) == ("provider.unreachable", True)
    assert time.monotonic() - started < 1.5 and bench.poll(job).state == "succeeded"


def test_a_moderated_scene_is_typed_and_not_tried_again(bench):
    bench.server.script(Fault("moderated"))
    error = bench.poll(bench.job()).error
    assert (error.code, error.retryable, error.status) == ("safety.provider", False, 422)
    assert error.hint.startswith("Rewrite the scene")


def test_a_failure_may_be_tried_again_and_is_not_billed(bench):
    bench.server.script(Fault("fail", message="The model crashed."))
    seen = bench.poll(bench.job())
    assert (seen.error.code, seen.error.retryable, seen.is_billed) == ("provider.failed", True, False)


def test_a_cancel_reaches_the_provider_and_may_be_repeated(bench):
    bench.server.script(Fault("never_ends"))
    job = bench.job()
    assert bench.poll(job).state == "running"
    for _ in range(2):
        looked(bench.provider, lambda client: bench.provider.cancel(job, client))
    assert bench.poll(job).state == "cancelled"


def test_a_webhook_of_the_server_is_verified(bench):
    body = b'{"id": "p1", "request_id": "p1"}'
    headers = bench.server.signer.headers(body, "p1", int(time.time()))
    assert bench.provider.parse_webhook(headers, body).job_id == "p1"


def test_an_output_that_has_expired_is_lost(replicate):
    replicate.output_seconds = 0
    bench = Bench(replicate, ReplicateProvider(), "google/veo-3.1")
    seen = bench.poll(bench.job())
    assert (seen.error.code, seen.is_billed) == ("provider.output_lost", True)


def test_a_list_of_outputs_is_read_too(replicate):
    replicate.output_shape = "list"
    bench = Bench(replicate, ReplicateProvider(), "google/veo-3.1")
    assert bench.poll(bench.job()).output_url.endswith("/output.mp4")


def test_a_file_that_is_uploaded_can_be_had(replicate, tmp_path):
    path = tmp_path / "large.png"
    path.write_bytes(b"z" * 300_000)
    assert ReplicateProvider().file_input(path, "image/png").startswith(f"{replicate.api_url}/files/")
