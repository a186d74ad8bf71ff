"""A call is in the ledger before it is made, is settled however it ends, and keeps to the limits."""

import threading
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction
from pytest_django import Settings

from analysis.engines.base import CallContext
from analysis.engines.openai.calls import (
    LedgerCaller,
    cached_record,
    subject_of,
    tokens_reserved,
)
from analysis.engines.openai.responses import ResponsesTransport
from analysis.engines.openai.wire import Question, Reply
from analysis.errors import AnalysisError, QuotaExhausted
from analysis.models import Outcome, TextCall
from analysis.testing.openai_server import Fault, OpenAIServer
from analysis.tests.openai import QUESTION
from videogen.kernel.breaker import breaker_state
from videogen.kernel.errors import Postponed
from videogen.kernel.quota import QuotaState, quota_state

pytestmark = pytest.mark.django_db(transaction=True)
GENERATION = UUID("0badcafe-0000-4000-8000-000000000000")
#: Each test asks a model of its own, a snapshot of gpt-6-luna, because limits are remembered.
MODELS = (f"gpt-6-luna-{number:04}" for number in count(1))


@pytest.fixture
def question() -> Question:
    return replace(QUESTION, model=next(MODELS))


def ask(question: Question, **context: Any) -> Reply:
    caller = LedgerCaller(ResponsesTransport(), CallContext(**context))
    return caller.call("prompt_analysis", question, version="3", attempt=1)


def quota(question: Question) -> QuotaState:
    return quota_state(subject_of(question.model))


def test_an_answer_is_in_the_ledger_with_its_tokens_and_its_price(
    question: Question, openai_server: OpenAIServer
) -> None:
    caller = LedgerCaller(ResponsesTransport(), CallContext(generation_id=GENERATION))
    reply = caller.call("prompt_analysis", question, version="3", attempt=2)
    row = TextCall.objects.get()
    assert (row.task, row.model, row.prompt_version, row.attempt) == (
        "prompt_analysis",
        question.model,
        "3",
        2,
    )
    assert (row.outcome, row.transport, row.generation_id) == (Outcome.ANSWERED, "responses", GENERATION)
    assert (row.input_tokens, row.output_tokens) == (reply.usage.input_tokens, reply.usage.output_tokens)
    assert (row.input_price_usd, row.output_price_usd) == (Decimal("0.1"), Decimal("0.5"))
    assert row.provider_request_id == reply.request_id != ""
    assert row.latency_seconds is not None and row.finished_at is not None
    dollars = (row.input_tokens * Decimal("0.1") + row.output_tokens * Decimal("0.5")) / 1_000_000
    assert row.cost_usd == caller.cost_usd == dollars > 0


def test_the_calls_of_one_answer_add_up(question: Question, openai_server: OpenAIServer) -> None:
    caller = LedgerCaller(ResponsesTransport(), CallContext())
    for attempt in (1, 2):
        caller.call("prompt_analysis", question, version="3", attempt=attempt)
    assert caller.cost_usd == TextCall.objects.all().cost_usd() > 0


def test_the_row_is_committed_before_the_server_is_asked(
    question: Question, openai_server: OpenAIServer
) -> None:
    seen: list[str] = []

    def answer(task: str, schema: Any, data: Any) -> Any:
        seen.extend(TextCall.objects.values_list("outcome", flat=True))  # On a connection of its own.
        connection.close()
        return {}

    openai_server.answers["prompt_analysis"] = answer
    ask(question)
    assert seen == [Outcome.STARTED]


@pytest.mark.parametrize(
    ("fault", "code", "costs"),
    [
        (Fault("unauthorized"), "analysis.unauthorized", False),
        (Fault("model_unknown"), "analysis.model_unknown", False),
        (Fault("error"), "analysis.unreachable", False),
        (Fault("html"), "analysis.malformed", False),
        (Fault("truncated"), "analysis.truncated", True),
        (Fault("refusal"), "safety.refused", True),
        (Fault("cut_in_body"), "analysis.unreachable", False),
        (Fault("quota_exhausted"), "analysis.quota_exhausted", False),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_a_failure_is_in_the_ledger_with_what_it_cost(
    question: Question, openai_server: OpenAIServer, fault: Fault, code: str, costs: bool
) -> None:
    openai_server.script(fault)
    with pytest.raises(AnalysisError) as failed:
        ask(question)
    row = TextCall.objects.get()
    assert (row.outcome, row.error_code, failed.value.code) == (Outcome.FAILED, code, code)
    assert row.error_message == str(failed.value)
    assert (row.cost_usd > 0, quota(question).in_flight) == (costs, 0)


def test_a_rate_limit_sends_the_caller_away_and_holds_all_others_back(
    question: Question, openai_server: OpenAIServer
) -> None:
    openai_server.script(Fault("rate_limited", headers={"retry-after": "20"}))
    with pytest.raises(Postponed) as sent_away:
        ask(question)
    assert (sent_away.value.code, round(sent_away.value.seconds)) == ("analysis.rate_limited", 20)
    with pytest.raises(Postponed):
        ask(question)
    assert [call.outcome for call in TextCall.objects.all()] == [Outcome.FAILED]
    assert len(openai_server.ledger.asked()) == 1


def test_limits_that_a_refusal_tells_of_are_learned(question: Question, openai_server: OpenAIServer) -> None:
    told = {"retry-after": "1", "x-ratelimit-limit-requests": "42", "x-ratelimit-limit-tokens": "4200"}
    openai_server.script(Fault("rate_limited", headers=told))
    with pytest.raises(Postponed):
        ask(question)
    assert (quota(question).requests_per_minute, quota(question).tokens_per_minute) == (42, 4200)


def test_limits_that_an_answer_tells_of_are_learned(question: Question, openai_server: OpenAIServer) -> None:
    ask(question)
    assert (quota(question).requests_per_minute, quota(question).tokens_per_minute) == (10_000, 2_000_000)


def test_without_money_everybody_is_told_so_and_nobody_is_made_to_wait(
    question: Question, openai_server: OpenAIServer
) -> None:
    openai_server.script(Fault("quota_exhausted", times=2))
    for _ in range(2):
        with pytest.raises(QuotaExhausted):
            ask(question)
    assert quota(question).paused_seconds == 0


class NobodyWantsIt(Exception):
    """Raised by a tick."""


def ticking(times: int) -> Callable[[], None]:
    """A tick that raises when it is called for the `times`-th time after the row was written."""
    left = [times]

    def tick() -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise NobodyWantsIt

    return tick


def test_a_call_that_nobody_wants_any_more_is_settled(
    question: Question, openai_server: OpenAIServer
) -> None:
    openai_server.script(Fault("silence"))
    with pytest.raises(NobodyWantsIt):
        ask(question, tick=ticking(3))
    row = TextCall.objects.get()
    assert (row.outcome, row.error_code, row.cost_usd) == (Outcome.ABANDONED, "", 0)
    assert (row.finished_at is not None, quota(question).in_flight) == (True, 0)


def test_one_call_at_a_time_where_only_one_is_allowed(
    question: Question, openai_server: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_CONCURRENT_CALLS = 1
    openai_server.latency_seconds = 0.3
    done: list[Reply] = []

    def one() -> None:
        done.append(ask(question))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), openai_server.ledger.max_concurrent) == (2, 1)


@pytest.mark.parametrize(
    ("kind", "state"), [("refusal", "closed"), ("bad_request", "closed"), ("error", "open")]
)
def test_only_what_is_the_server_s_fault_trips_the_breaker(
    question: Question, openai_server: OpenAIServer, kind: str, state: str
) -> None:
    openai_server.script(Fault(kind, times=20))
    for _ in range(20):
        with pytest.raises((AnalysisError, Postponed)):
            ask(question)
    assert breaker_state(subject_of(question.model)).state == state
    assert TextCall.objects.count() == len(openai_server.ledger.asked()) < (20 if state == "open" else 21)


def test_without_a_database_nothing_is_asked(
    question: Question, openai_server: OpenAIServer, away_database: Any
) -> None:
    with away_database(), pytest.raises(OperationalError):
        ask(question)
    assert (openai_server.ledger.asked(), quota(question).in_flight) == ([], 0)


def test_an_answer_is_not_lost_with_the_database(
    question: Question, openai_server: OpenAIServer, away_database: Any, caplog: pytest.LogCaptureFixture
) -> None:
    openai_server.script(Fault("late", seconds=0.5))
    away = away_database()
    ticks = iter([away.__enter__])
    reply = ask(question, tick=lambda: next(ticks, lambda: None)())
    away.__exit__(None, None, None)
    assert reply.text
    assert "The ledger does not know that call" in caplog.text
    assert TextCall.objects.get().outcome == Outcome.STARTED


def test_a_call_inside_a_transaction_is_refused(question: Question, openai_server: OpenAIServer) -> None:
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        ask(question)
    assert openai_server.ledger.asked() == []


def test_a_message_that_the_database_cannot_hold_is_kept_without_that(
    question: Question, openai_server: OpenAIServer
) -> None:
    openai_server.script(Fault("bad_request", message="half \ud83d and \x00 nothing"))
    with pytest.raises(AnalysisError):
        ask(question)
    assert TextCall.objects.get().error_code == "analysis.call_refused"


def test_the_reserve_is_the_input_and_all_the_room() -> None:
    assert 2000 < tokens_reserved(QUESTION) < 2300


def test_a_cached_answer_is_in_the_ledger_and_free() -> None:
    cached_record(task="prompt_analysis", model="gpt-6-luna", version="3", context=CallContext(GENERATION))
    row = TextCall.objects.get()
    assert (row.outcome, row.cost_usd, row.generation_id) == (Outcome.CACHED, 0, GENERATION)


def test_a_cached_answer_is_not_lost_with_the_database(away_database: Any) -> None:
    with away_database():
        cached_record(task="prompt_analysis", model="gpt-6-luna", version="3", context=CallContext())
