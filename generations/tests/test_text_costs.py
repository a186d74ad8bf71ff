"""What the text tasks cost is part of the estimate before, and of the cost during and after."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Q

from analysis.costs import spent_usd
from analysis.models import TextCall
from analysis.testing.openai_server import Fault, OpenAIServer
from generations.models import SMALLEST_USD, Clip, Generation, StageRun
from generations.services.flow import costs_refresh
from generations.services.generations import generation_create
from generations.services.stage_runs import (
    stage_run_abandon,
    stage_run_claim,
    stage_run_fail,
    stage_run_lose,
    stage_run_put_back,
    stage_run_succeed,
)
from generations.stages import clip as clip_stage
from generations.tests.clients import GENERATIONS, JsonClient, problem_of
from generations.tests.factories import AssetFactory
from generations.tests.language_model import language_model as language_model
from generations.tests.language_model import text_stages_run
from generations.tests.requests import REQUEST
from videogen.kernel.errors import DomainError, Postponed

pytestmark = pytest.mark.django_db

BRANDED = REQUEST | {"brand": {"name": "Kumo", "palette": [], "tone": "", "guidelines": ""}}


@pytest.fixture
def generation(language_model: OpenAIServer, alice: User) -> Generation:
    return generation_create(owner=alice, request=BRANDED).generation


def test_three_calls_cost_what_the_ledger_says(generation: Generation) -> None:
    text_stages_run(generation)
    spent = spent_usd(generation.pk)
    assert 0 < spent < Decimal("0.1")
    assert generation.analysis_usd == generation.actual_usd == spent.quantize(SMALLEST_USD)
    assert TextCall.objects.exclude(task="moderation").count() == 3


@pytest.mark.parametrize(
    ("faults", "status"),
    [
        ([Fault("wrong_shape", "prompt_analysis")], "succeeded"),  # Repaired.
        ([Fault("wrong_shape", "prompt_analysis", times=2)], "failed"),
        ([Fault("wrong_shape", "prompt_analysis"), Fault("rate_limited", "prompt_analysis")], "queued"),
    ],
)
def test_an_answer_that_was_of_no_use_is_counted(
    generation: Generation, language_model: OpenAIServer, faults: list[Fault], status: str
) -> None:
    language_model.script(*faults)
    text_stages_run(generation)
    calls = TextCall.objects.filter(task="prompt_analysis", cost_usd__gt=0)
    assert generation.stage_runs.get(stage="prompt_analysis", attempt=1).status == status
    assert calls.exists()
    assert generation.analysis_usd == spent_usd(generation.pk).quantize(SMALLEST_USD)


SETTLEMENTS: dict[str, Callable[[StageRun], None]] = {
    "succeed": lambda run: stage_run_succeed(run=run, output={}, apply=lambda *made: None),
    "fail": lambda run: stage_run_fail(run=run, error=DomainError("No.")),
    "put back": lambda run: stage_run_put_back(run=run, postponed=Postponed("Too early.", seconds=9)),
    "abandon": lambda run: stage_run_abandon(run=run),
    "lose": lambda run: stage_run_lose(run=run, where=Q(), reason="silent"),
}


@pytest.mark.parametrize("how", SETTLEMENTS)
def test_however_an_attempt_ends_its_cost_is_known(generation: Generation, how: str) -> None:
    claim = stage_run_claim(run_id=generation.stage_runs.all()[0].pk, worker="here:1")
    TextCall.objects.create(task="prompt_analysis", generation_id=generation.pk, cost_usd="0.123456789012")
    assert claim
    SETTLEMENTS[how](claim.run)
    generation.refresh_from_db()
    assert generation.analysis_usd == generation.actual_usd == Decimal("0.12345679")


def test_clips_and_text_are_added_once(generation: Generation) -> None:
    text_stages_run(generation)
    clip = Clip.objects.filter(generation=generation)[0]
    made = {"source": str(AssetFactory().pk), "cost_usd": "1.5", "warnings": []}
    clip_stage.apply(generation, clip, made)
    costs_refresh(generation=generation, stage="micro_prompts")
    generation.refresh_from_db()
    assert generation.actual_usd == Decimal("1.5") + generation.analysis_usd


def test_an_answer_from_memory_costs_nothing(generation: Generation, alice: User) -> None:
    text_stages_run(generation)
    again = text_stages_run(generation_create(owner=alice, request=BRANDED).generation)
    outputs = [run.output or {} for run in again.stage_runs.filter(status="succeeded")]
    assert [(made["engine"], made["cached"], made["cost_usd"]) for made in outputs] == [
        ("openai", True, "0")
    ] * 3
    assert again.analysis_usd == 0


def test_clients_see_the_parts_of_the_cost(generation: Generation, api: JsonClient) -> None:
    text_stages_run(generation)
    cost = api.get(f"{GENERATIONS}/{generation.pk}").json()["cost"]
    assert cost["actual_usd"] == cost["analysis_usd"] == f"{generation.analysis_usd:.6f}"
    assert Decimal(cost["estimated_usd"]) > 0


# Before


def test_the_estimate_has_the_text_and_asks_nobody_who_is_paid(
    api: JsonClient, language_model: OpenAIServer
) -> None:
    plan = api.post(f"{GENERATIONS}?dry_run=true", {"prompt": "A boat", "brand": BRANDED["brand"]}).json()
    assert 0 < Decimal(plan["estimated_usd"]) < Decimal("0.1")
    assert "sketch" in plan["warnings"][-1]
    assert {asked.task for asked in language_model.ledger.asked()} == {"moderation"}


def test_a_brand_costs_a_call_more(api: JsonClient, language_model: OpenAIServer) -> None:
    bodies: list[Any] = [{"prompt": "A boat"}, {"prompt": "A boat", "brand": {"name": "Kumo"}}]
    plain, branded = (api.post(f"{GENERATIONS}?dry_run=true", body).json() for body in bodies)
    assert Decimal(branded["estimated_usd"]) > Decimal(plain["estimated_usd"])


def test_text_alone_can_be_above_the_limit(api: JsonClient, language_model: OpenAIServer) -> None:
    body = {"prompt": "A boat", "max_cost_usd": "0.000001"}
    assert problem_of(api.post(GENERATIONS, body), 402)["code"] == "budget.too_small"
    assert not language_model.ledger.asked()


def test_the_local_engine_is_free_and_its_storyboard_no_sketch(api: JsonClient) -> None:
    plan = api.post(f"{GENERATIONS}?dry_run=true", {"prompt": "A boat"}).json()
    assert plan["estimated_usd"] == "0.000000"
    assert not any("sketch" in warning for warning in plan["warnings"])
