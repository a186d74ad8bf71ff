"""The adapter for fal, against a service that answers as it is told."""

from urllib.parse import quote

import pytest

from generations.providers.base import HostedProvider, Job, OutcomeUnknown, ProviderError, Sought
from generations.providers.hosted.fal import FalProvider
from generations.tests.hosted import FAL_KEY, PAGE, answer, fal_service, looked, spec_of
from videogen.kernel.errors import Postponed
from videogen.kernel.testing.http_server import Answer

FAST = "fal-ai/veo3.1/fast"
CLIP = "https://v3.fal.media/files/x/clip.mp4"
HOOK = "https://us.example/hooks/fal/token-1?x=1"
COMPLETED = answer(200, {"status": "COMPLETED"})

provider = FalProvider()


@pytest.fixture
def service(settings):
    with fal_service(settings) as service:
        yield service


def submit(service, *, model=FAST, **urls):
    service.answers = [answer(200, {"request_id": "r1", "status": "IN_QUEUE", **urls})]
    return provider.submit(spec_of(model), token="token-1", webhook_url=HOOK)


def poll(service, *answers, urls=None):
    service.answers = list(answers)
    return looked(provider, lambda client: provider.poll(Job("r1", FAST, urls or {}), client))


def result(service, status, body, **headers):
    """What a look says of a completed request with this result."""
    return poll(service, COMPLETED, answer(status, body, **headers))


def test_it_keeps_to_the_contract():
    assert isinstance(provider, HostedProvider)


def test_a_request_goes_into_the_queue_once(service):
    submission = submit(service)
    asked = service.asked[0]
    assert (asked.method, asked.path) == ("POST", f"/{FAST}?fal_webhook={quote(HOOK, safe='')}")
    assert asked.headers["authorization"] == f"Key {FAL_KEY}"
    assert asked.headers["x-fal-request-timeout"] == "1800"
    assert asked.json == provider.payload(spec_of(FAST))
    assert (submission.job_id, len(service.asked)) == ("r1", 1)


def test_the_input_is_in_the_models_words():
    payload = provider.payload(spec_of(FAST, seconds="4.5", style="watercolour"))
    assert (payload["duration"], payload["seed"], payload["generate_audio"]) == ("6s", 7, False)
    assert payload["prompt"].endswith("Style: watercolour")


def test_the_addresses_that_it_names_are_kept(service):
    base = f"{service.origin}/of/its/own"
    urls = {"status_url": f"{base}/s", "response_url": f"{base}/r", "cancel_url": f"{base}/c"}
    assert submit(service, **urls).urls == urls


@pytest.mark.parametrize(
    "foreign",
    ["https://evil.example/x", "http://127.0.0.1:1/x", "file:///x", "//evil.example", "", 7, None, {}],
)
def test_addresses_elsewhere_are_made_by_us_instead(service, foreign):
    made = f"{service.origin}/fal-ai/veo3.1/requests/r1"
    urls = submit(service, status_url=foreign, response_url=foreign, cancel_url=foreign).urls
    assert urls == {"status_url": f"{made}/status", "response_url": made, "cancel_url": f"{made}/cancel"}


def test_our_key_goes_nowhere_else_even_if_the_ledger_says_so(service):
    poll(service, answer(202, {"status": "IN_QUEUE"}), urls={"status_url": "http://127.0.0.1:1/x"})
    assert service.asked[0].path == "/fal-ai/veo3.1/requests/r1/status"


def test_a_missing_key_is_a_clear_state(settings):
    settings.FAL_KEY = ""
    assert provider.unavailable_because() == "It has no key. Set FAL_KEY (https://fal.ai/dashboard/keys)."


POLICY = {"detail": [{"loc": ["body", "prompt"], "msg": "Flagged.", "type": "content_policy_violation"}]}
REFUSALS = {
    "401": (answer(401, {"detail": "no"}), "provider.unauthorized"),
    "locked": (answer(403, {"detail": "User is locked. Reason: Exhausted balance."}), "provider.no_credit"),
    "404": (answer(404, {"detail": "Application not found"}), "provider.model_unknown"),
    "422": (answer(422, {"detail": [{"msg": "bad", "type": "missing"}]}), "provider.refused"),
    "policy": (answer(422, POLICY), "safety.provider"),
}


@pytest.mark.parametrize("given, code", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_certain_and_typed(service, given, code):
    service.answers = [given]
    with pytest.raises(ProviderError) as refused:
        provider.submit(spec_of(FAST), token="token-1")
    assert (refused.value.code, refused.value.retryable) == (code, False)
    assert not isinstance(refused.value, OutcomeUnknown)


@pytest.mark.parametrize(
    "given", [answer(500, {}), answer(504, {}), PAGE, answer(200, {"status": "IN_QUEUE"})]
)
def test_what_says_neither_yes_nor_no_leaves_the_outcome_unknown(service, given):
    service.answers = [given]
    with pytest.raises(OutcomeUnknown):
        provider.submit(spec_of(FAST), token="token-1")


@pytest.mark.parametrize(
    "status, state", [("IN_QUEUE", "queued"), ("IN_PROGRESS", "running"), ("SOMETHING_NEW", "running")]
)
def test_a_look_translates_the_status(service, status, state):
    seen = poll(service, answer(202, {"status": status}))
    assert (seen.state, seen.is_billed, len(service.asked)) == (state, None, 1)


@pytest.mark.parametrize(
    "body", [{"video": {"url": CLIP}}, {"videos": [{"url": CLIP}]}, {"output": {"url": CLIP}}]
)
def test_a_completed_request_has_a_result(service, body):
    seen = result(service, 200, body)
    assert (seen.state, seen.output_url, seen.is_billed) == ("succeeded", CLIP, True)
    assert [each.path.rpartition("/")[2] for each in service.asked] == ["status", "r1"]


RUNNER = {"detail": "The runner left.", "error_type": "runner_disconnected"}
FAILURES = {
    "policy": (422, POLICY, "safety.provider", False, None),
    "policy in words": (422, {"detail": "Blocked by moderation"}, "safety.provider", False, None),
    "input": (
        422,
        {"detail": [{"msg": "too long", "type": "sequence_too_long"}]},
        "provider.refused",
        False,
        None,
    ),
    "runner": (503, RUNNER, "provider.failed", True, False),
    "timeout": (504, {"detail": "late", "error_type": "request_timeout"}, "provider.failed", True, False),
    "internal": (500, {"detail": "oops", "error_type": "internal_error"}, "provider.failed", True, False),
    "generation": (
        504,
        {"detail": [{"type": "generation_timeout", "msg": "late"}]},
        "provider.failed",
        True,
        False,
    ),
    "nothing": (200, {"seed": 7}, "provider.output_invalid", False, True),
}


@pytest.mark.parametrize("status, body, code, retryable, is_billed", FAILURES.values(), ids=FAILURES)
def test_a_completed_request_may_have_failed(service, status, body, code, retryable, is_billed):
    seen = result(service, status, body)
    assert (seen.state, seen.is_billed) == ("failed", is_billed)
    assert (seen.error.code, seen.error.retryable) == (code, retryable)


def test_an_error_without_a_type_may_be_a_gateways(service):
    with pytest.raises(ProviderError, match="500") as trouble:
        result(service, 500, {"detail": "Internal Server Error"})
    assert trouble.value.code == "provider.unreachable"


def test_a_result_that_is_not_there_is_missing(service):
    seen = result(service, 404, {"detail": "Expired"})
    assert (seen.state, seen.error.code) == ("missing", "provider.output_lost")


def test_the_type_of_a_failure_may_be_in_a_header_alone(service):
    seen = result(service, 503, {"detail": "x"}, X_Fal_Error_Type="runner_scheduling_failure")
    assert (seen.error.code, seen.error.retryable, seen.is_billed) == ("provider.failed", True, False)


def test_a_cancelled_request_is_completed_too(service):
    seen = result(service, 499, {"detail": "gone", "error_type": "client_cancelled"})
    assert (seen.state, seen.error, seen.is_billed) == ("cancelled", None, None)


def test_a_request_that_is_not_known_is_lost(service):
    seen = poll(service, answer(404, {"detail": "Request not found"}))
    assert (seen.state, seen.error.code, seen.is_billed) == ("missing", "provider.output_lost", None)


FAILED_LOOKS = {
    "401": (answer(401, {"detail": "no"}), "provider.unauthorized"),
    "502": (answer(502, {"detail": "no"}), "provider.unreachable"),
    "page": (PAGE, "provider.unreachable"),
    "missing page": (Answer(404, b"<html>"), "provider.unreachable"),
}


@pytest.mark.parametrize("given, code", FAILED_LOOKS.values(), ids=FAILED_LOOKS)
@pytest.mark.parametrize("before", [(), (COMPLETED,)], ids=["status", "result"])
def test_a_look_that_fails_says_nothing_about_the_request(service, before, given, code):
    with pytest.raises(ProviderError) as failed:
        poll(service, *before, given)
    assert failed.value.code == code


@pytest.mark.parametrize("before", [(), (COMPLETED,)], ids=["status", "result"])
def test_a_look_may_be_too_early(service, before):
    with pytest.raises(Postponed) as postponed:
        poll(service, *before, answer(429, {}, Retry_After="9"))
    assert postponed.value.seconds == 9


@pytest.mark.parametrize(
    "given", [answer(202, {"status": "CANCELLATION_REQUESTED"}), answer(400, {"status": "ALREADY_COMPLETED"})]
)
def test_a_cancel_is_asked_for_once_and_harmless(service, given):
    service.answers = [given]
    looked(provider, lambda client: provider.cancel(Job("r1", FAST), client))
    assert [(each.method, each.path) for each in service.asked] == [
        ("PUT", "/fal-ai/veo3.1/requests/r1/cancel")
    ]


def test_a_cancel_that_nobody_heard_has_failed(service):
    service.answers = [PAGE]
    with pytest.raises(ProviderError, match="not its protocol"):
        looked(provider, lambda client: provider.cancel(Job("r1", FAST), client))


def test_a_lost_submission_cannot_be_found(service, settings):
    sought = Sought("token-1", FAST, {}, None)
    found = looked(provider, lambda client: provider.find(sought, client))
    assert (found.job, found.is_certain, service.asked) == (None, False, [])
