"""Each fault of the test servers does what it says."""

import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime

import httpx
import pytest
import replicate
from replicate.webhook import InvalidSignatureError, Webhooks

from generations.testing.video_servers import TOKEN, FalServer, Fault, ReplicateServer
from generations.testing.video_servers.faults import OF_JOBS, OF_OUTPUTS, OF_REQUESTS, OF_WEBHOOKS
from generations.testing.webhook_receiver import WebhookReceiver
from generations.tests.provider_clients import SMALL, ProviderClient
from generations.tests.test_video_servers import fal_key_is_good
from videogen.testing.waiting import eventually


@pytest.fixture(params=[ReplicateServer, FalServer])
def plain(request):
    """Each of the two servers, by plain HTTP."""
    with request.param(queue_seconds=0.05, run_seconds=0.1) as server:
        yield ProviderClient(server)


@pytest.fixture
def receiver():
    with WebhookReceiver() as receiver:
        yield receiver


def jobs(plain) -> int:
    return len(plain.server.ledger.jobs())


@pytest.mark.parametrize("kind, accepted", [("drop", 0), ("accept_and_drop", 1)])
def test_a_connection_is_dropped_before_or_after_the_job_is_accepted(plain, kind, accepted):
    plain.server.script(Fault(kind))
    with pytest.raises(httpx.RemoteProtocolError):
        plain.submit()

    assert jobs(plain) == accepted
    assert [each.billed for each in plain.server.ledger.submissions()] == [bool(accepted)]


@pytest.mark.parametrize("kind, accepted", [("hang_before", 0), ("hang_after", 1)])
def test_no_answer_comes_before_or_after_the_job_is_accepted(plain, kind, accepted):
    plain.server.script(Fault(kind))
    plain.http.timeout = 0.5
    with pytest.raises(httpx.ReadTimeout):
        plain.submit()

    assert jobs(plain) == accepted
    assert eventually(lambda: plain.server.ledger.asked("submit")[0].status == 499)


@pytest.mark.parametrize("kind, accepted", [("error_before", 0), ("error_after", 1)])
def test_an_error_comes_before_or_after_the_job_is_accepted(plain, kind, accepted):
    plain.server.script(Fault(kind, status=503, message="Away.", headers={"Retry-After": "7"}))
    answer = plain.submit()

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7") and "Away." in answer.text
    assert jobs(plain) == accepted


@pytest.mark.parametrize("kind, accepted", [("html", 0), ("html_after", 1)])
def test_a_web_page_comes_before_or_after_the_job_is_accepted(plain, kind, accepted):
    plain.server.script(Fault(kind))
    answer = plain.submit()

    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html"
    assert jobs(plain) == accepted


@pytest.mark.parametrize(
    "kind, header, body, text",
    [
        ("rate_limited", False, False, False),
        ("rate_limited_seconds", True, False, False),
        ("rate_limited_date", True, False, False),
        ("rate_limited_body", False, True, False),
        ("rate_limited_text", False, False, True),
    ],
)
def test_a_429_says_in_one_way_when_to_come_back(plain, kind, header, body, text):
    plain.server.script(Fault(kind, seconds=30))
    answer = plain.submit()

    found = ("retry-after" in answer.headers, answer.json().get("retry_after") == 30)
    assert (answer.status_code, *found, "resets in ~30s." in answer.text) == (429, header, body, text)
    assert jobs(plain) == 0


def test_a_429_can_name_a_date(plain):
    plain.server.script(Fault("rate_limited_date", seconds=90))
    date = parsedate_to_datetime(plain.submit().headers["retry-after"])

    assert math.isclose(date.timestamp(), time.time() + 90, abs_tol=5)


@pytest.mark.parametrize(
    "kind, replicate_status, fal_status",
    [("unauthorized", 401, 401), ("no_credit", 402, 403), ("bad_request", 422, 422)],
)
def test_a_request_can_be_refused(plain, kind, replicate_status, fal_status):
    plain.server.script(Fault(kind))

    assert plain.submit().status_code == (fal_status if plain.is_fal else replicate_status)
    assert jobs(plain) == 0


def test_an_answer_can_be_late_though_the_job_is_accepted_at_once(plain):
    plain.server.script(Fault("late", seconds=0.4))
    begun = time.monotonic()
    plain.submit()

    submission = plain.server.ledger.submissions()[0]
    assert time.monotonic() - begun > 0.4
    assert submission.accepted and plain.server.ledger.asked("submit")[0].seconds > 0.4


def test_json_can_be_cut_short_without_a_sign(plain):
    plain.server.script(Fault("truncated_json"))
    with pytest.raises(ValueError):
        plain.submit().json()

    assert jobs(plain) == 1


def test_a_connection_can_be_cut_in_the_body(plain):
    plain.server.script(Fault("cut_in_body"))
    with pytest.raises(httpx.RemoteProtocolError):
        plain.submit()

    assert jobs(plain) == 1


def test_an_answer_can_drip(plain):
    plain.server.script(Fault("drip", on="poll", seconds=0.001))

    assert plain.poll(plain.job()).json()["status"]


def test_json_can_be_huge(plain):
    plain.server.script(Fault("huge_json", on="poll"))
    url = f"{plain.server.url}/v1/predictions/{plain.job()}"
    url = url if not plain.is_fal else plain.submit().json()["status_url"]
    with plain.http.stream("GET", url) as answer:
        assert answer.headers["content-length"] == "100000000"
        assert len(next(answer.iter_raw())) > 1000


@pytest.mark.parametrize("on", ["poll", "cancel", "download"])
def test_a_fault_waits_for_its_kind_of_request(plain, on):
    job_id = plain.finished()
    url = plain.output_url(job_id)
    ask = {"poll": plain.poll, "cancel": plain.cancel, "download": lambda _: plain.http.get(url)}[on]
    plain.server.script(Fault("error_before", on=on, times=2))

    assert plain.submit().status_code < 300
    assert [ask(job_id).status_code == 500 for _ in range(3)] == [True, True, False]


def test_fals_result_can_go_wrong_while_its_status_is_right():
    with FalServer() as server:
        plain = ProviderClient(server)
        job_id = plain.finished()
        server.script(Fault("error_before", on="result", status=503))

        assert (plain.poll(job_id).status_code, plain.result(job_id).status_code) == (200, 503)


@pytest.mark.parametrize(
    "on, path", [("list", "predictions"), ("account", "account"), ("keys", "webhooks/default/secret")]
)
def test_every_other_request_can_go_wrong_too(on, path):
    with ReplicateServer() as server:
        server.script(Fault("error_before", on=on, status=502))

        assert ProviderClient(server).http.get(f"{server.api_url}/{path}").status_code == 502


def test_a_job_can_fail(plain):
    plain.server.script(Fault("fail", message="Out of memory."))
    job_id = plain.finished()

    assert "Out of memory." in plain.result(job_id).text
    assert plain.result(job_id).status_code == (500 if plain.is_fal else 200)
    assert plain.result(job_id).headers.get("x-fal-error-type") == (
        "runner_server_error" if plain.is_fal else None
    )


def test_a_job_can_be_moderated(plain):
    plain.server.script(Fault("moderated"))
    answer = plain.result(plain.finished())

    if plain.is_fal:
        assert answer.status_code == 422 and answer.json()["detail"][0]["type"] == "content_policy_violation"
        assert answer.headers["x-fal-error-type"] == "content_policy_violation"
    else:
        assert answer.json()["status"] == "failed" and "(E005)" in answer.json()["error"]


def test_a_job_can_go_on_for_ever(plain):
    plain.server.script(Fault("never_ends"))
    job_id = plain.job()
    job = plain.server.ledger.jobs()[0].job

    assert job.state(job.at + 1e6) == "running"
    plain.cancel(job_id)
    assert plain.status(job_id) in ("canceled", "COMPLETED", "aborted")


@pytest.mark.parametrize(
    "fault, name, value",
    [
        (Fault("short_clip", seconds=1), "video_seconds", 1),
        (Fault("short_clip"), "video_seconds", 2),
        (Fault("other_size", message="320x180"), "width", 320),
        (Fault("other_size"), "height", 360),
        (Fault("other_fps", message="15"), "fps", 15),
        (Fault("silent"), "channels", 0),
    ],
)
def test_a_clip_can_differ_from_what_was_asked_for(plain, fault, name, value):
    plain.server.script(fault)

    assert getattr(plain.clip(SMALL), name) == pytest.approx(value, abs=0.05)


def test_a_clip_can_have_sound_that_nobody_asked_for(plain):
    plain.server.script(Fault("with_audio"))

    assert [bool(plain.clip().audio_codec) for _ in range(2)] == [True, False]


def test_an_output_can_be_gone(plain):
    plain.server.script(Fault("expired"))
    job_id = plain.finished()

    assert [plain.download(job_id).status_code for _ in range(2)] == [404, 200]


def test_an_output_can_be_cut_short(plain):
    job_id = plain.finished()
    size = len(plain.download(job_id).content)
    plain.server.script(Fault("truncated"))

    with pytest.raises(httpx.RemoteProtocolError, match=f"{size // 2} bytes, expected {size}"):
        plain.download(job_id)


def test_an_output_can_be_huge_and_ends_when_nobody_reads_on(plain):
    plain.server.script(Fault("huge"))
    url = plain.output_url(plain.finished())
    with plain.http.stream("GET", url) as answer:
        assert answer.headers["content-length"] == "10000000000"
        assert len(next(answer.iter_raw())) > 1000

    assert eventually(lambda: plain.server.ledger.asked("download")[0].status == 499)


def test_an_output_can_be_a_web_page(plain):
    plain.server.script(Fault("html_output"))
    answer = plain.download(plain.finished())

    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html"


def test_an_output_can_be_elsewhere(plain):
    plain.server.script(Fault("redirect", on="download", message="http://169.254.169.254/"))
    answer = plain.download(plain.finished())

    assert (answer.status_code, answer.headers["location"]) == (302, "http://169.254.169.254/")


def test_an_output_can_be_slow(plain):
    plain.server.script(Fault("slow_output", seconds=0.02))
    job_id = plain.finished()
    begun = time.monotonic()
    slow = plain.download(job_id).content

    assert time.monotonic() - begun > 0.4
    assert slow == plain.download(job_id).content


def test_a_webhook_can_fail_to_come(plain, receiver):
    plain.server.script(Fault("none", on="webhook"))
    plain.finished(webhook=receiver.url("silent"))
    plain.finished(webhook=receiver.url("told"))

    assert eventually(lambda: receiver.received)
    assert {received.path for received in receiver.received} == {"/hooks/told"}


def test_a_webhook_can_be_late(plain, receiver):
    plain.server.script(Fault("late", on="webhook", seconds=0.5))
    plain.job(webhook=receiver.url())
    ledger = plain.server.ledger
    assert eventually(lambda: any(each.event == "completed" for each in ledger.deliveries()))

    assert ledger.deliveries()[-1].at > ledger.jobs()[0].job.ends_at + 0.5


def test_a_webhook_can_come_twice(plain, receiver):
    plain.server.script(Fault("duplicate"))
    plain.job(webhook=receiver.url())
    expected = 2 if plain.is_fal else 8

    assert eventually(lambda: len(receiver.received) == expected)
    counts = Counter(received.body for received in receiver.received)
    assert all(count % 2 == 0 for count in counts.values())


def good(plain, hook) -> bool:
    """Whether the signature is the provider's."""
    if plain.is_fal:
        return fal_key_is_good(plain.server, hook)
    secret = replicate.Client(api_token=TOKEN, base_url=plain.server.url).webhooks.default.secret()
    try:
        Webhooks.validate(headers=dict(hook.headers), body=hook.body.decode(), secret=secret)
    except InvalidSignatureError:
        return False
    return True


@pytest.mark.parametrize("kind, is_good", [("forged", False), ("stale", True), ("other_job", True)])
def test_a_webhook_can_have_a_wrong_signature_or_a_right_one_and_still_be_wrong(
    plain, receiver, kind, is_good
):
    plain.server.script(Fault(kind))
    plain.job(webhook=receiver.url())

    assert eventually(lambda: receiver.received)
    assert good(plain, receiver.received[-1]) == is_good


def test_a_stale_webhook_was_signed_an_hour_ago(plain, receiver):
    plain.server.script(Fault("stale"))
    plain.job(webhook=receiver.url())
    assert eventually(lambda: receiver.received)

    name = "x-fal-webhook-timestamp" if plain.is_fal else "webhook-timestamp"
    age_seconds = time.time() - int(receiver.received[0].headers[name])
    assert age_seconds == pytest.approx(3600, abs=60)


def test_a_webhook_can_be_about_another_job(plain, receiver):
    plain.server.script(Fault("other_job"))
    other_id, job_id = plain.job(), plain.job(webhook=receiver.url())
    assert eventually(lambda: receiver.received)

    told = receiver.received[-1].json["request_id" if plain.is_fal else "id"]
    assert told == other_id != job_id


def test_a_start_can_come_after_the_end(receiver):
    with ReplicateServer() as server:
        server.script(Fault("out_of_order"))
        ProviderClient(server).job(webhook=receiver.url())

        assert eventually(lambda: len(receiver.received) == 4)
    assert [each.json["status"] for each in receiver.received] == ["succeeded", *["processing"] * 3]


def test_faults_can_be_scripted_over_http(plain):
    faults = [{"kind": "error_before", "status": 503}, {"kind": "no_credit", "times": 2}]
    answer = httpx.post(f"{plain.server.url}/script", json=faults)

    assert answer.status_code == 204
    statuses = [plain.submit().status_code for _ in range(4)]
    assert statuses[0] == 503 and statuses[1] == statuses[2] in (402, 403) and statuses[3] < 300


@pytest.mark.parametrize(
    "fault", [{"kind": "earthquake"}, {"kin": "drop"}, {"kind": "drop", "on": "webhook"}, {}, 3, None]
)
def test_a_fault_that_does_not_exist_is_explained(fault, plain):
    answer = httpx.post(f"{plain.server.url}/script", json=fault)

    assert answer.status_code == 400
    assert "A fault has kind, on, times" in answer.json()["error"]


@pytest.mark.parametrize("kind", [*OF_REQUESTS, *OF_JOBS, *OF_OUTPUTS])
def test_a_fault_without_a_place_has_a_natural_one(kind):
    assert Fault(kind).on == ("download" if kind in OF_OUTPUTS else "submit")
    assert all(Fault(name, on="webhook").on == "webhook" for name in OF_WEBHOOKS)


def test_closing_a_server_ends_what_it_was_doing(plain):
    plain.server.script(Fault("hang_before"))
    plain.http.timeout = 60
    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(plain.submit)
        assert eventually(lambda: plain.server.ledger.running)
        plain.server.__exit__(None, None, None)

        assert isinstance(outcome.exception(), httpx.RemoteProtocolError)
