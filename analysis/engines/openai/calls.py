"""Makes calls to language models: limited, protected by a breaker, and in the ledger before they are made."""

import json
import logging
import math
import time
import uuid
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from django.utils import timezone

from analysis.engines.base import CallContext
from analysis.engines.openai.wire import CallFailed, Facts, Question, Reply, ServerLimits, Transport
from analysis.errors import AnalysisError, RateLimited
from analysis.language_models import Price, cost_usd, price_of
from analysis.models import Outcome, TextCall
from videogen.kernel.breaker import breaker_check, breaker_record
from videogen.kernel.errors import Postponed
from videogen.kernel.quota import (
    Limits,
    Place,
    quota_learn,
    quota_refused,
    quota_settle,
    quota_take,
)

logger = logging.getLogger(__name__)

#: A token of most texts has more of them, so an estimate is rather too high.
CHARACTERS_PER_TOKEN = 3.5
#: A call that did not end so long after its time limit has died, and its place is free again.
LEASE_GRACE_SECONDS = 10

NOTHING_KNOWN = Facts()


@dataclass(frozen=True)
class Ending:
    """How a call ended. `tokens` is None where nobody knows what it used."""

    outcome: Outcome
    facts: Facts = NOTHING_KNOWN
    error: AnalysisError | None = None

    @classmethod
    def of_reply(cls, reply: Reply) -> Self:
        """An answer came."""
        return cls(Outcome.ANSWERED, Facts(reply.usage, reply.request_id, reply.limits))

    @property
    def tokens(self) -> int | None:
        used = self.facts.usage.input_tokens + self.facts.usage.output_tokens
        lost = self.outcome == Outcome.ABANDONED or self.facts.server_at_fault
        return None if lost and not used else used


@dataclass
class LedgerCaller:
    """The `Caller` for one answer. `cost_usd` is what its calls have cost together so far."""

    transport: Transport
    context: CallContext
    cost_usd: Decimal = field(default=Decimal(0), init=False)

    def call(self, task: str, question: Question, *, version: str, attempt: int) -> Reply:
        """Ask once. Raises an `AnalysisError`, `Postponed` where it is too early, or what `tick` raises.

        The ledger has the call before the request is sent; without a database there is no call. An
        answer is returned even if the ledger cannot be told of it.
        """
        subject = subject_of(question.model)
        place = self._place(task, question, subject)
        row = self._row(task, question, version, attempt, place)
        ending, started = Ending(Outcome.ABANDONED), time.monotonic()
        try:
            reply = self.transport.send(
                question, timeout_seconds=settings.OPENAI_TIMEOUT_SECONDS, tick=self.context.tick
            )
            ending = Ending.of_reply(reply)
            _heard(subject, reply.limits)
            return reply
        except CallFailed as failure:
            ending = Ending(Outcome.FAILED, failure.facts, failure.error)
            _heard(subject, failure.facts.limits)
            raise _consequence(subject, failure) from failure
        finally:
            self._settle(row, place, ending, latency_seconds=time.monotonic() - started)

    def _place(self, task: str, question: Question, subject: str) -> Place:
        # Whoever comes back for a place, or as the one who tries a server out, is known by the ticket.
        ticket = f"{self.context.ticket or uuid.uuid4()}:{task}"
        breaker_check(subject, ticket=ticket)
        return quota_take(
            subject=subject,
            limits=limits_configured(),
            cost=tokens_reserved(question),
            ticket=ticket,
            lease_seconds=settings.OPENAI_TIMEOUT_SECONDS + LEASE_GRACE_SECONDS,
            processes=settings.ANALYSIS_WORKERS,
            tick=self.context.tick,
        )

    def _row(self, task: str, question: Question, version: str, attempt: int, place: Place) -> TextCall:
        row = TextCall(
            task=task,
            model=question.model,
            prompt_version=version,
            transport=self.transport.name,
            generation_id=self.context.generation_id,
            attempt=attempt,
            **_frozen(price_of(question.model)),
        )
        try:
            with transaction.atomic(durable=True):  # A call inside a transaction would be forgotten with it.
                row.save(force_insert=True)
        except DatabaseTrouble:
            quota_settle(place, cost=0)
            raise
        return row

    def _settle(self, row: TextCall, place: Place, ending: Ending, *, latency_seconds: float) -> None:
        subject, facts = subject_of(row.model), ending.facts
        quota_settle(place, cost=ending.tokens)
        if ending.outcome != Outcome.ABANDONED:
            breaker_record(subject, failed=facts.server_at_fault)
        cost = cost_usd(price_of(row.model), facts.usage)
        self.cost_usd += cost
        try:
            TextCall.objects.filter(pk=row.pk).update(
                outcome=ending.outcome,
                error_code=ending.error.code if ending.error else "",
                error_message=str(ending.error) if ending.error else "",
                provider_request_id=facts.request_id[:200],
                latency_seconds=latency_seconds,
                input_tokens=facts.usage.input_tokens,
                cached_tokens=facts.usage.cached_tokens,
                cache_write_tokens=facts.usage.cache_write_tokens,
                output_tokens=facts.usage.output_tokens,
                reasoning_tokens=facts.usage.reasoning_tokens,
                cost_usd=cost,
                finished_at=timezone.now(),
            )
        except DatabaseTrouble as error:
            logger.error("The ledger does not know that call %s cost $%s: %s", row.pk, cost, error)
            connection_leave()


def cached_record(*, task: str, model: str, version: str, context: CallContext) -> None:
    """Write down that an answer was there already, and cost nothing. The answer matters more than the row."""
    try:
        TextCall.objects.create(
            task=task,
            model=model,
            prompt_version=version,
            generation_id=context.generation_id,
            outcome=Outcome.CACHED,
            finished_at=timezone.now(),
        )
    except DatabaseTrouble as error:
        logger.warning("The ledger does not know of a cached %s by %s: %s", task, model, error)
        connection_leave()


def connection_leave() -> None:
    """After trouble that was forgiven: without a broken connection, the next query opens a new one."""
    connection.close_if_unusable_or_obsolete()


def subject_of(model: str) -> str:
    """What limits and the circuit breaker call a model."""
    return f"openai:{model}"


def limits_configured() -> Limits:
    """What the settings say of each model; None is learned from the server."""
    return Limits(
        requests_per_minute=settings.OPENAI_REQUESTS_PER_MINUTE or None,
        tokens_per_minute=settings.OPENAI_TOKENS_PER_MINUTE or None,
        concurrent=settings.OPENAI_CONCURRENT_CALLS,
    )


def tokens_reserved(question: Question) -> int:
    """What a call uses at most: its characters, and all the room that the answer has.

    Servers set so much aside until a call has ended, and count what it really used only then
    (https://learn.microsoft.com/en-us/answers/questions/1381398).
    """
    texts = [question.instructions, json.dumps(question.schema), *(turn.text for turn in question.turns)]
    return math.ceil(sum(len(text) for text in texts) / CHARACTERS_PER_TOKEN) + question.max_output_tokens


def _frozen(price: Price | None) -> dict[str, Decimal]:
    if price is None:
        return {}
    return {
        "input_price_usd": price.input_usd,
        "cached_price_usd": price.cached_usd,
        "cache_write_price_usd": price.cache_write_usd,
        "output_price_usd": price.output_usd,
    }


def _heard(subject: str, limits: ServerLimits) -> None:
    quota_learn(
        subject=subject,
        requests_per_minute=limits.requests_per_minute,
        tokens_per_minute=limits.tokens_per_minute,
    )


def _consequence(subject: str, failure: CallFailed) -> AnalysisError | Postponed:
    """What the caller gets, after all processes were told how long to leave the server alone."""
    error = failure.error
    if not isinstance(error, RateLimited):
        return error
    seconds = quota_refused(subject=subject, seconds=failure.facts.limits.retry_after_seconds)
    return Postponed(f"{error} Again in {seconds:.0f} s.", seconds=seconds, code=error.code)
