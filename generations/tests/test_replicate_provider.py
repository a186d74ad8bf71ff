"""The adapter for Replicate, against a service that answers as it is told."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from generations.providers.base import HostedProvider, Job, OutcomeUnknown, ProviderError
from generations.providers.hosted.replicate import ReplicateProvider
from generations.tests.hosted import PAGE, REPLICATE_TOKEN, answer, replicate_service, spec_of
from videogen.kernel.errors import Postponed
from videogen.kernel.testing.http_server import Answer

VEO = "google/veo-3.1"
JOB = Job("p1", VEO)
HOOK = "https://us.example/hooks/replicate/token-1"
CREATED = answer(201, {"id": "p1", "status": "starting", "urls": {"get": "https://elsewhere.example/p1"}})
CLIP = "https://replicate.delivery/x/clip.mp4"
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)

provider = ReplicateProvider()


@pytest.fixture
def service(settings):
    with replicate_service(settings) as service:
        yield service


def submit(model=VEO, **spec):
    return provider.submit(spec_of(model, **spec), token="token-1", webhook_url=HOOK)


def test_it_keeps_to_the_contract():
    assert isinstance(provider, HostedProvider)


def test_an_official_model_is_asked_by_its_name(service):
    service.answers = [CREATED]
    submission = submit()
    asked = service.asked[0]
    assert (asked.method, asked.path) == ("POST", "/v1/models/google/veo-3.1/predictions")
    assert (asked.headers["authorization"], asked.headers["cancel-after"]) == (
        f"Bearer {REPLICATE_TOKEN}",
        "1800s",
    )
    assert asked.json == {
        "input": provider.payload(spec_of(VEO)),
        "webhook": HOOK,
        "webhook_events_filter": ["completed"],
    }
    assert (submission.job_id, submission.urls) == ("p1", {})


def test_without_an_address_of_ours_no_webhook_is_asked_for(service):
    service.answers = [CREATED]
    provider.submit(spec_of(VEO), token="token-1")
    assert service.asked[0].json.keys() == {"input"}


def test_a_model_with_a_version_is_asked_by_it(service, settings, tmp_path):
    own = tmp_path / "models.toml"
    own.write_text(
        '[replicate."someone/model:abc"]\ntitle = "M"\ndurations = [4]\nresolutions = { 720p = "" }\n'
        'usd_per_second = { 720p = 1 }\naudio = "never"\ntypical_seconds = 9\nsource = "own"\n'
        "as_of = 2026-11-26\ninput = {}\n"
    )
    settings.VIDEO_MODELS_FILE = str(own)
    service.answers = [CREATED]
    submit("someone/model:abc")
    assert service.asked[0].path == "/v1/predictions"
    assert service.asked[0].json["version"] == "abc"


def test_the_input_is_in_the_models_words():
    payload = provider.payload(spec_of(VEO, seconds="4.5", style="watercolour", audio=True))
    assert payload == {
        "prompt": "A red cup in the rain. Style: watercolour",
        "duration": 6,
        "aspect_ratio": "16:9",
        "resolution": "720p",
        "seed": 7,
        "generate_audio": True,
    }


def test_what_a_model_has_no_word_for_is_not_sent():
    payload = provider.payload(spec_of("minimax/hailuo-2.3"))
    assert payload.keys() == {"prompt", "duration", "resolution", "prompt_optimizer"}
    assert (payload["prompt"], payload["duration"]) == ("A red cup in the rain.", 6)


def test_the_price_is_that_of_the_seconds_that_are_bought():
    assert provider.estimate(spec_of(VEO, seconds="4.5")) == 6 * Decimal("0.20")
    assert provider.estimate(spec_of(VEO, seconds="4.5", audio=True)) == 6 * Decimal("0.40")
    assert provider.estimate(spec_of(VEO, seconds="2", bought_seconds=Decimal(8))) == 8 * Decimal("0.20")


@pytest.mark.parametrize(
    "spec", [{"model": "no/such"}, {"model": VEO, "seconds": "9"}, {"model": VEO, "aspect_ratio": "1:1"}]
)
def test_what_is_not_sold_is_not_asked_for(service, spec):
    with pytest.raises(ProviderError) as refused:
        submit(**spec)
    assert refused.value.code in {"provider.model_unknown", "provider.refused"}
    assert (refused.value.retryable, service.asked) == (False, [])


def test_capabilities_are_those_of_all_models_together():
    able = provider.capabilities()
    assert VEO in able.models
    assert {"16:9", "9:16", "1:1"} <= set(able.aspect_ratios)
    assert (able.resolutions, able.audio, able.paid) == (("480p", "720p", "1080p"), True, True)
    assert able.max_clip_seconds == 15


def test_a_missing_key_is_a_clear_state(settings, service):
    settings.REPLICATE_API_TOKEN = ""
    page = "https://replicate.com/account/api-tokens"
    assert provider.unavailable_because() == f"It has no key. Set REPLICATE_API_TOKEN ({page})."
    with pytest.raises(ProviderError) as refused:
        submit()
    assert (refused.value.code, service.asked) == ("provider.unavailable", [])


@pytest.mark.parametrize("key", ["r8_ö", "two words", "line\nbreak", "r8\0"])
def test_a_key_that_no_header_takes_is_a_clear_state(settings, key):
    settings.REPLICATE_API_TOKEN = key
    assert "REPLICATE_API_TOKEN" in provider.unavailable_because()


DETAIL = "The input is odd."
REFUSALS = {
    "401": (answer(401, {"detail": "Unauthenticated"}), "provider.unauthorized"),
    "403": (answer(403, {"detail": "Forbidden"}), "provider.unauthorized"),
    "402": (answer(402, {"title": "Insufficient credit"}), "provider.no_credit"),
    "balance": (answer(403, {"detail": "User is locked. Reason: Exhausted balance."}), "provider.no_credit"),
    "404": (answer(404, {"detail": "Not found."}), "provider.model_unknown"),
    "400": (answer(400, {"detail": DETAIL}), "provider.refused"),
    "413": (Answer(413, b"<html>Too large</html>"), "provider.refused"),
    "422": (answer(422, {"detail": [{"msg": DETAIL, "loc": ["input"]}]}), "provider.refused"),
    "unsafe": (answer(422, {"detail": "The prompt was flagged as sensitive."}), "safety.provider"),
    "moderated": (answer(400, {"error": "Blocked by moderation"}), "safety.provider"),
    "redirect": (Answer(307, b"", {"Location": "/elsewhere"}), "provider.unreachable"),
}


@pytest.mark.parametrize("given, code", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_certain_and_typed(service, given, code):
    service.answers = [given]
    with pytest.raises(ProviderError) as refused:
        submit()
    assert (refused.value.code, refused.value.retryable, len(service.asked)) == (code, False, 1)
    assert not isinstance(refused.value, OutcomeUnknown)


def test_a_refusal_for_safety_says_what_to_do(service):
    service.answers = [REFUSALS["unsafe"][0]]
    with pytest.raises(ProviderError, match="flagged as sensitive") as refused:
        submit()
    assert (refused.value.status, refused.value.hint[:17]) == (422, "Rewrite the scene")


@pytest.mark.parametrize(
    "given",
    [
        answer(500, {"detail": "Internal error"}),
        answer(502),
        PAGE,
        answer(503, {"detail": "away"}, Retry_After="5"),
        answer(408, {"detail": "slow"}),
        answer(201, {"status": "starting"}),
        answer(201, {"id": 7}),
        answer(201, {"id": "p" * 201}),
        answer(201, {"id": "p\0"}),
        answer(303, {"id": "p1"}),
        Answer(201, b'{"id": "p1"', {"Content-Type": "application/json"}),
        Answer(201, b"[" * 100_000),
    ],
)
def test_what_says_neither_yes_nor_no_leaves_the_outcome_unknown(service, given):
    service.answers = [given]
    with pytest.raises(OutcomeUnknown):
        submit()
    assert len(service.asked) == 1


def test_where_nobody_listens_nothing_was_sent(settings, service):
    settings.REPLICATE_BASE_URL = "http://127.0.0.1:1/v1"
    with pytest.raises(ProviderError) as refused:
        submit()
    assert (refused.value.code, refused.value.retryable) == ("provider.unreachable", True)
    assert not isinstance(refused.value, OutcomeUnknown)


RATE_LIMITS = {
    "header": (answer(429, {}, Retry_After="7"), 7),
    "body": (answer(429, {"retry_after": 11}), 11),
    "text": (answer(429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}), 30),
    "nothing": (answer(429, {}), 30),
    "at once": (answer(429, {}, Retry_After="0"), 1),
    "a day": (answer(429, {}, Retry_After="86400"), 600),
}


@pytest.mark.parametrize("given, seconds", RATE_LIMITS.values(), ids=RATE_LIMITS)
def test_too_many_requests_postpone_the_work(service, given, seconds):
    service.answers = [given]
    with pytest.raises(Postponed) as postponed:
        submit()
    assert (postponed.value.code, postponed.value.seconds) == ("provider.rate_limited", seconds)


def test_no_refusal_repeats_a_secret_or_a_page(service):
    service.answers = [
        answer(422, {"detail": f"Bad {REPLICATE_TOKEN}: https://a.example/x?signature=abc " + "y" * 999})
    ]
    with pytest.raises(ProviderError) as refused:
        submit()
    said = str(refused.value)
    assert REPLICATE_TOKEN not in said and "signature" not in said and len(said) < 400
