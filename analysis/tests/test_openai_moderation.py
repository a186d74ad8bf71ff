"""What moderation blocks, and what happens when it cannot say."""

import json
import time

import pytest

from analysis.engines.base import ANYBODY
from analysis.engines.openai import moderation
from analysis.engines.openai.moderation import coarse, moderate
from analysis.engines.openai.verdicts import verdict
from analysis.engines.openai.wire import CallFailed
from analysis.errors import Malformed, RateLimited, TimedOut, Unreachable
from analysis.testing.openai_server import Fault


def blocked(*texts: str) -> list[str]:
    return moderate(list(texts), tick=lambda: None)


@pytest.mark.parametrize(
    "texts, categories",
    [
        (["a cup of tea"], []),
        (["a cup of tea", "unsafe-violence"], ["violence"]),
        (["unsafe-self_harm_intent"], ["self_harm"]),
        (["unsafe-sexual_minors and unsafe-sexual"], ["sexual"]),
        (["unsafe-hate unsafe-illicit_violent"], ["hate", "illicit"]),
        (["unsafe-violence unsafe-hate", "unsafe-hate"], ["hate", "violence"]),
        (["unsafe-something_new"], ["something_new"]),
    ],
)
def test_categories_are_coarse_and_the_worst_comes_first(texts, categories, openai_server):
    assert blocked(*texts) == categories


def test_all_texts_are_asked_about_in_one_call(openai_server):
    blocked("one", "two")

    (asked,) = openai_server.ledger.asked("moderation")
    assert asked.body == {"model": "omni-moderation-latest", "input": ["one", "two"]}


def test_what_an_operator_allows_is_not_blocked(openai_server, settings):
    settings.MODERATION_ALLOW = ["violence"]

    assert blocked("unsafe-violence_graphic unsafe-hate") == ["hate"]


@pytest.mark.parametrize("model, texts", [("", ["unsafe-hate"]), ("omni-moderation-latest", [])])
def test_without_a_model_or_a_text_nothing_is_asked(model, texts, openai_server, settings):
    settings.MODERATION_MODEL = model

    assert verdict(texts, ANYBODY) == []
    assert openai_server.ledger.asked() == []


@pytest.mark.parametrize(
    "fault, kind",
    [
        (Fault("rate_limited"), RateLimited),
        (Fault("error", status=503), Unreachable),
        (Fault("silence"), TimedOut),
        (Fault("drip"), TimedOut),
        (Fault("html"), Malformed),
        (Fault("huge"), Malformed),
        (Fault("raw", message='{"results": []}'), Malformed),
        (Fault("raw", message='{"results": [{"flagged": "perhaps"}]}'), Malformed),
    ],
)
def test_a_failure_is_typed_and_quick(fault, kind, openai_server, monkeypatch):
    monkeypatch.setattr(moderation, "MODERATION_SECONDS", 0.5)
    openai_server.script(fault)
    started = time.monotonic()

    with pytest.raises(CallFailed) as caught:
        blocked("a cup of tea")
    assert type(caught.value.error) is kind
    assert time.monotonic() - started < 1.5


def test_a_moderation_that_nobody_waits_for_is_left(openai_server):
    openai_server.script(Fault("silence"))

    def tick():
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        moderate(["a cup of tea"], tick=tick)
    assert time.monotonic() - started < 0.6


def test_a_flag_without_a_category_blocks_all_the_same(openai_server):
    result = {"flagged": True, "categories": {"violence": False}, "category_scores": {"violence": None}}
    openai_server.script(Fault("raw", message=json.dumps({"results": [result]})))

    assert blocked("a cup of tea") == ["unspecified"]


@pytest.mark.parametrize(
    "category, name",
    [
        ("self-harm/instructions", "self_harm"),
        ("Sexual/Minors", "sexual"),
        ("<b>hate</b>", "b_hate"),
        ("x" * 100, "x" * 40),
        ("/", "unspecified"),
        ("暴力", "unspecified"),
    ],
)
def test_a_category_becomes_a_code_that_can_be_shown(category, name):
    assert coarse(category) == name
