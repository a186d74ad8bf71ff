"""The test server itself: it is the oracle of other tests, so it has to be right."""

import dataclasses
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import httpx2
import jsonschema
import openai
import pytest
from pydantic import ConfigDict, Field

from analysis.engines.openai.chat import ChatTransport
from analysis.engines.openai.wire import ServerLimits
from analysis.errors import Unreachable
from analysis.testing.openai_server import Fault, OpenAIServer
from analysis.testing.openai_server.ledger import Asked
from analysis.testing.openai_server.limits import SlidingWindow, go_duration
from analysis.testing.openai_server.schemas import any_answer, strict_problem
from analysis.testing.openai_server.usage import PromptCache
from analysis.tests.openai import QUESTION, ask, failure
from videogen.testing.waiting import eventually

CHAT = ChatTransport()


class Boat(openai.BaseModel):
    model_config = ConfigDict(extra="forbid")
    colour: Literal["red", "blue"]
    name: str
    length: float = Field(ge=3)
    captain: str | None


@pytest.fixture
def client(openai_server):
    with openai.OpenAI(base_url=openai_server.url, api_key="any", max_retries=0) as client:
        yield client


def test_the_openai_package_reads_its_responses(client):
    response = client.responses.parse(model="m", input="a boat", text_format=Boat)

    assert response.output_parsed.colour == "red"
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens


def test_the_openai_package_reads_its_completions(client):
    messages = [{"role": "user", "content": "a boat"}]
    completion = client.chat.completions.parse(model="m", messages=messages, response_format=Boat)

    assert completion.choices[0].message.parsed.length == 3.0
    assert completion.usage.total_tokens > 0


def test_the_openai_package_reads_its_refusals_and_its_truncations(client, openai_server):
    openai_server.script(Fault("refusal", times=2), Fault("truncated"))
    messages = [{"role": "user", "content": "a boat"}]
    refused = client.responses.parse(model="m", input="a boat", text_format=Boat)
    completion = client.chat.completions.parse(model="m", messages=messages, response_format=Boat)

    assert refused.output_parsed is None and completion.choices[0].message.refusal
    with pytest.raises(openai.LengthFinishReasonError):
        client.chat.completions.parse(model="m", messages=messages, response_format=Boat)


def test_the_openai_package_reads_models_and_moderations(client):
    dates = {model.id: model.shutdown_date for model in client.models.list()}
    safe, unsafe = client.moderations.create(input=["tea", "unsafe-self_harm_intent"]).results

    assert dates["gpt-5-mini"] == "2026-12-11" and dates["gpt-6-luna"] is None
    assert not safe.flagged and unsafe.categories.self_harm_intent


def test_a_task_is_answered_by_its_own_answerer(openai_server, transport):
    openai_server.answers["prompt_analysis"] = lambda name, schema, data: {"echo": [name, data]}

    said = json.loads(QUESTION.turns[0].text)
    assert json.loads(ask(transport).text) == {"echo": ["prompt_analysis", said]}


@pytest.mark.parametrize(
    "part, at_least, at_most",
    [
        ({"type": "string", "minLength": 30, "maxLength": 40}, 30, 40),
        ({"type": "string", "maxLength": 2}, 1, 2),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 3, "maxItems": 6}, 3, 3),
    ],
)
def test_any_answer_keeps_to_the_lengths_of_its_schema(part, at_least, at_most):
    answer = any_answer("task", {"type": "object", "properties": {"it": part}}, {"prompt": "tea"})

    assert at_least <= len(answer["it"]) <= at_most


@pytest.mark.parametrize(
    "part",
    [
        {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
        {"type": "string", "format": "date"},
        {"type": "integer", "minimum": 4, "maximum": 180},
        {"type": "number", "exclusiveMinimum": 1, "multipleOf": 0.5},
        {"type": "number", "minimum": 0.7, "maximum": 0.9},
        {"type": ["string", "null"]},
        {"anyOf": [{"type": "null"}, {"type": "string"}]},
        {"const": 3},
        {"$ref": "#/$defs/Mood"},
        {"type": "array", "items": {"$ref": "#/$defs/Mood"}, "minItems": 2},
    ],
)
def test_any_answer_satisfies_its_schema_and_is_the_same_each_time(part):
    schema = {
        "type": "object",
        "properties": {"it": part},
        "required": ["it"],
        "$defs": {"Mood": {"type": "string", "enum": ["calm", "epic"]}},
    }
    answer = any_answer("task", schema, {"prompt": "tea"})

    jsonschema.validate(answer, schema)
    assert answer == any_answer("task", schema, {"prompt": "tea"})


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False},
        {"type": "array", "items": {"type": "object", "properties": {}}},
        {"anyOf": [{"type": "string"}, {"oneOf": []}]},
        {"type": "string", "default": "tea"},
        [],
    ],
)
def test_a_schema_that_strict_mode_refuses_is_refused(schema):
    assert strict_problem(schema)


@pytest.mark.parametrize(
    "body", [{}, {"model": "m"}, [], {"model": "m", "text": {"format": {"type": "json_object"}}}]
)
@pytest.mark.parametrize("path", ["responses", "chat/completions"])
def test_a_call_that_openai_would_not_take_gets_a_400(path, body, openai_server):
    response = httpx2.post(f"{openai_server.url}/{path}", json=body)

    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_prompt_is_cached_from_1024_tokens_on_in_steps_of_128():
    cache = PromptCache()
    cache.cached_tokens("m", "x" * 4 * 1500)

    assert cache.cached_tokens("m", "x" * 4 * 1400 + "y") == 1280
    assert cache.cached_tokens("m", "x" * 4 * 1000) == 0
    assert cache.cached_tokens("another", "x" * 4 * 1500) == 0


def test_a_limit_is_strict_in_any_window():
    window = SlidingWindow(3, 0.4, announced=0)
    taken = [window.take() for _ in range(4)]

    assert taken[:3] == [0, 0, 0] and 0.3 < taken[3] <= 0.4
    assert window.state()[0] == 0
    time.sleep(taken[3])
    assert window.take() == 0


def test_each_excess_request_keeps_the_door_shut_for_longer():
    window = SlidingWindow(1, 1.2, announced=0, punish=True)
    assert window.take() == 0
    waits = [window.take() for _ in range(20)]

    assert 3.1 < waits[-1] < 3.3  # The window, and a twelfth of it for each of 20.


def test_the_server_refuses_what_exceeds_its_limit_and_says_when_to_come_back(settings):
    with OpenAIServer(requests_per_minute=2, window_seconds=0.5) as server:
        settings.OPENAI_BASE_URL = server.url
        ask(CHAT), ask(CHAT)
        limits = failure(CHAT).facts.limits
        time.sleep(limits.retry_after_seconds)
        ask(CHAT)

    assert limits.requests_per_minute == 2
    assert [asked.status for asked in server.ledger.asked()] == [200, 200, 429, 200]


def test_one_model_does_not_use_up_the_limit_of_another(settings):
    with OpenAIServer(requests_per_minute=1) as server:
        settings.OPENAI_BASE_URL = server.url
        ask(CHAT), ask(CHAT, dataclasses.replace(QUESTION, model="another"))

    assert [asked.status for asked in server.ledger.asked()] == [200, 200]


def test_tokens_are_limited_too(settings):
    with OpenAIServer(tokens_per_minute=3000) as server:
        settings.OPENAI_BASE_URL = server.url
        ask(CHAT)

        assert "tokens" in str(failure(CHAT).error)


def test_more_at_once_than_allowed_are_refused(settings):
    with OpenAIServer(concurrent=3, latency_seconds=0.3) as server, ThreadPoolExecutor(6) as pool:
        settings.OPENAI_BASE_URL = server.url
        for outcome in [pool.submit(ask, CHAT) for _ in range(6)]:
            outcome.exception()

    assert sorted(asked.status for asked in server.ledger.asked()) == [200] * 3 + [429] * 3


def test_a_server_may_be_silent_about_its_limits(settings):
    with OpenAIServer(requests_per_minute=1, announce=False) as server:
        settings.OPENAI_BASE_URL = server.url

        assert ask(CHAT).limits == failure(CHAT).facts.limits == ServerLimits()


def test_latency_may_be_of_one_task(settings):
    with OpenAIServer(latency_seconds=9, latency_of={"prompt_analysis": 0.2}) as server:
        settings.OPENAI_BASE_URL = server.url
        ask(CHAT)

    assert 0.2 <= server.ledger.asked()[0].seconds < 1


def test_the_ledger_can_be_read_and_reset_over_http(openai_server, transport):
    ask(transport)
    ledger = httpx2.get(f"{openai_server.root}/ledger").json()
    httpx2.delete(f"{openai_server.root}/ledger")

    assert ledger["statuses"] == {"200": 1} and ledger["max_concurrent"] == 1
    assert ledger["requests"][0]["task"] == "prompt_analysis"
    assert openai_server.ledger.asked() == []


def test_the_ledger_knows_the_busiest_window(openai_server):
    for at in (0, 1, 2, 61, 61.5, 62):
        openai_server.ledger.begin(Asked("POST", "/v1/responses", {}, at=at))

    assert openai_server.ledger.max_in_window() == 3
    assert openai_server.ledger.max_in_window(1) == 2


def test_faults_can_be_scripted_over_http_for_one_task(openai_server, transport):
    faults = [{"kind": "error", "status": 503, "task": "micro_prompts"}, {"kind": "unauthorized", "times": 2}]
    response = httpx2.post(f"{openai_server.root}/script", json=faults)

    assert response.status_code == 204
    assert [str(failure(transport))[-6:] for _ in range(2)] == ["(401)."] * 2
    assert ask(transport).text


@pytest.mark.parametrize("fault", [{"kind": "earthquake"}, {"kin": "error"}, {}, 3, None])
def test_a_fault_that_does_not_exist_is_explained(fault, openai_server):
    response = httpx2.post(f"{openai_server.root}/script", json=fault)

    assert response.status_code == 400
    assert "A fault has kind, task, times" in response.json()["error"]


def test_a_connection_serves_many_requests(openai_server):
    with httpx2.Client() as client:
        ports = {
            client.get(f"{openai_server.url}/models")
            .extensions["network_stream"]
            .get_extra_info("client_addr")
            for _ in range(3)
        }

    assert len(ports) == 1


def test_closing_the_server_ends_what_it_was_doing(settings):
    with OpenAIServer() as server, ThreadPoolExecutor(1) as pool:
        settings.OPENAI_BASE_URL = server.url
        server.script(Fault("silence"))
        outcome = pool.submit(failure, CHAT, timeout_seconds=20)
        assert eventually(lambda: server.ledger.running)
        server.__exit__(None, None, None)

        assert isinstance(outcome.result().error, Unreachable)


@pytest.mark.parametrize(
    "seconds, text", [(0, "0ms"), (0.012, "12ms"), (1, "1s"), (1.5, "1.5s"), (360, "6m0s"), (61.5, "1m1.5s")]
)
def test_durations_are_written_as_go_writes_them(seconds, text):
    assert go_duration(seconds) == text


def test_it_runs_by_hand_and_tells_of_each_request(settings):
    program = [sys.executable, "-m", "analysis.testing.openai_server", "--port", "0", "--latency-of", "a=1"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as server:
        settings.OPENAI_BASE_URL = server.stdout.readline().split()[-1]
        ask(CHAT)
        line = server.stdout.readline()
        server.terminate()

    assert line.startswith("200 ") and line.endswith("/v1/chat/completions gpt-6-luna prompt_analysis\n")
    assert server.returncode == 0
