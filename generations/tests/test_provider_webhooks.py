"""Webhooks of Replicate and fal: the genuine ones are believed, and nothing else is, however it is made."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from generations.providers.base import WebhookRefused
from generations.providers.hosted.fal import FalProvider
from generations.providers.hosted.replicate import ReplicateProvider
from generations.tests.hosted import PAGE, REPLICATE_TOKEN, answer, fal_service, replicate_service
from videogen.kernel.redis import cache_redis

KEY = b"a shared secret of 24 by"
OTHER_KEY = b"another one of 24 bytes."
FAL_KEY = Ed25519PrivateKey.from_private_bytes(b"1" * 32)
OTHER_FAL_KEY = Ed25519PrivateKey.from_private_bytes(b"2" * 32)
REPLICATE_BODY = json.dumps({"id": "p1", "status": "succeeded"}).encode()
FAL_BODY = json.dumps({"request_id": "r1", "status": "OK"}).encode()


@pytest.fixture
def replicate(settings):
    with replicate_service(settings) as service:
        service.answers = [answer(200, {"key": whsec()})]
        yield service


@pytest.fixture
def fal(settings):
    with fal_service(settings) as service:
        service.answers = [key_set(FAL_KEY)]
        yield service


def whsec(key=KEY):
    return f"whsec_{base64.b64encode(key).decode()}"


def v1(body, key, name, timestamp):
    signed = f"{name}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode()}"


def by_replicate(body=REPLICATE_BODY, *, key=KEY, age=0, **changes):
    at = str(int(time.time()) - age)
    headers = {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": at,
        "Webhook-Signature": v1(body, key, "msg_1", at),
    }
    return headers | {name.replace("_", "-"): value for name, value in changes.items()}


def by_fal(body=FAL_BODY, *, key=FAL_KEY, age=0, **changes):
    at = str(int(time.time()) - age)
    message = "\n".join(["r1", "user-1", at, hashlib.sha256(body).hexdigest()])
    sent = {
        "Request-Id": "r1",
        "User-Id": "user-1",
        "Timestamp": at,
        "Signature": key.sign(message.encode()).hex(),
    }
    sent |= {name.replace("_", "-"): value for name, value in changes.items()}
    return {f"X-Fal-Webhook-{name}": value for name, value in sent.items()}


def key_set(*keys):
    """With others in it, as there may be."""
    raw = [key.public_key().public_bytes_raw() for key in keys]
    texts = [base64.urlsafe_b64encode(each).decode().rstrip("=") for each in raw]
    strange = [{"kty": "RSA", "n": "AQAB"}, {"x": "short"}, {"x": "ä"}, {"x": 7}, "no key"]
    return answer(200, {"keys": [*strange, *({"kty": "OKP", "crv": "Ed25519", "x": text} for text in texts)]})


def replicate_says(headers, body=REPLICATE_BODY):
    return ReplicateProvider().parse_webhook(headers, body)


def fal_says(headers, body=FAL_BODY):
    return FalProvider().parse_webhook(headers, body)


PROVIDERS = [("replicate", replicate_says, by_replicate), ("fal", fal_says, by_fal)]


def test_a_webhook_of_replicate_names_its_prediction(replicate):
    assert replicate_says(by_replicate()).job_id == "p1"


def test_a_webhook_of_fal_names_its_request(fal):
    fal.answers = [key_set(OTHER_FAL_KEY, FAL_KEY)]
    assert fal_says(by_fal()).job_id == "r1"


def test_the_secret_can_be_configured_and_then_nobody_is_asked(replicate, settings):
    settings.REPLICATE_WEBHOOK_SECRET = whsec()
    assert replicate_says(by_replicate()).job_id == "p1"
    assert replicate.asked == []


def test_one_of_several_signatures_is_enough(replicate):
    headers = by_replicate()
    headers["Webhook-Signature"] = f"v1a,AAAA v1,AAAA {headers['Webhook-Signature']}"
    assert replicate_says(headers).job_id == "p1"


def test_a_signature_of_another_version_does_not_count(replicate):
    headers = by_replicate()
    headers["Webhook-Signature"] = headers["Webhook-Signature"].replace("v1,", "v2,")
    with pytest.raises(WebhookRefused, match="does not fit"):
        replicate_says(headers)


def test_the_secret_is_asked_for_with_our_key_and_kept(replicate):
    replicate_says(by_replicate())
    replicate_says(by_replicate())
    asked = [(each.path, each.headers["authorization"]) for each in replicate.asked]
    assert asked == [("/v1/webhooks/default/secret", f"Bearer {REPLICATE_TOKEN}")]
    assert 0 < cache_redis().ttl("once:{webhook-keys:replicate}") <= 24 * 3600


def test_the_key_set_of_fal_is_asked_for_without_our_key_and_kept(fal):
    fal_says(by_fal())
    fal_says(by_fal())
    asked = [(each.path, "authorization" in each.headers) for each in fal.asked]
    assert asked == [("/.well-known/jwks.json", False)]
    assert 0 < cache_redis().ttl("once:{webhook-keys:fal}") <= 24 * 3600


def test_a_new_secret_is_found_when_the_old_one_does_not_fit(replicate):
    replicate_says(by_replicate())
    replicate.answers = [answer(200, {"key": whsec(OTHER_KEY)})]
    assert replicate_says(by_replicate(key=OTHER_KEY)).job_id == "p1"


def test_forged_webhooks_do_not_make_us_ask_again_and_again(replicate):
    for _ in range(5):
        with pytest.raises(WebhookRefused) as refused:
            replicate_says(by_replicate(key=OTHER_KEY))
    assert (refused.value.status, len(replicate.asked)) == (401, 2)


@pytest.mark.parametrize("name, says, by", PROVIDERS)
@pytest.mark.parametrize("age", [-400, -302, 302, 4000])
def test_a_webhook_from_another_time_is_refused(request, name, says, by, age):
    request.getfixturevalue(name)
    with pytest.raises(WebhookRefused, match="too old"):
        says(by(age=age))


@pytest.mark.parametrize("name, says, by", PROVIDERS)
@pytest.mark.parametrize("age", [-290, 290])
def test_a_clock_may_be_some_minutes_wrong(request, name, says, by, age):
    request.getfixturevalue(name)
    assert says(by(age=age))


REPLICATE_MALFORMED = {
    "no signature": {"Webhook_Signature": ""},
    "of another version": {"Webhook_Signature": "v1a,AAAA"},
    "without a version": {"Webhook_Signature": "AAAA"},
    "not ASCII": {"Webhook_Signature": "v1,äöü\udcff"},
    "only spaces": {"Webhook_Signature": "   "},
    "endless": {"Webhook_Signature": "v1,A " * 1000},
    "another id": {"Webhook_Id": "msg_2"},
    "an id of half a character": {"Webhook_Id": "\ud800"},
    "no id": {"Webhook_Id": ""},
    "no time": {"Webhook_Timestamp": ""},
    "time in words": {"Webhook_Timestamp": "now"},
    "time in other digits": {"Webhook_Timestamp": "١٢٣"},
    "time as a superscript": {"Webhook_Timestamp": "²"},
    "time as a fraction": {"Webhook_Timestamp": "1e9"},
    "endless time": {"Webhook_Timestamp": "9" * 1000},
}


@pytest.mark.parametrize("changes", REPLICATE_MALFORMED.values(), ids=REPLICATE_MALFORMED)
def test_a_malformed_webhook_of_replicate_is_refused(replicate, changes):
    with pytest.raises(WebhookRefused):
        replicate_says(by_replicate(**changes))


FAL_MALFORMED = {
    "no signature": {"Signature": ""},
    "of another key": {"Signature": OTHER_FAL_KEY.sign(b"").hex()},
    "not hexadecimal": {"Signature": "zz"},
    "half a byte": {"Signature": "abc"},
    "too short": {"Signature": "ab"},
    "another request": {"Request_Id": "r2"},
    "another user": {"User_Id": "user-2"},
    "half a character": {"User_Id": "\ud800"},
    "no time": {"Timestamp": ""},
    "time in words": {"Timestamp": "now"},
}


@pytest.mark.parametrize("changes", FAL_MALFORMED.values(), ids=FAL_MALFORMED)
def test_a_malformed_webhook_of_fal_is_refused(fal, changes):
    with pytest.raises(WebhookRefused):
        fal_says(by_fal(**changes))


@pytest.mark.parametrize("name, says, by", PROVIDERS)
def test_a_changed_body_is_refused(request, name, says, by):
    request.getfixturevalue(name)
    with pytest.raises(WebhookRefused, match="does not fit"):
        says(by(), b'{"id": "p2", "request_id": "r2"}')


BODIES = [b"", b"\xff", b"null", b"[]", b'"p1"', b"[" * 5000, b"{}", b'{"id": 7, "request_id": null}']
BODIES += [b'{"id": "", "request_id": ""}', b'{"id": "a\\nb", "request_id": "a\\u0000b"}']
BODIES += [json.dumps({"id": "x" * 201, "request_id": "x" * 201}).encode()]


@pytest.mark.parametrize("name, says, by", PROVIDERS)
@pytest.mark.parametrize("body", BODIES)
def test_a_signed_body_without_an_id_is_refused(request, name, says, by, body):
    request.getfixturevalue(name)
    with pytest.raises(WebhookRefused, match="The body"):
        says(by(body), body)


UNVERIFIABLE = {
    "away": answer(503, {"detail": "away"}),
    "busy": answer(429, {"detail": "slow down"}),
    "a page": PAGE,
    "no key": answer(200, {}),
    "not a text": answer(200, {"key": 7, "keys": 7}),
}


@pytest.mark.parametrize("name, says, by", PROVIDERS)
@pytest.mark.parametrize("given", UNVERIFIABLE.values(), ids=UNVERIFIABLE)
def test_without_keys_the_sender_is_told_to_come_again(request, name, says, by, given):
    service = request.getfixturevalue(name)
    service.answers = [given]
    for _ in range(2):
        with pytest.raises(WebhookRefused) as refused:
            says(by())
        assert (refused.value.status, refused.value.code) == (503, "webhook.unverifiable")
    assert len(service.asked) == 1


@pytest.mark.parametrize("secret", ["whsec_", "whsec_ä", "whsec_A", "no base64!"])
def test_a_secret_that_is_none_refuses_everything(replicate, settings, secret):
    settings.REPLICATE_WEBHOOK_SECRET = secret
    with pytest.raises(WebhookRefused, match="REPLICATE_WEBHOOK_SECRET"):
        replicate_says(by_replicate(key=b""))


@pytest.mark.parametrize("name, says, by", PROVIDERS)
def test_without_our_own_key_nothing_is_verified(request, settings, name, says, by):
    service = request.getfixturevalue(name)
    settings.REPLICATE_API_TOKEN = settings.FAL_KEY = ""
    with pytest.raises(WebhookRefused, match="no key"):
        says(by())
    assert service.asked == []
