"""Each way in which a call can fail, and what is said about it."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from analysis.engines.openai.failures import QUOTED_CHARACTERS, error_type, quoted
from analysis.engines.openai.responses import ResponsesTransport
from analysis.engines.openai.wire import Turn, Usage
from analysis.errors import (
    CallRefused,
    Malformed,
    ModelUnknown,
    QuotaExhausted,
    RateLimited,
    Refused,
    TimedOut,
    Truncated,
    Unreachable,
    WrongKey,
)
from analysis.testing.openai_server import Fault
from analysis.testing.openai_server.faults import KINDS
from analysis.tests.openai import KEY, QUESTION, SAID, ask, failure

#: A fault, the error it becomes, whether the server is at fault.
FAILURES = [
    (Fault("rate_limited"), RateLimited, False),
    (Fault("quota_exhausted"), QuotaExhausted, False),
    (Fault("error", status=402), QuotaExhausted, False),
    (Fault("unauthorized"), WrongKey, False),
    (Fault("forbidden"), WrongKey, False),
    (Fault("model_unknown"), ModelUnknown, False),
    (Fault("error", status=404, message="Not Found"), CallRefused, False),
    (Fault("bad_request"), CallRefused, False),
    (Fault("bad_request", status=422), CallRefused, False),
    (Fault("error", status=500), Unreachable, True),
    (Fault("error", status=502), Unreachable, True),
    (Fault("error", status=503), Unreachable, True),
    (Fault("html", status=502), Unreachable, True),
    (Fault("html", status=404), CallRefused, False),
    (Fault("error", status=408), TimedOut, True),
    (Fault("redirect", message="http://127.0.0.1:1/"), CallRefused, False),
    (Fault("html"), Malformed, True),
    (Fault("empty"), Malformed, True),
    (Fault("huge"), Malformed, True),
    (Fault("gzip_bomb"), Malformed, True),
    (Fault("truncated"), Truncated, False),
    (Fault("refusal"), Refused, False),
    (Fault("content_filter"), Refused, False),
    (Fault("late", seconds=9), TimedOut, True),
    (Fault("silence"), TimedOut, True),
    (Fault("drip"), TimedOut, True),
    (Fault("drip_headers"), TimedOut, True),
    (Fault("cut_before_headers"), Unreachable, True),
    (Fault("cut_in_body"), Unreachable, True),
]


@pytest.mark.parametrize("fault, kind, at_fault", FAILURES, ids=lambda value: getattr(value, "kind", None))
def test_each_fault_is_a_typed_failure_that_says_whose_it_is(fault, kind, at_fault, openai_server, transport):
    openai_server.script(fault)
    failed = failure(transport, timeout_seconds=0.5 if kind is TimedOut else 5)

    assert type(failed.error) is kind
    assert failed.facts.server_at_fault is at_fault
    assert KEY not in str(failed) and "<" not in str(failed) and str(failed).endswith(".")


def test_no_fault_of_the_server_was_forgotten():
    others = {"wrong_json", "wrong_shape", "raw"}  # See the tests below.

    assert {fault.kind for fault, _, _ in FAILURES} | others == set(KINDS)


@pytest.mark.parametrize("kind", ["wrong_json", "wrong_shape"])
def test_what_a_model_writes_is_handed_over_unchecked(kind, openai_server, transport):
    openai_server.script(Fault(kind))

    assert ask(transport).text.startswith("{")


@pytest.mark.parametrize("kind", ["truncated", "refusal", "content_filter"])
def test_what_was_paid_for_is_known_though_there_is_no_answer(kind, openai_server, transport):
    openai_server.script(Fault(kind))
    facts = failure(transport, dataclasses.replace(QUESTION, effort="low")).facts

    assert facts.usage.input_tokens > 0
    assert facts.usage.output_tokens >= facts.usage.reasoning_tokens == 64
    assert facts.request_id.startswith("req_") and facts.limits.requests_per_minute == 10_000


def test_an_answer_that_needs_more_room_than_it_has_is_truncated(openai_server, transport):
    failed = failure(transport, dataclasses.replace(QUESTION, max_output_tokens=5))

    assert isinstance(failed.error, Truncated)
    assert failed.error.details == {"max_output_tokens": 5}
    assert failed.facts.usage.output_tokens == 5


@pytest.mark.parametrize(
    "headers, at_least, at_most",
    [
        ({"retry-after": "7"}, 7, 7),
        ({"retry-after-ms": "250"}, 0.25, 0.25),
        ({"retry-after": "7200"}, 7200, 7200),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_wait_is_read_from_the_answer(
    status, headers, at_least, at_most, openai_server, transport
):
    openai_server.script(Fault("error", status=status, headers=headers))
    failed = failure(transport)

    assert at_least <= failed.facts.limits.retry_after_seconds <= at_most
    if status == 429:
        assert failed.error.details["retry_after_seconds"] == failed.facts.limits.retry_after_seconds


@pytest.mark.parametrize("status", [429, 503])
def test_how_long_to_wait_may_be_a_date(status, openai_server, transport):
    soon = datetime.now(UTC) + timedelta(hours=1)
    headers = {"retry-after": format_datetime(soon, usegmt=True)}
    openai_server.script(Fault("error", status=status, headers=headers))

    assert 3500 <= failure(transport).facts.limits.retry_after_seconds <= 3601


@pytest.mark.parametrize("headers", [{}, {"retry-after": "soon"}, {"retry-after": "-5"}])
def test_without_a_sensible_time_nobody_knows_how_long_to_wait(headers, openai_server, transport):
    openai_server.script(Fault("rate_limited", headers=headers))

    assert not failure(transport).facts.limits.retry_after_seconds


@pytest.mark.parametrize(
    "status, codes, message, kind",
    [
        (429, {"requests", "rate_limit_exceeded"}, "", RateLimited),
        (429, {"insufficient_quota"}, "", QuotaExhausted),
        (403, {"billing_not_active"}, "", QuotaExhausted),
        (400, {"content_filter"}, "", Refused),
        (400, {"invalid_prompt"}, "", Refused),
        (404, {"notfounderror"}, "The model `x` does not exist.", ModelUnknown),
        (404, set(), 'model "x" not found, try pulling it first', ModelUnknown),
        (400, {"model_not_found"}, "", ModelUnknown),
        (404, set(), "404 page not found", CallRefused),
        (400, {"invalid_request_error"}, "", CallRefused),
        (529, {"overloaded_error"}, "", Unreachable),
    ],
)
def test_servers_have_their_own_ways_to_say_it(status, codes, message, kind):
    assert error_type(status, codes, message) is kind


BODIES = [
    {"error": {"message": "No such option.", "type": "invalid_request_error"}},
    {"error": "No such option."},
    {"object": "error", "message": "No such option.", "type": "BadRequestError", "code": 400},
    {"detail": "No such option."},
]


@pytest.mark.parametrize("body", BODIES)
def test_the_servers_own_words_are_found_in_any_shape(body, openai_server, transport):
    openai_server.script(Fault("raw", status=400, message=json.dumps(body)))

    assert str(failure(transport).error) == "The server does not accept the call (400): No such option."


STRANGE = [
    "[]",
    "null",
    "3",
    '"text"',
    "{}",
    '{"choices": []}',
    '{"output": [{"type": "message"}]}',
    "{" * 9000,
]
STRANGE += ['{"choices": [{"message": {"content": [1]}}], "output": 7}', '{"output": null, "choices": null}']


@pytest.mark.parametrize("body", STRANGE)
def test_an_envelope_of_another_shape_is_malformed(body, openai_server, transport):
    openai_server.script(Fault("raw", status=200, message=body))
    failed = failure(transport)

    assert isinstance(failed.error, Malformed) and failed.facts.server_at_fault


@pytest.mark.parametrize("body", [{"output": [], "choices": [{"finish_reason": "stop"}]}])
def test_a_model_that_says_nothing_has_answered_all_the_same(body, openai_server, transport):
    openai_server.script(Fault("raw", message=json.dumps(body)))

    assert ask(transport).text == ""


def test_an_answer_without_usage_is_an_answer(openai_server, transport):
    body = {
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "{}"}]}],
        "choices": [{"message": {"content": "{}"}}],
        "usage": {"input_tokens": -1, "prompt_tokens": True, "output_tokens": "many"},
    }
    openai_server.script(Fault("raw", status=200, message=json.dumps(body)))
    reply = ask(transport)

    assert (reply.text, reply.usage) == ("{}", Usage())


@pytest.mark.parametrize(
    "code, kind",
    [("server_error", Unreachable), ("rate_limit_exceeded", RateLimited), ("invalid_prompt", Refused)],
)
def test_a_response_that_failed_after_it_was_accepted_is_a_failure(code, kind, openai_server):
    body = {"status": "failed", "error": {"code": code, "message": "…"}, "output": []}
    openai_server.script(Fault("raw", status=200, message=json.dumps(body)))

    assert type(failure(ResponsesTransport()).error) is kind


def test_a_response_that_is_not_finished_is_not_an_answer(openai_server):
    body = {
        "status": "queued",
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "{"}]}],
    }
    openai_server.script(Fault("raw", status=200, message=json.dumps(body)))

    assert isinstance(failure(ResponsesTransport()).error, Malformed)


@pytest.mark.parametrize(
    "message",
    [
        f"Incorrect key {KEY}",
        "You sent Bearer abcdefgh",
        "Wrong: sk-proj-abc_DEF-123",
        "Incorrect API key: sk-12***89",
        "local-key-without-a-prefix is wrong",
    ],
)
def test_no_key_is_repeated(message, settings):
    settings.OPENAI_API_KEY = "local-key-without-a-prefix"
    said = quoted(message, [])

    assert "(a key)" in said
    assert not [part for part in (KEY, "abcdefgh", "abc_DEF", "12***", "prefix") if part in said]


@pytest.mark.parametrize("status", [400, 403, 500])
def test_the_users_text_is_not_repeated(status, openai_server, transport):
    echo = f"[{{'type': 'string_type', 'input': [{{'role': 'user', 'content': '{SAID}'}}]}}]"
    openai_server.script(Fault("error", status=status, message=echo))

    assert "Danube" not in str(failure(transport).error)


def test_a_filler_in_place_of_a_key_is_no_secret(settings):
    settings.OPENAI_API_KEY = "a"

    assert quoted("No such option at all", []) == "No such option at all"


def test_a_long_message_is_cut_and_written_in_one_line():
    said = quoted("It is\n\x1b[31m too long. " * 100, [])

    assert len(said) == QUOTED_CHARACTERS
    assert said.isprintable() and said.endswith("…")


def test_a_short_message_is_not_mistaken_for_the_users():
    turn = Turn("user", '{"max_tokens": 5}')

    assert quoted("Unknown option: max_tokens", [turn.text]) == "Unknown option: max_tokens"
