"""Looks at predictions: every state, shape and failure of one, and what is kept of it."""

import json
from datetime import UTC, datetime

import pytest

from generations.providers.base import Job, ProviderError, Sought
from generations.providers.hosted.replicate import ReplicateProvider
from generations.tests.hosted import PAGE, REPLICATE_TOKEN, answer, looked, replicate_service
from videogen.kernel.errors import Postponed
from videogen.kernel.testing.http_server import Answer

VEO = "google/veo-3.1"
JOB = Job("p1", VEO)
CLIP = "https://replicate.delivery/x/clip.mp4"
HOOK = "https://us.example/hooks/replicate/token-1"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

provider = ReplicateProvider()


@pytest.fixture
def service(settings):
    with replicate_service(settings) as service:
        yield service


def poll(service, **prediction):
    service.answers = [answer(200, {"id": "p1", **prediction})]
    return looked(provider, lambda client: provider.poll(JOB, client))


STATES = {
    "starting": ("queued", None),
    "processing": ("running", None),
    "something new": ("running", None),
    "canceled": ("cancelled", False),
    "aborted": ("cancelled", False),
}


@pytest.mark.parametrize("status", STATES)
def test_a_look_translates_the_status(service, status):
    seen = poll(service, status=status)
    assert (seen.state, seen.is_billed) == STATES[status]
    assert service.asked[0].path == "/v1/predictions/p1"


def test_what_had_begun_when_it_was_cancelled_is_billed(service):
    assert poll(service, status="canceled", started_at="2026-01-31T12:00:00Z").is_billed


OUTPUTS = {
    "text": CLIP,
    "list": ["https://replicate.delivery/x/cover.png", CLIP],
    "one": [CLIP],
    "object": {"video": CLIP},
    "nested": {"video": {"url": CLIP}},
    "videos": {"videos": [{"url": CLIP}]},
}


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_an_output_of_any_shape_is_found(service, output):
    seen = poll(service, status="succeeded", output=output)
    assert (seen.state, seen.output_url, seen.is_billed) == ("succeeded", CLIP, True)


@pytest.mark.parametrize(
    "prediction, code",
    [
        ({"output": None}, "provider.output_lost"),
        ({"output": None, "data_removed": True}, "provider.output_lost"),
        ({"output": []}, "provider.output_invalid"),
        ({"output": "file:///etc/passwd"}, "provider.output_invalid"),
        ({"output": "https://a.example/\0\ud800"}, "provider.output_invalid"),
        ({"output": "https://a.example/" + "x" * 8000}, "provider.output_invalid"),
        ({"output": {"text": "no file"}}, "provider.output_invalid"),
        ({"output": [[[[[[CLIP]]]]]]}, "provider.output_invalid"),
    ],
)
def test_a_success_without_a_file_is_a_failure_that_was_paid_for(service, prediction, code):
    seen = poll(service, status="succeeded", **prediction)
    assert (seen.state, seen.is_billed) == ("failed", True)
    assert (seen.error.code, seen.error.retryable) == (code, False)


FAILURES = {
    "The input or output was flagged as sensitive. Please try again. (E005)": ("safety.provider", False),
    "NSFW content detected": ("safety.provider", False),
    "This violates Google's content policies": ("safety.provider", False),
    "Filtered for safety reasons": ("safety.provider", False),
    "Invalid input: duration": ("provider.refused", False),
    "duration must be one of 4, 6, 8": ("provider.refused", False),
    "CUDA out of memory": ("provider.failed", True),
    "Service is temporarily unavailable (E004)": ("provider.failed", True),
    "A thread-safety check failed": ("provider.failed", True),
    "": ("provider.failed", True),
}


@pytest.mark.parametrize("said", FAILURES)
def test_a_failure_is_typed_by_its_words(service, said):
    seen = poll(service, status="failed", error=said)
    assert (seen.state, seen.is_billed) == ("failed", False)
    assert (seen.error.code, seen.error.retryable) == FAILURES[said]


def test_a_failure_of_a_model_that_is_sold_by_time_may_be_billed(service):
    service.answers = [answer(200, {"status": "failed", "error": "CUDA out of memory"})]
    seen = looked(provider, lambda client: provider.poll(Job("p1", "someone/model:abc"), client))
    assert seen.is_billed is None


def test_a_job_that_is_not_known_is_lost(service):
    service.answers = [answer(404, {"detail": "Not found."})]
    seen = looked(provider, lambda client: provider.poll(JOB, client))
    assert (seen.state, seen.error.code, seen.is_billed) == ("missing", "provider.output_lost", None)


FAILED_LOOKS = {
    "401": (answer(401, {"detail": "no"}), "provider.unauthorized", False),
    "500": (answer(500, {"detail": "no"}), "provider.unreachable", True),
    "page": (PAGE, "provider.unreachable", True),
    "missing page": (Answer(404, b"<html>"), "provider.unreachable", True),
    "no status": (answer(200, {"id": "p1"}), "provider.unreachable", True),
    "huge": (Answer(200, b'"' + b"x" * 3_000_000 + b'"'), "provider.unreachable", True),
    "zipped": (answer(200, {"status": "processing"}, Content_Encoding="gzip"), "provider.unreachable", True),
    "redirect": (Answer(302, b"", {"Location": "http://127.0.0.1:1/"}), "provider.unreachable", False),
}


# Any answer in JSON will do for a cancel.
LOOKS = [(verb, name) for verb in ("poll", "cancel", "find") for name in FAILED_LOOKS]
LOOKS.remove(("cancel", "no status"))


@pytest.mark.parametrize("verb, name", LOOKS)
def test_a_look_that_fails_says_nothing_about_the_job(service, verb, name):
    given, code, retryable = FAILED_LOOKS[name]
    service.answers = [given]
    asked = Sought("token-1", VEO, {}, NOW) if verb == "find" else JOB
    with pytest.raises(ProviderError) as failed:
        looked(provider, lambda client: getattr(provider, verb)(asked, client))
    assert (failed.value.code, failed.value.retryable) == (code, retryable)


def test_a_look_may_be_too_early(service):
    service.answers = [answer(429, {}, Retry_After="9")]
    with pytest.raises(Postponed) as postponed:
        looked(provider, lambda client: provider.poll(JOB, client))
    assert postponed.value.seconds == 9


@pytest.mark.parametrize(
    "given", [answer(200, {"status": "canceled"}), answer(404, {"detail": "Not found."})]
)
def test_a_cancel_is_asked_for_once_and_harmless(service, given):
    service.answers = [given]
    looked(provider, lambda client: provider.cancel(JOB, client))
    assert [(each.method, each.path) for each in service.asked] == [("POST", "/v1/predictions/p1/cancel")]


def test_an_id_from_outside_leads_nowhere_else(service):
    job = Job("../models?x=1#", VEO)
    looked(provider, lambda client: provider.poll(job, client))
    assert service.asked[0].path == "/v1/predictions/..%2Fmodels%3Fx%3D1%23"


def test_what_is_kept_of_an_answer_has_no_secret(service, settings):
    settings.FAL_KEY = "another-key-of-ours"
    signed = "https://replicate.delivery/x/clip.mp4?signature=abc"
    note = f"{REPLICATE_TOKEN}, {settings.FAL_KEY}, Bearer abcdefgh12"
    kept = json.dumps(poll(service, status="processing", output=[signed], note={note: note}).answer)
    secrets = [REPLICATE_TOKEN, settings.FAL_KEY, "abcdefgh12", "signature"]
    assert [secret for secret in secrets if secret in kept] == []
    assert "clip.mp4?" in kept and "(a key)" in kept


def test_what_is_kept_of_an_answer_can_be_stored_and_has_an_end(service):
    deep = json.loads("[" * 50 + "]" * 50)
    seen = poll(
        service,
        status="processing",
        logs="x" * 5000,
        many=[1] * 500,
        deep=deep,
        half="\ud800\0",
        endless=1e999,
    )
    kept = json.dumps(seen.answer, allow_nan=False)
    assert (len(seen.answer["logs"]), len(seen.answer["many"]), seen.answer["half"]) == (2000, 100, "?")
    assert "[" * 9 not in kept
