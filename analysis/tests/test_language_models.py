"""Prices are data with a source, dead models are known by name, and a broken file says where it is broken."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from analysis.checks import analysis_check
from analysis.engines.openai.wire import Usage
from analysis.language_models import (
    BUNDLED,
    TASKS,
    _catalogue,
    cost_usd,
    effort_of,
    facts_of,
    model_of,
    price_of,
    typical_usage,
)

OWN = """
[defaults]
brand_analysis = "qwen4-30b"

[models."qwen4-30b"]
input_usd = 0
output_usd = 0
source = "our own rack"
"""


@pytest.fixture(autouse=True)
def usual(settings: Settings) -> None:
    settings.ANALYSIS_ENGINE, settings.OPENAI_API_KEY = "openai", "sk-test"
    settings.OPENAI_BASE_URL, settings.ANALYSIS_FALLBACK, settings.MODERATION_ALLOW = "", "", []
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, "")
    settings.OPENAI_MODELS_FILE = settings.OPENAI_REASONING_EFFORT = ""


def own_file(settings: Settings, tmp_path: Path, text: str) -> None:
    path = tmp_path / "models.toml"
    path.write_text(text)
    settings.OPENAI_MODELS_FILE = str(path)


def found() -> set[str]:
    return {str(message.id) for message in analysis_check()}


def test_the_defaults_are_alive_and_have_a_price() -> None:
    assert {model_of(task) for task in TASKS} == {"gpt-6-luna", "gpt-6.1-terra"}
    assert found() == set()


def test_a_configured_model_wins(settings: Settings) -> None:
    settings.OPENAI_MODELS = {**settings.OPENAI_MODELS, "micro_prompts": "gpt-6.1-sol"}
    assert (model_of("micro_prompts"), model_of("brand_analysis")) == ("gpt-6.1-sol", "gpt-6.1-terra")


def test_every_bundled_fact_has_a_source_and_a_day() -> None:
    models = _catalogue("").models
    assert [name for name, facts in models.items() if not (facts.source and facts.as_of)] == []


def test_every_unverified_fact_is_one_that_is_stated() -> None:
    stated = {name: facts.model_fields_set for name, facts in _catalogue("").models.items()}
    assert [
        name for name, facts in _catalogue("").models.items() if set(facts.unverified) - stated[name]
    ] == []


def test_every_replacement_is_known_and_stays() -> None:
    replacements = {facts.replacement for facts in _catalogue("").models.values()} - {""}
    assert {name for name in replacements if (facts_of(name) or pytest.fail(name)).shutdown_on} == set()


@pytest.mark.parametrize(
    ("usage", "dollars"),
    [
        (Usage(), "0"),
        (Usage(input_tokens=1_000_000), "0.10"),
        (Usage(input_tokens=1_000_000, cached_tokens=1_000_000), "0.01"),
        (Usage(input_tokens=1_000_000, cache_write_tokens=1_000_000), "0.125"),
        (Usage(output_tokens=1_000_000, reasoning_tokens=900_000), "0.50"),
        (Usage(1234, 1000, 321, 100, cache_write_tokens=34), "0.00019475"),
        (Usage(input_tokens=1), "0.0000001"),
        (Usage(input_tokens=10, cached_tokens=20), "0.0000002"),
    ],
)
def test_a_cost_is_exact(usage: Usage, dollars: str) -> None:
    assert cost_usd(price_of("gpt-6-luna"), usage) == Decimal(dollars)


def test_what_has_no_price_costs_nothing() -> None:
    assert cost_usd(price_of("qwen4-30b"), Usage(1000, 0, 1000)) == 0


def test_a_dated_snapshot_has_the_facts_of_its_family_unless_it_has_its_own() -> None:
    assert price_of("gpt-6-luna-2026-09-22") == price_of("gpt-6-luna")
    assert facts_of("gpt-4o-2024-05-13") != facts_of("gpt-4o")
    assert facts_of("gpt-6-luna-pro") is None


def test_an_own_file_adds_models_and_replaces_defaults(settings: Settings, tmp_path: Path) -> None:
    own_file(settings, tmp_path, OWN)
    assert (model_of("brand_analysis"), model_of("prompt_analysis")) == ("qwen4-30b", "gpt-6-luna")
    assert cost_usd(price_of("qwen4-30b"), Usage(1000, 0, 1000)) == 0
    assert found() == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[models.a]\ninput_usd =\noutput_usd = 1", "line 2"),
        ('[defaults]\nsummary = "a"', "line 2: defaults.summary"),
        ('[models.a]\n\ninput_usd = "free"\noutput_usd = 1', "line 3: models.a.input_usd"),
        ('[models."b.c"]\nas_of = 2026-01-01\nprice = 3', "line 3: models.b.c.price: Extra"),
        ("[models.a]\ninput_usd = -1\noutput_usd = 1", "line 2: models.a.input_usd: Input should be greater"),
        ("[models.a]\ninput_usd = 1", "line 1: models.a: Value error, a price needs both"),
    ],
)
def test_a_broken_file_is_refused_with_the_line_and_the_reason(
    settings: Settings, tmp_path: Path, text: str, reason: str
) -> None:
    own_file(settings, tmp_path, text)
    with pytest.raises(ImproperlyConfigured, match=r"models\.toml") as refused:
        facts_of("a")
    assert reason in str(refused.value)
    assert found() == {"analysis.E001"}


def test_a_missing_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    settings.OPENAI_MODELS_FILE = str(tmp_path / "nowhere.toml")
    with pytest.raises(ImproperlyConfigured, match=r"cannot be read.*nowhere\.toml"):
        model_of("prompt_analysis")


def test_the_configured_effort_wins_and_a_model_that_does_not_reason_has_none(settings: Settings) -> None:
    assert (effort_of("gpt-6-luna"), effort_of("gpt-4.1"), effort_of("unknown")) == ("low", "", "")
    settings.OPENAI_REASONING_EFFORT = "high"
    assert effort_of("gpt-6-luna") == "high"


def test_a_storyboard_of_a_longer_video_takes_more_tokens() -> None:
    short = typical_usage("micro_prompts", duration_seconds=15)
    assert typical_usage("micro_prompts", duration_seconds=60).output_tokens > short.output_tokens
    assert typical_usage("brand_analysis", duration_seconds=60) == typical_usage(
        "brand_analysis", duration_seconds=15
    )


# The system checks


class Today:
    """A clock that stands still."""

    def __init__(self, today: date) -> None:
        self.today = today

    def now(self) -> "Today":
        return self

    def date(self) -> date:
        return self.today


@pytest.mark.parametrize(
    ("model", "today", "ids"),
    [
        ("gpt-5-mini", date(2026, 9, 11), set()),
        ("gpt-5-mini", date(2026, 9, 12), {"analysis.W002"}),
        ("gpt-5-mini", date(2026, 12, 10), {"analysis.W002"}),
        ("gpt-5-mini", date(2026, 12, 11), {"analysis.W001"}),
        ("gpt-4", date(2026, 11, 23), {"analysis.W001"}),
        ("gpt-3.5-turbo-0125", date(2026, 11, 23), {"analysis.W001"}),
        ("gpt-4-1106-preview", date(2026, 11, 23), {"analysis.W001"}),
        ("qwen4-30b", date(2026, 11, 23), {"analysis.W003"}),
    ],
)
def test_a_model_that_dies_or_has_no_price_is_warned_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, model: str, today: date, ids: set[str]
) -> None:
    monkeypatch.setattr("analysis.checks.timezone", Today(today))
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, model)
    assert found() == ids


def test_a_warning_says_which_variable_to_set_to_what(settings: Settings) -> None:
    settings.OPENAI_MODELS = {**settings.OPENAI_MODELS, "micro_prompts": "gpt-4"}
    (message,) = analysis_check()
    assert message.hint == "Set OPENAI_MODEL_MICRO_PROMPTS to gpt-6.1-sol."


@pytest.mark.parametrize(
    ("setting", "value", "ids"),
    [
        ("OPENAI_REASONING_EFFORT", "minimal", {"analysis.W004"}),
        ("OPENAI_REASONING_EFFORT", "none", set()),
        ("MODERATION_ALLOW", ["violence", "self_harm"], set()),
        ("MODERATION_ALLOW", ["gore"], {"analysis.W005"}),
        ("ANALYSIS_FALLBACK", "local", set()),
        ("OPENAI_API_KEY", "", {"analysis.W007"}),
    ],
)
def test_a_setting_that_cannot_work_is_warned_of(
    settings: Settings, setting: str, value: object, ids: set[str]
) -> None:
    setattr(settings, setting, value)
    assert found() == ids


def test_an_effort_for_a_model_that_does_not_reason_is_warned_of(settings: Settings, tmp_path: Path) -> None:
    own_file(settings, tmp_path, "[models.plain]\ninput_usd = 0\noutput_usd = 0\nreasoning_efforts = []")
    settings.OPENAI_MODELS, settings.OPENAI_REASONING_EFFORT = dict.fromkeys(TASKS, "plain"), "low"
    assert found() == {"analysis.W004"}


def test_with_the_local_engine_only_a_fallback_to_itself_is_warned_of(settings: Settings) -> None:
    settings.ANALYSIS_ENGINE, settings.OPENAI_MODELS = "local", dict.fromkeys(TASKS, "gpt-4")
    assert found() == set()
    settings.ANALYSIS_FALLBACK = "local"
    assert found() == {"analysis.W006"}


def test_the_bundled_file_can_be_read_without_cents_becoming_floats() -> None:
    assert "0.10" in BUNDLED.read_text()
    assert str((price_of("gpt-6-luna") or pytest.fail("no price")).input_usd) == "0.10"
