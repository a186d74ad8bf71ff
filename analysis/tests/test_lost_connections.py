"""PostgreSQL restarts while a server is asked: the answer is returned, and the next row is written."""

from collections.abc import Callable

import psycopg2
import pytest
from django.db import connection
from pytest_django import Settings

from analysis.contracts import PromptInput
from analysis.engines.base import CallContext
from analysis.models import Outcome, TextCall
from analysis.services import prompt_analyse, texts_moderate
from analysis.testing.answers import ANSWERS
from analysis.testing.openai_server import Fault, OpenAIServer
from videogen.kernel.waiting import Tick

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lose() -> Tick:
    """A tick that ends our connection, the first time, from another one, as a restart does."""
    connection.ensure_connection()
    ours = [connection.connection.info.backend_pid]

    def tick() -> None:
        if ours:
            operator = psycopg2.connect(**connection.get_connection_params())
            operator.cursor().execute("SELECT pg_terminate_backend(%s, 1000)", ours)
            operator.close()
            ours.clear()

    return tick


def moderate(context: CallContext) -> None:
    texts_moderate(texts=["A cup on a table"], part="input", context=context)


def analyse(context: CallContext) -> None:
    prompt_analyse(request=PromptInput(prompt="A cup on a table"), context=context)


@pytest.mark.parametrize(("task", "do"), [("moderation", moderate), ("prompt_analysis", analyse)])
def test_a_connection_that_is_lost_during_a_call_costs_one_row_and_nothing_else(
    openai_server: OpenAIServer, settings: Settings, lose: Tick, task: str, do: Callable[[CallContext], None]
) -> None:
    settings.MODERATION, settings.MODERATION_MODEL = "request", "omni-moderation-latest"
    openai_server.answers = dict(ANSWERS)
    openai_server.script(Fault("late", task=task, seconds=0.6))
    do(CallContext(tick=lose))
    prompt_analyse(request=PromptInput(prompt="Another cup"))
    assert TextCall.objects.filter(task="prompt_analysis", outcome=Outcome.ANSWERED).count() == 1
