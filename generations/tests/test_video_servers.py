"""The test servers of Replicate and fal: they are the oracle of other tests, so they have to be right."""

import base64
import hashlib
import io
import json
import subprocess
import sys
import time

import fal_client
import httpx
import pytest
import replicate
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fal_client.client import FalClientHTTPError
from replicate.exceptions import ReplicateError
from replicate.webhook import Webhooks

from generations.media.probe import probe
from generations.testing.video_servers import TOKEN, FalServer, ReplicateServer
from generations.testing.video_servers.models import FAL, REPLICATE
from generations.testing.video_servers.videos import Shape, video
from generations.testing.webhook_receiver import WebhookReceiver
from generations.tests.provider_clients import SILENT, ProviderClient
from videogen.testing.waiting import eventually

VEO = {"prompt": "a boat", "duration": 4, "resolution": "720p", "generate_audio": False}
FAL_VEO = {**VEO, "duration": "4s"}


@pytest.fixture
def replicate_server():
    with ReplicateServer() as server:
        yield server


@pytest.fixture
def client(replicate_server):
    return replicate.Client(api_token=TOKEN, base_url=replicate_server.url)


@pytest.fixture
def fal_server(monkeypatch):
    with FalServer() as server:
        monkeypatch.setattr("fal_client.client.QUEUE_URL_FORMAT", f"{server.url}/")
        yield server


@pytest.fixture(params=[ReplicateServer, FalServer])
def both(request):
    """Each of the two servers, by plain HTTP."""
    with request.param() as server:
        yield ProviderClient(server)


@pytest.fixture
def receiver():
    with WebhookReceiver() as receiver:
        yield receiver


def fal_key_is_good(server, hook) -> bool:
    key = httpx.get(server.jwks_url).json()["keys"][0]
    public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "="))
    names = ("request-id", "user-id", "timestamp")
    lines = [hook.headers[f"x-fal-webhook-{name}"] for name in names]
    signed = "\n".join([*lines, hashlib.sha256(hook.body).hexdigest()]).encode()
    try:
        public.verify(bytes.fromhex(hook.headers["x-fal-webhook-signature"]), signed)
    except InvalidSignature:
        return False
    return True


def test_replicates_client_follows_a_prediction_to_its_video(client, replicate_server):
    replicate_server.queue_seconds = 0
    prediction = client.predictions.create(model="google/veo-3.1", input=VEO)
    assert prediction.status == "starting" and prediction.output is None
    prediction.wait()

    assert prediction.status == "succeeded" and prediction.metrics["predict_time"] == pytest.approx(0.2)
    assert httpx.get(prediction.output).content == video(Shape(1280, 720, 4.0, audio=False))


def test_replicates_client_runs_a_version_and_reads_a_list_of_outputs():
    with ReplicateServer(output_shape="list") as server:
        client = replicate.Client(api_token=TOKEN, base_url=server.url)
        version = client.models.get("google/veo-3.1").latest_version
        prediction = client.predictions.create(version=version, input=VEO)
        prediction.wait()

    assert prediction.model == "google/veo-3.1" and len(prediction.output) == 1


def test_replicates_client_cancels(client, replicate_server):
    replicate_server.queue_seconds, replicate_server.run_seconds = 0, 60
    prediction = client.predictions.create(model="google/veo-3.1", input=VEO)
    prediction.cancel()
    prediction.reload()

    assert prediction.status == "canceled" and prediction.completed_at
    assert replicate_server.ledger.submissions()[0].billed


def test_a_prediction_that_never_began_is_aborted_and_costs_nothing(replicate_server):
    replicate_server.queue_seconds = 60
    plain = ProviderClient(replicate_server)
    job_id = plain.job()
    plain.cancel(job_id)

    assert plain.status(job_id) == "aborted"
    assert not replicate_server.ledger.submissions()[0].billed


def test_replicates_client_reads_pages_newest_first(client):
    made = [client.predictions.create(model="google/veo-3.1", input=VEO).id for _ in range(105)]
    pages = list(replicate.pagination.paginate(client.predictions.list))

    assert [len(page) for page in pages] == [100, 5]
    assert [each.id for page in pages for each in page] == made[::-1]
    assert pages[0][0].input == VEO and pages[0][0].created_at


def test_a_list_says_nothing_of_webhooks(replicate_server, receiver):
    plain = ProviderClient(replicate_server)
    plain.job(webhook=receiver.url("secret-token"))

    assert "secret-token" not in plain.http.get(f"{replicate_server.api_url}/predictions").text


def test_replicates_client_uploads_a_file(client):
    file = client.files.create(io.BytesIO(b"\x89PNG" * 9), filename="boat.png")

    assert (file.name, file.size, file.content_type) == ("boat.png", 36, "image/png")
    assert client.files.get(file.id).urls == file.urls


def test_replicates_client_verifies_a_webhook(client, receiver):
    hook = receiver.url("call-1")
    client.predictions.create(model="google/veo-3.1", input=VEO, webhook=hook)
    assert eventually(lambda: len(receiver.received) == 4)

    for received in receiver.received:
        Webhooks.validate(
            headers=dict(received.headers),
            body=received.body.decode(),
            secret=client.webhooks.default.secret(),
            tolerance=5,
        )
    statuses = [received.json["status"] for received in receiver.received]
    assert sorted(statuses) == ["processing"] * 3 + ["succeeded"]


def test_only_the_events_that_were_asked_for_are_told(client, receiver):
    client.predictions.create(
        model="google/veo-3.1", input=VEO, webhook=receiver.url(), webhook_events_filter=["completed"]
    )

    assert eventually(lambda: receiver.received)
    time.sleep(0.2)
    assert [received.json["status"] for received in receiver.received] == ["succeeded"]


def test_replicates_client_reads_schemas_and_its_account(client):
    schemas = client.models.get("minimax/hailuo-2.3").latest_version.openapi_schema["components"]["schemas"]

    assert schemas["Input"]["properties"]["duration"]["allOf"] == [{"$ref": "#/components/schemas/duration"}]
    assert schemas["duration"]["enum"] == [6, 10]
    assert client.accounts.current().username == "videogen"


@pytest.mark.parametrize("change", [{"duration": 5}, {"aspect_ratio": "4:5"}, {"prompt": None}])
def test_replicate_refuses_an_input_that_its_model_does_not_take(client, change, replicate_server):
    with pytest.raises(ReplicateError, match=f"input.{next(iter(change))}"):
        client.predictions.create(model="google/veo-3.1", input=VEO | change)

    assert replicate_server.ledger.jobs() == []


@pytest.mark.parametrize("deadline, seconds", [("1s", 1), ("15m", 900), ("1h30m", 5400), ("7", 7)])
def test_a_deadline_is_kept(replicate_server, deadline, seconds):
    plain = ProviderClient(replicate_server)
    plain.http.headers["Cancel-After"] = deadline
    plain.job()

    job = replicate_server.ledger.submissions()[0].job
    job.run_seconds = 1e6
    assert job.ends_at == job.at + seconds
    assert job.state(job.at + seconds - 0.1) == "running" and job.state(job.at + seconds) == "cancelled"


def test_the_output_of_a_prediction_expires():
    with ReplicateServer(output_seconds=0.3) as server:
        plain = ProviderClient(server)
        job_id = plain.finished()
        url = server.output_url(server.job(job_id))
        assert eventually(lambda: plain.poll(job_id).json()["data_removed"])

        assert plain.poll(job_id).json()["output"] is None
        assert httpx.get(url).status_code == 404


def test_fals_client_follows_a_request_to_its_video(fal_server):
    fal_server.queue_seconds = 1
    handler = fal_client.SyncClient(key=TOKEN).submit("fal-ai/veo3.1/fast", FAL_VEO)
    first = handler.status()
    result = handler.get()

    assert isinstance(first, fal_client.Queued) and isinstance(handler.status(), fal_client.Completed)
    assert httpx.get(result["video"]["url"]).headers["content-type"] == "video/mp4"


def test_fal_names_its_urls_without_the_path_inside_the_application(fal_server):
    handler = fal_client.SyncClient(key=TOKEN).submit("fal-ai/veo3.1/fast", FAL_VEO)

    base = f"{fal_server.url}/fal-ai/veo3.1/requests/{handler.request_id}"
    assert (handler.status_url, handler.cancel_url) == (f"{base}/status", f"{base}/cancel")
    elsewhere = handler.status_url.replace("veo3.1", "wan")
    assert httpx.get(elsewhere, headers={"Authorization": f"Key {TOKEN}"}).status_code == 404


def test_fals_client_cancels_once(fal_server):
    fal_server.run_seconds = 60
    handler = fal_client.SyncClient(key=TOKEN).submit("fal-ai/veo3.1", FAL_VEO)
    handler.cancel()

    assert handler.status().error_type == "client_cancelled"
    with pytest.raises(FalClientHTTPError, match="ALREADY_COMPLETED") as refused:
        handler.cancel()
    assert refused.value.status_code == 400


@pytest.mark.parametrize("seconds, status", [(60, 202), (0, 202)])
def test_fal_answers_202_until_it_is_done(fal_server, seconds, status):
    fal_server.queue_seconds, fal_server.run_seconds = seconds, 60 - seconds
    plain = ProviderClient(fal_server)
    job_id = plain.job()

    assert plain.poll(job_id).status_code == status
    assert plain.status(job_id) == ("IN_QUEUE" if seconds else "IN_PROGRESS")
    assert plain.result(job_id).status_code == 400


def test_fal_accepts_a_wrong_input_and_fails_it_later(fal_server):
    handler = fal_client.SyncClient(key=TOKEN).submit("fal-ai/veo3.1", {**FAL_VEO, "duration": 4})
    with pytest.raises(FalClientHTTPError) as failed:
        handler.get()

    assert failed.value.status_code == 422
    assert failed.value.response.json()["detail"][0]["loc"] == ["body", "duration"]


def test_fals_webhook_is_signed_with_the_key_that_it_shows(fal_server, receiver):
    handler = fal_client.SyncClient(key=TOKEN).submit("fal-ai/veo3.1", FAL_VEO, webhook_url=receiver.url())
    assert eventually(lambda: receiver.received)
    hook = receiver.received[0]

    assert fal_key_is_good(fal_server, hook)
    assert hook.json["request_id"] == hook.json["gateway_request_id"] == handler.request_id
    assert hook.json["status"] == "OK" and hook.json["payload"] == handler.get()


def test_fal_describes_its_models(fal_server):
    document = httpx.get(fal_server.schema_url, params={"endpoint_id": "fal-ai/veo3.1/fast"}).json()
    body = document["paths"]["/fal-ai/veo3.1/fast"]["post"]["requestBody"]
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]

    assert document["components"]["schemas"][name]["properties"]["duration"]["enum"] == ["4s", "6s", "8s"]


@pytest.mark.parametrize("server", [ReplicateServer, FalServer])
def test_a_wrong_key_is_refused_and_noted(server):
    with server() as running:
        plain = ProviderClient(running)
        plain.http.headers["Authorization"] = "Bearer wrong"
        answer = plain.submit()

        assert answer.status_code == 401 and answer.json()["detail"]
        assert [each.accepted for each in running.ledger.submissions()] == [False]


def test_the_ledger_finds_submissions_by_the_token_of_their_webhook(both, receiver):
    both.submit(webhook=receiver.url("one")), both.submit(webhook=receiver.url("two")), both.submit()
    ledger = both.server.ledger

    assert [each.webhook for each in ledger.submissions("one")] == [receiver.url("one")]
    assert len(ledger.submissions()) == 3 and ledger.submissions("three") == []
    assert all(each.accepted and each.billed and each.job_id for each in ledger.jobs())
    assert ledger.submissions("one")[0].input["prompt"] == "a boat"


def test_headers_are_recorded_with_a_submission(fal_server):
    plain = ProviderClient(fal_server)
    plain.http.headers["X-Fal-Request-Timeout"] = "30"
    plain.submit()

    assert fal_server.ledger.submissions()[0].headers["x-fal-request-timeout"] == "30"


def test_the_ledger_counts_each_kind_of_request(both):
    job_id = both.finished()
    polls = len(both.server.ledger.asked("poll", job_id=job_id))
    both.download(job_id), both.cancel(job_id)
    ledger = both.server.ledger

    assert len(ledger.asked("download")) == len(ledger.asked("cancel")) == 1 and polls >= 1
    assert ledger.max_in_window(60, kind="submit") == 1
    assert ledger.max_in_window(60) == len(ledger.asked())


def test_the_ledger_can_be_read_and_reset_over_http_and_keeps_the_key_to_itself(both, receiver):
    both.finished(webhook=receiver.url("one"))
    text = httpx.get(f"{both.server.url}/ledger").text
    httpx.delete(f"{both.server.url}/ledger")

    ledger = json.loads(text)
    assert ledger["accepted"] == ledger["billed"] == ledger["requests"]["submit"] == 1
    assert ledger["submissions"][0]["token"] == "one" and TOKEN not in text
    assert both.server.ledger.submissions() == both.server.ledger.asked() == []


def test_more_submissions_than_allowed_are_refused_and_counted(both):
    both.server.__exit__(None, None, None)
    with type(both.server)(requests_per_minute=2) as server:
        plain = ProviderClient(server)
        answers = [plain.submit() for _ in range(3)]

        assert [answer.status_code for answer in answers[:2]] == [200 if plain.is_fal else 201] * 2
        assert answers[2].status_code == 429 and 0 < int(answers[2].headers["retry-after"]) <= 60
        assert (server.ledger.refused("submit"), len(server.ledger.jobs())) == (1, 2)


def test_more_jobs_at_once_than_allowed_are_refused(both):
    both.server.concurrent, both.server.queue_seconds = 2, 60
    answers = [both.submit() for _ in range(3)]
    both.cancel(both.server.ledger.jobs()[0].job_id)

    assert answers[2].status_code == 429
    assert both.submit().status_code < 300


def test_polls_have_a_limit_of_their_own():
    with ReplicateServer(others_per_minute=1) as server:
        plain = ProviderClient(server)
        job_id = plain.job()

        assert [plain.poll(job_id).status_code for _ in range(2)] == [200, 429]
        assert server.ledger.refused("poll") == 1


@pytest.mark.parametrize(
    "model, given, shape",
    [
        (REPLICATE["google/veo-3.1"], {}, Shape(1920, 1080, 8.0, audio=True)),
        (
            REPLICATE["google/veo-3.1"],
            {"aspect_ratio": "9:16", "resolution": "720p"},
            Shape(720, 1280, 8, True),
        ),
        (REPLICATE["bytedance/seedance-2.0"], {"duration": -1}, Shape(1280, 720, 5, True)),
        (REPLICATE["bytedance/seedance-2.0"], {"aspect_ratio": "21:9"}, Shape(1680, 720, 5, True)),
        (REPLICATE["minimax/hailuo-2.3"], {"duration": 10}, Shape(1364, 768, 10, audio=False)),
        (REPLICATE["kwaivgi/kling-v3-video"], {"mode": "standard"}, Shape(1280, 720, 5, audio=False)),
        (REPLICATE["wan-video/wan-2.7-t2v"], {"aspect_ratio": "1:1"}, Shape(720, 720, 5, audio=True)),
        (FAL["fal-ai/veo3.1"], {"duration": "6s", "generate_audio": False}, Shape(1280, 720, 6, False)),
        (FAL["fal-ai/kling-video/v3/pro/text-to-video"], {"duration": "3"}, Shape(1920, 1080, 3, True)),
        (FAL["fal-ai/minimax/hailuo-2.3/pro/text-to-video"], {}, Shape(1920, 1080, 6, audio=False)),
    ],
)
def test_a_video_is_what_the_input_asks_for(model, given, shape):
    assert model.shape(given) == shape


@pytest.mark.parametrize("audio", [True, False])
def test_a_video_holds_what_it_should(tmp_path, audio):
    (path := tmp_path / "clip.mp4").write_bytes(video(Shape(320, 180, 1.5, audio=audio)))
    info = probe(path)

    assert (info.width, info.height, info.fps, bool(info.audio_codec)) == (320, 180, 24, audio)
    assert info.video_seconds == pytest.approx(1.5, abs=0.05)


def test_a_webhook_that_is_not_taken_is_sent_again():
    with WebhookReceiver([500, 302]) as receiver, ReplicateServer(webhook_pause_seconds=0.05) as server:
        body = {"input": SILENT, "webhook": receiver.url(), "webhook_events_filter": ["completed"]}
        url = f"{server.api_url}/models/bytedance/seedance-2.0/predictions"
        ProviderClient(server).http.post(url, json=body)

        assert eventually(lambda: len(receiver.received) == 3)
        assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
        assert eventually(lambda: [each.status for each in server.ledger.deliveries()] == [500, 302, 200])


def test_a_cancelled_job_is_told_of_at_once(both, receiver):
    both.server.queue_seconds = 60
    job_id = both.job(webhook=receiver.url())
    both.cancel(job_id)

    assert eventually(lambda: receiver.received)
    assert receiver.received[0].json["status"] == ("ERROR" if both.is_fal else "aborted")


def test_it_runs_by_hand_and_tells_of_each_request():
    program = [sys.executable, "-m", "generations.testing.video_servers", "both", "--port", "0"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as servers:
        _, fal_url = (servers.stdout.readline().split()[-1] for _ in range(2))
        httpx.get(f"{fal_url}/.well-known/jwks.json")
        line = servers.stdout.readline()
        servers.terminate()

    assert line.startswith("fal       200 ") and line.endswith("GET /.well-known/jwks.json\n")
    assert servers.returncode == 0
