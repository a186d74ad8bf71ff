"""What is sent to a language model, what is read from it, and when it is left."""

import dataclasses
import json
import os
import signal
import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import pytest

from analysis.engines.openai import guard
from analysis.engines.openai.chat import ChatTransport
from analysis.engines.openai.client import openai_client
from analysis.engines.openai.headers import limits_of
from analysis.engines.openai.responses import ResponsesTransport
from analysis.engines.openai.transport import transport_chosen
from analysis.engines.openai.wire import ServerLimits, Turn
from analysis.errors import CallRefused, Malformed, TimedOut, Unreachable, WrongKey
from analysis.testing.openai_server import Fault, OpenAIServer
from analysis.tests.openai import KEY, QUESTION, SCHEMA, ask, failure
from videogen.testing.waiting import eventually


def test_an_answer_comes_with_its_text_its_usage_and_the_servers_limits(openai_server, transport):
    reply = ask(transport)

    jsonschema.validate(json.loads(reply.text), SCHEMA)
    assert reply.usage.input_tokens > 0 < reply.usage.output_tokens
    assert reply.request_id.startswith("req_")
    assert reply.limits == ServerLimits(10_000, 2_000_000)


def test_a_known_beginning_is_cached_and_thinking_is_counted(openai_server, transport):
    long = dataclasses.replace(QUESTION, instructions="Look closely. " * 500, effort="low")
    first, second = ask(transport, long).usage, ask(transport, long).usage

    assert (first.cached_tokens, first.reasoning_tokens) == (0, 64)
    assert 1024 <= second.cached_tokens == first.cache_write_tokens <= second.input_tokens
    assert second.cache_write_tokens == 0


def test_instructions_and_turns_keep_their_places(openai_server, transport):
    turns = (*QUESTION.turns, Turn("assistant", "{}"), Turn("user", "That is not enough."))
    ask(transport, dataclasses.replace(QUESTION, turns=turns))

    body = openai_server.ledger.asked()[0].body
    sent = body.get("input") or body["messages"][1:]
    assert [(turn["role"], turn["content"]) for turn in sent] == [(turn.role, turn.text) for turn in turns]
    assert QUESTION.instructions in json.dumps(body.get("instructions") or body["messages"][0])


def test_an_effort_is_sent_only_where_there_is_one(openai_server, transport):
    ask(transport)
    ask(transport, dataclasses.replace(QUESTION, effort="low"))

    without, with_it = (asked.body for asked in openai_server.ledger.asked())
    assert with_it.keys() - without.keys() in ({"reasoning"}, {"reasoning_effort"})


@pytest.mark.parametrize("to_openai", [ResponsesTransport(), ChatTransport()])
def test_openai_is_told_to_store_nothing(to_openai, settings):
    settings.OPENAI_BASE_URL = ""

    assert to_openai.body(QUESTION)["store"] is False


@pytest.mark.parametrize(
    "base_url, limit",
    [
        ("", "max_completion_tokens"),
        ("https://eu.api.openai.com/v1", "max_completion_tokens"),
        ("https://acme.openai.azure.com/openai/v1", "max_completion_tokens"),
        ("http://localhost:11434/v1", "max_tokens"),
        ("https://openai.com.example.org/v1", "max_tokens"),
    ],
)
def test_chat_calls_the_limit_what_the_server_calls_it(base_url, limit, settings):
    settings.OPENAI_BASE_URL = base_url
    body = ChatTransport().body(QUESTION)

    assert {"max_tokens", "max_completion_tokens"} & body.keys() == {limit}


@pytest.mark.parametrize("name, kind", [("responses", ResponsesTransport), ("chat", ChatTransport)])
def test_the_settings_choose_the_protocol(name, kind, settings):
    settings.OPENAI_TRANSPORT = name

    assert type(transport_chosen()) is kind


def test_the_key_goes_into_its_header_and_no_compression_is_asked_for(openai_server, transport):
    ask(transport)

    headers = openai_server.ledger.asked()[0].headers
    assert headers["authorization"] == f"Bearer {KEY}"
    assert headers["accept-encoding"] == "identity"


def test_a_server_without_a_key_gets_a_word_in_its_place(openai_server, transport, settings):
    settings.OPENAI_API_KEY = ""
    ask(transport)

    assert openai_server.ledger.asked()[0].headers["authorization"] == "Bearer none"


def test_a_failed_call_is_never_repeated(openai_server, transport):
    openai_server.script(Fault("error", status=503), Fault("rate_limited", headers={"retry-after": "0"}))
    failure(transport), failure(transport)

    assert [asked.status for asked in openai_server.ledger.asked()] == [503, 429]


@pytest.mark.parametrize("kind", ["silence", "drip", "drip_headers", "late"])
def test_a_slow_server_holds_nobody_longer_than_the_timeout(kind, openai_server, transport):
    openai_server.script(Fault(kind, seconds=0.05 if "drip" in kind else 30))
    started = time.monotonic()
    failed = failure(transport, timeout_seconds=0.6)

    assert isinstance(failed.error, TimedOut) and failed.facts.server_at_fault
    assert time.monotonic() - started < 1.0
    assert eventually(lambda: not openai_server.ledger.running, seconds=2)  # It noticed that we left.


class NobodyWantsIt(BaseException):
    """Neither an Exception nor anything that a library knows."""


@pytest.mark.parametrize("reason", [NobodyWantsIt, KeyboardInterrupt, RuntimeError])
@pytest.mark.parametrize("kind", ["silence", "drip"])
def test_a_call_that_nobody_wants_any_more_is_left_at_once(reason, kind, openai_server, transport):
    openai_server.script(Fault(kind))
    cancelled_at = time.monotonic() + 0.3

    def tick():
        if time.monotonic() > cancelled_at:
            raise reason

    with pytest.raises(reason):
        transport.send(QUESTION, timeout_seconds=30, tick=tick)
    assert time.monotonic() < cancelled_at + 0.5
    assert eventually(lambda: openai_server.ledger.asked()[0].status == 499, seconds=1)


def test_a_workers_alarm_ends_the_wait(openai_server, transport):
    def alarm(*_):
        raise NobodyWantsIt

    openai_server.script(Fault("silence"))
    before = signal.signal(signal.SIGALRM, alarm)  # As RQ limits the time of a job.
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    with pytest.raises(NobodyWantsIt):
        ask(transport)
    signal.signal(signal.SIGALRM, before)

    assert eventually(lambda: openai_server.ledger.asked()[0].status == 499, seconds=1)


def test_the_tick_comes_in_the_callers_thread_a_few_times_a_second(openai_server, transport):
    openai_server.script(Fault("late", seconds=1.1))
    threads = []
    transport.send(QUESTION, timeout_seconds=5, tick=lambda: threads.append(threading.current_thread()))

    assert 3 <= len(threads) <= 5
    assert set(threads) == {threading.current_thread()}


def test_no_thread_outlives_its_call(openai_server, transport):
    openai_server.script(Fault("silence"), Fault("cut_in_body"))
    failure(transport, timeout_seconds=0.3), failure(transport), ask(transport)

    assert eventually(
        lambda: not [each for each in threading.enumerate() if each.name == "openai"], seconds=1
    )


def test_an_answer_of_100_mb_costs_neither_memory_nor_time(openai_server, transport):
    openai_server.script(Fault("huge"))
    tracemalloc.start()
    started = time.monotonic()
    failed = failure(transport)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert isinstance(failed.error, Malformed) and failed.facts.server_at_fault
    assert peak < 2 * guard.MAX_ANSWER_BYTES
    assert time.monotonic() - started < 3


def test_a_compressed_answer_is_not_even_read(openai_server, transport):
    openai_server.script(Fault("gzip_bomb"))
    failed = failure(transport)

    assert isinstance(failed.error, Malformed) and failed.facts.server_at_fault
    assert "compressed" in str(failed.error)


def test_an_answer_just_within_the_bound_is_read(openai_server, transport, monkeypatch):
    openai_server.answers["prompt_analysis"] = lambda *_: {"subject": "x" * 1000}
    monkeypatch.setattr(guard, "MAX_ANSWER_BYTES", 4000)
    ask(transport)
    monkeypatch.setattr(guard, "MAX_ANSWER_BYTES", 1000)

    assert isinstance(failure(transport).error, Malformed)


def test_a_redirect_does_not_take_the_key_elsewhere(openai_server, transport):
    with OpenAIServer() as elsewhere:
        openai_server.script(Fault("redirect", message=elsewhere.url))
        failed = failure(transport)

    assert isinstance(failed.error, CallRefused)
    assert elsewhere.ledger.asked() == []


def test_a_server_that_is_away_is_unreachable(transport, settings):
    with OpenAIServer() as server:
        settings.OPENAI_BASE_URL = server.url
    failed = failure(transport)

    assert isinstance(failed.error, Unreachable) and failed.facts.server_at_fault
    assert str(failed.error) == "There is no connection to 127.0.0.1."


def test_fifty_calls_at_once_take_no_longer_than_one(openai_server, transport):
    openai_server.latency_seconds = 3.0  # A busy machine takes its time until the last one has been sent.
    started = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda _: ask(transport), range(50)))

    assert len(replies) == openai_server.ledger.max_concurrent == 50
    assert time.monotonic() - started < 15


def test_a_client_made_and_used_before_a_fork_works_after_it(openai_server, transport):
    ask(transport)
    client = openai_client()
    child = os.fork()
    if not child:
        same = openai_client() is client and bool(ask(transport).text)
        os._exit(0 if same else 1)

    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("key", ["sk-schlüssel", "sk-a\nsk-b"])
def test_a_key_that_no_header_can_carry_is_a_wrong_key(key, openai_server, transport, settings):
    settings.OPENAI_API_KEY = key

    assert isinstance(failure(transport).error, WrongKey)
    assert openai_server.ledger.asked() == []


@pytest.mark.parametrize(
    "headers, limits",
    [
        ({}, ServerLimits()),
        ({"x-ratelimit-limit-requests": "60"}, ServerLimits(60)),
        ({"x-ratelimit-limit-requests": "0"}, ServerLimits()),
        ({"x-ratelimit-limit-requests": "-1"}, ServerLimits()),
        ({"x-ratelimit-limit-tokens": "plenty"}, ServerLimits()),
        ({"x-ratelimit-limit-tokens": "9" * 400}, ServerLimits()),
        ({"x-ratelimit-limit-tokens": "30000"}, ServerLimits(tokens_per_minute=30_000)),
        ({"x-ratelimit-limit-requests": "60", "x-ratelimit-reset-requests": "58s"}, ServerLimits(60)),
        ({"x-ratelimit-limit-requests": "14400", "x-ratelimit-reset-requests": "2m59.56s"}, ServerLimits()),
    ],
)
def test_limits_are_read_only_where_they_make_sense(headers, limits):
    assert limits_of(headers) == limits
