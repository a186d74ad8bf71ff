"""Words that may not be shown: refused when they come, and stopped before they cost anything."""

from contextlib import ExitStack
from typing import Any

import pytest
from django.contrib.auth.models import User

from analysis.errors import Unsafe
from analysis.testing.openai_server import Fault, OpenAIServer
from generations import tasks
from generations.models import Generation, IdempotencyKey
from generations.services import moderation
from generations.services.generations import generation_create
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.following import error_of
from generations.tests.language_model import language_model as language_model
from generations.tests.language_model import text_stages_run
from generations.tests.requests import REQUEST

pytestmark = pytest.mark.django_db

BAD = "so unsafe-violence"
BODY: dict[str, Any] = {"prompt": "A boat on the sea"}
BAD_BODIES = {
    "prompt": {"prompt": BAD},
    "style": BODY | {"style": BAD},
    "name": BODY | {"brand": {"name": BAD}},
    "tone": BODY | {"brand": {"name": "Kumo", "tone": BAD}},
    "guidelines": BODY | {"brand": {"name": "Kumo", "guidelines": BAD}},
}
BRANDED = REQUEST | {"brand": {"name": "Kumo", "palette": [], "tone": "quiet", "guidelines": ""}}


def moderations(server: OpenAIServer) -> int:
    return len(server.ledger.asked("moderation"))


def paid_calls(server: OpenAIServer) -> int:
    return len(server.ledger.asked()) - moderations(server)


@pytest.fixture
def at_the_stage(settings: Any) -> None:
    settings.MODERATION = "stage"


@pytest.mark.parametrize("query", ["", "?dry_run=true"])
@pytest.mark.parametrize("field", BAD_BODIES)
def test_a_blocked_text_is_refused_before_anything_is_made(
    api: JsonClient, language_model: OpenAIServer, field: str, query: str
) -> None:
    response = api.post(GENERATIONS + query, BAD_BODIES[field], headers={"Idempotency-Key": "k"})
    problem = problem_of(response, 422)
    assert (problem["code"], problem["retryable"]) == ("safety.input.violence", False)
    assert "Rewrite" in problem["hint"]
    assert BAD not in response.content.decode()
    assert (Generation.objects.count(), IdempotencyKey.objects.count()) == (0, 0)


def test_a_replay_is_not_moderated_again(
    api: JsonClient, language_model: OpenAIServer, settings: Any
) -> None:
    settings.ANALYSIS_CACHE_SECONDS = 0
    for _ in range(2):
        assert api.post(GENERATIONS, BODY, headers={"Idempotency-Key": "k"}).status_code == 202
    assert moderations(language_model) == 1


def test_one_verdict_serves_the_request_and_both_its_first_stages(
    alice: User, language_model: OpenAIServer
) -> None:
    generation = text_stages_run(generation_create(owner=alice, request=BRANDED).generation)
    first, second = language_model.ledger.asked("moderation")
    assert first.body["input"] == [BRANDED["prompt"], "Kumo", "quiet"]
    assert len(second.body["input"]) >= generation.clip_count  # What was written for it.


@pytest.mark.parametrize(
    "fault",
    [
        Fault("error", "moderation"),
        Fault("rate_limited", "moderation", headers={"retry-after": "0"}),
    ],
)
def test_where_nobody_knows_the_stage_asks_again(
    alice: User, language_model: OpenAIServer, fault: Fault
) -> None:
    language_model.script(fault)
    generation = generation_create(owner=alice, request=REQUEST | {"prompt": BAD}).generation
    text_stages_run(generation)
    assert error_of(generation)["code"] == "safety.input.violence"
    assert paid_calls(language_model) == 0


@pytest.mark.usefixtures("at_the_stage")
@pytest.mark.parametrize("blocked", [{"prompt": BAD}, {"brand": {"name": BAD}}])
@pytest.mark.parametrize("first", ["prompt_analysis", "brand_analysis"])
def test_whichever_stage_comes_first_stops_what_is_blocked_and_says_what_can_be_done(
    alice: User, language_model: OpenAIServer, blocked: dict[str, Any], first: str
) -> None:
    generation = generation_create(owner=alice, request=BRANDED | blocked).generation
    tasks.run_stage(str(generation.stage_runs.get(stage=first).pk))
    generation.refresh_from_db()
    error = error_of(generation)
    assert (error["code"], error["retryable"]) == ("safety.input.violence", False)
    assert error["hint"] == Unsafe.hint
    assert paid_calls(language_model) == 0


def test_nothing_is_asked_where_moderation_is_off(
    alice: User, language_model: OpenAIServer, settings: Any
) -> None:
    settings.MODERATION = "off"
    generation = text_stages_run(generation_create(owner=alice, request=BRANDED).generation)
    assert (generation.clip_count > 0, moderations(language_model)) == (True, 0)


@pytest.mark.parametrize("place", ["micro_prompt", "title"])
def test_what_was_written_is_looked_at_too(alice: User, language_model: OpenAIServer, place: str) -> None:
    written = language_model.answers["micro_prompts"]

    def worse(*asked: Any) -> Any:
        answer: Any = written(*asked)
        answer["scenes"][0][place] = BAD
        return answer

    language_model.answers["micro_prompts"] = worse
    generation = text_stages_run(generation_create(owner=alice, request=REQUEST).generation)
    error = error_of(generation)
    assert (error["code"], error["stage"]) == ("safety.output.violence", "micro_prompts")
    assert generation.analysis_usd > 0


def test_a_fallback_that_was_asked_for_goes_on_unmoderated_and_says_so_once(
    alice: User, language_model: OpenAIServer, settings: Any
) -> None:
    settings.ANALYSIS_FALLBACK = "local"
    language_model.script(Fault("error", times=50))
    generation = generation_create(owner=alice, request=BRANDED).generation
    text_stages_run(generation)
    told = [warning for warning in generation.warnings if "Moderation was skipped" in warning]
    assert (generation.error, len(told)) == (None, 1)
    assert sum("done by the local engine" in warning for warning in generation.warnings) == 3


def test_who_comes_while_others_ask_is_let_through_to_the_stage(
    alice: User, language_model: OpenAIServer
) -> None:
    with ExitStack() as others:
        for _ in range(moderation.ASKING_THREADS):
            others.enter_context(moderation._asking)
        generation = generation_create(owner=alice, request=REQUEST | {"prompt": BAD}).generation
    assert moderations(language_model) == 0
    assert error_of(text_stages_run(generation))["code"] == "safety.input.violence"
