"""The engine as a whole: real transport, real limits, real cache, real ledger, a server of our own."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from pytest_django.fixtures import Settings

from analysis.contracts import BrandInput, EditInput, PromptAnalysis, PromptInput, StoryboardInput
from analysis.engines.openai.engine import _key
from analysis.engines.openai.tasks import PROMPT_ANALYSIS
from analysis.errors import Malformed, Refused, Unreachable, Unsafe, WrongKey
from analysis.models import Outcome, TextCall
from analysis.services import (
    CallContext,
    brand_analyse,
    edit_classify,
    micro_prompts_write,
    prompt_analyse,
    texts_moderate,
)
from analysis.testing.answers import ANSWERS
from analysis.testing.openai_server.faults import Fault
from analysis.testing.openai_server.server import OpenAIServer
from videogen.kernel import quota_share
from videogen.kernel.breaker import breaker_record
from videogen.kernel.errors import Postponed
from videogen.kernel.redis import cache_redis

REQUEST = PromptInput(prompt="A lighthouse in a storm, waves against the rocks", duration_seconds=15)
Away = Callable[[], AbstractContextManager[None]]
FLAGGED = "a hero with unsafe-violence in his eyes"
BRAND = BrandInput(name="Kaap", palette=["#0f766e", "#f59e0b"])


@pytest.fixture
def server(settings: Settings, openai_server: OpenAIServer) -> Iterator[OpenAIServer]:
    """A competent model, an empty cache, and no limits that other tests have run into."""
    cache_redis().flushdb()
    quota_share._memory[:] = bytes(len(quota_share._memory))
    settings.ANALYSIS_ENGINE = "openai"
    openai_server.answers = dict(ANSWERS)
    yield openai_server


@pytest.mark.django_db(transaction=True)
def test_the_four_tasks_follow_each_other(server: OpenAIServer) -> None:
    analysis = prompt_analyse(request=REQUEST).value
    brand = brand_analyse(brand=BRAND, request=REQUEST).value
    asked = StoryboardInput(request=REQUEST, analysis=analysis, brand=brand)
    storyboard = micro_prompts_write(request=asked).value
    edit = edit_classify(request=EditInput(instruction="remove scene 1", storyboard=storyboard)).value
    assert (storyboard.duration_seconds, brand.palette[:2], edit.positions) == (15, BRAND.palette, [1])
    assert [asked.task for asked in server.ledger.asked()] == [
        "prompt_analysis",
        "brand_analysis",
        "micro_prompts",
        "edit_classification",
    ]


@pytest.mark.django_db(transaction=True)
def test_the_same_question_again_costs_nothing_and_says_so(server: OpenAIServer) -> None:
    first = prompt_analyse(request=REQUEST)
    again = prompt_analyse(request=REQUEST.model_copy(update={"prompt": f"  {REQUEST.prompt}\n"}))
    assert (first.cached, again.cached, again.value) == (False, True, first.value)
    assert first.cost_usd > again.cost_usd == Decimal(0)
    assert sorted(TextCall.objects.values_list("outcome", flat=True)) == [Outcome.ANSWERED, Outcome.CACHED]


@pytest.mark.django_db(transaction=True)
def test_another_seed_asks_for_no_other_words(server: OpenAIServer) -> None:
    analysis = prompt_analyse(request=REQUEST).value
    for seed in (1, 2):
        micro_prompts_write(request=StoryboardInput(request=REQUEST, analysis=analysis, seed=seed))
    assert len(server.ledger.asked("micro_prompts")) == 1


@pytest.mark.django_db(transaction=True)
def test_another_server_is_asked_for_its_own_answer(server: OpenAIServer, settings: Settings) -> None:
    prompt_analyse(request=REQUEST)
    with OpenAIServer(answers=ANSWERS) as other:
        settings.OPENAI_BASE_URL = other.url
        assert not prompt_analyse(request=REQUEST).cached


def test_an_answer_kept_in_an_older_form_is_not_looked_at() -> None:
    class Longer(PromptAnalysis):
        era: str

    later = replace(PROMPT_ANALYSIS, value=Longer)
    assert _key(later, REQUEST, "gpt-6-luna", "low") != _key(PROMPT_ANALYSIS, REQUEST, "gpt-6-luna", "low")


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_the_same_at_once_make_one_call(server: OpenAIServer) -> None:
    server.latency_seconds = 0.3

    def ask(_: int) -> bool:
        try:
            return prompt_analyse(request=REQUEST).cached
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        cached = list(pool.map(ask, range(20)))
    assert (cached.count(False), len(server.ledger.asked())) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_wrong_answer_is_repaired_and_both_calls_are_paid_for(server: OpenAIServer) -> None:
    server.script(Fault("wrong_shape"))
    result = prompt_analyse(request=REQUEST)
    assert TextCall.objects.count() == 2
    assert result.cost_usd == TextCall.objects.all().cost_usd() > 0


@pytest.mark.django_db(transaction=True)
def test_a_repair_that_has_to_wait_goes_on_where_it_was(server: OpenAIServer, settings: Settings) -> None:
    settings.OPENAI_REQUESTS_PER_MINUTE = 1
    server.script(Fault("wrong_shape"))
    context = CallContext(ticket="a run")
    with pytest.raises(Postponed):
        prompt_analyse(request=REQUEST, context=context)
    cache_redis().delete(*cache_redis().keys("quota:*"))  # A minute later.
    prompt_analyse(request=REQUEST, context=context)
    assert list(TextCall.objects.order_by("created_at").values_list("attempt", flat=True)) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_stays_wrong_is_an_error_and_not_kept(server: OpenAIServer) -> None:
    server.script(Fault("wrong_json", times=2))
    with pytest.raises(Malformed):
        prompt_analyse(request=REQUEST)
    assert not prompt_analyse(request=REQUEST).cached


@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_cannot_change_is_remembered_for_a_moment(server: OpenAIServer) -> None:
    server.script(Fault("unauthorized"))
    for _ in range(2):
        with pytest.raises(WrongKey, match="key"):
            prompt_analyse(request=REQUEST)
    assert len(server.ledger.asked()) == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_steps_in_unasked(server: OpenAIServer) -> None:
    server.script(Fault("error", status=502))
    with pytest.raises(Unreachable):
        prompt_analyse(request=REQUEST)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", ["error", "unauthorized", "quota_exhausted", "html", "cut_in_body"])
def test_the_fallback_that_was_asked_for_is_told_of(
    server: OpenAIServer, settings: Settings, fault: str
) -> None:
    settings.ANALYSIS_FALLBACK = "local"
    server.script(Fault(fault))
    result = prompt_analyse(request=REQUEST)
    assert result.engine == "local"
    assert "because openai failed (analysis." in result.warnings[0]


@pytest.mark.django_db(transaction=True)
def test_the_fallback_does_not_answer_what_the_model_declines(
    server: OpenAIServer, settings: Settings
) -> None:
    settings.ANALYSIS_FALLBACK = "local"
    server.script(Fault("refusal"))
    with pytest.raises(Refused):
        prompt_analyse(request=REQUEST)


@pytest.mark.django_db(transaction=True)
def test_a_blocked_text_is_named_by_its_category_and_asked_about_once(server: OpenAIServer) -> None:
    for _ in range(2):
        with pytest.raises(Unsafe) as blocked:
            texts_moderate(texts=[REQUEST.prompt, FLAGGED], part="input")
        assert blocked.value.code == "safety.input.violence"
    assert len(server.ledger.asked("moderation")) == 1
    assert FLAGGED not in str(blocked.value)


@pytest.mark.django_db(transaction=True)
def test_moderation_that_is_asked_too_often_is_left_alone_by_all(server: OpenAIServer) -> None:
    server.script(Fault("rate_limited", task="moderation", headers={"retry-after": "7"}))
    for text in ("one", "another"):
        with pytest.raises(Postponed) as postponed:
            texts_moderate(texts=[text], part="input")
        assert 5 < postponed.value.seconds <= 7
    assert len(server.ledger.asked("moderation")) == 1


@pytest.mark.django_db(transaction=True)
def test_moderation_can_be_turned_off(server: OpenAIServer, settings: Settings) -> None:
    settings.MODERATION = "off"
    texts_moderate(texts=[FLAGGED], part="input")
    assert server.ledger.asked() == []


@pytest.mark.django_db(transaction=True)
def test_moderation_that_cannot_be_asked_stops_the_work_unless_a_fallback_was_asked_for(
    server: OpenAIServer, settings: Settings
) -> None:
    server.script(Fault("error", times=2))
    with pytest.raises(Unreachable):
        texts_moderate(texts=[REQUEST.prompt], part="input")
    settings.ANALYSIS_FALLBACK = "local"
    (warning,) = texts_moderate(texts=[REQUEST.prompt], part="input")
    assert warning == "Moderation was skipped, because openai failed (analysis.unreachable)."


@pytest.mark.django_db(transaction=True)
def test_the_fallback_steps_in_while_the_breaker_is_open(server: OpenAIServer, settings: Settings) -> None:
    for _ in range(5):
        breaker_record("openai:gpt-6-luna", failed=True)
    with pytest.raises(Postponed):
        prompt_analyse(request=REQUEST)
    settings.ANALYSIS_FALLBACK = "local"
    assert "breaker.open" in prompt_analyse(request=REQUEST).warnings[0]
    assert server.ledger.asked() == []


@pytest.mark.django_db(transaction=True)
def test_without_redis_the_work_goes_on_within_a_share_of_the_limit(
    server: OpenAIServer, settings: Settings, away_redis: Away, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OPENAI_REQUESTS_PER_MINUTE, settings.ANALYSIS_WORKERS = 60, 1
    with away_redis():
        results = [prompt_analyse(request=REQUEST) for _ in range(2)]
    assert [result.cached for result in results] == [False, False]
    assert TextCall.objects.filter(outcome=Outcome.ANSWERED).count() == 2
    assert "each worker keeps to its share of the limits" in caplog.text
