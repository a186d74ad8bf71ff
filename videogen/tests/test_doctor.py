"""The doctor names what is wrong, says what to do, and is silent about what is well."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured_settings
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings

from analysis.language_models import TASKS
from analysis.testing.openai_server import Fault, OpenAIServer
from generations.tests.ledger import call_made, undecided_call
from videogen.accounts.budgets import budget_reserve, budget_spend
from videogen.accounts.models import ApiKey
from videogen.accounts.services import api_key_create
from videogen.connections import connections_needed
from videogen.doctor import analysis, budgets, configured, providers, reachable, unsafe
from videogen.doctor.finding import Check, Finding, State
from videogen.embedded.places import api_key_file
from videogen.kernel.breaker import breaker_record
from videogen.kernel.liveness import alive_tell
from videogen.kernel.quota import quota_learn, quota_pause
from videogen.kernel.redis import cache_redis, queue_redis
from videogen.stack.configuration import StackConfiguration
from videogen.testing.processes import manage, running

KEY = "r8_doctor-0123456789abcdef"


def states(check: Check) -> dict[str, State]:
    return {finding.name: finding.state for finding in check()}


def only(check: Check) -> Finding:
    (finding,) = check()
    return finding


@contextmanager
def redis_set(client: Any, **values: str) -> Iterator[None]:
    names = {name.replace("_", "-"): value for name, value in values.items()}
    before = {name: client.config_get(name)[name] for name in names}
    for name, value in names.items():
        client.config_set(name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            client.config_set(name, value)


# Configured


@pytest.mark.parametrize("check", configured.CHECKS)
def test_a_fresh_installation_is_well_configured(check: Check) -> None:
    found = {finding.state for finding in check()}
    assert State.OK in found
    assert found <= {State.OK, State.OFF}  # Paid providers have no key yet.


def test_an_ffmpeg_that_is_missing_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FFMPEG_BINARY", str(tmp_path / "ffmpeg"))
    assert only(configured.ffmpeg).state == State.BROKEN


def test_an_ffmpeg_without_the_codecs_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text("#!/bin/sh\necho ffmpeg version 7 ' aac '\n")
    program.chmod(0o755)
    monkeypatch.setenv("FFMPEG_BINARY", str(program))
    finding = only(configured.ffmpeg)
    assert (finding.state, finding.detail) == (State.BROKEN, "7 has no libx264")


def test_a_provider_that_cannot_be_loaded_is_broken(settings: Settings) -> None:
    settings.EXTRA_PROVIDERS = {"mine": "nowhere.Provider"}
    assert states(configured.providers)["Provider mine"] == State.BROKEN


def test_a_default_provider_that_is_unknown_is_broken(settings: Settings) -> None:
    settings.DEFAULT_PROVIDER = "mine"
    assert states(configured.providers)["Providers"] == State.BROKEN


@pytest.mark.parametrize(
    ("default", "key", "animatic", "replicate"),
    [
        ("auto", "", "available, the default", "not available"),
        ("auto", KEY, "available", "available, one of those that auto weighs"),
        ("replicate", KEY, "available", "available, the default"),
        ("replicate", "", "available", "not available, and the default"),
        ("animatic", KEY, "available, the default", "available"),
    ],
)
def test_a_provider_says_whether_a_request_gets_it_that_names_none(
    settings: Settings, default: str, key: str, animatic: str, replicate: str
) -> None:
    settings.DEFAULT_PROVIDER, settings.REPLICATE_API_TOKEN = default, key
    said = {finding.name: finding.detail for finding in configured.providers()}
    assert (said["Provider animatic"], said["Provider replicate"]) == (animatic, replicate)


def test_a_paid_provider_without_a_key_is_off_unless_it_is_the_default(settings: Settings) -> None:
    settings.DEFAULT_PROVIDER, settings.REPLICATE_API_TOKEN, settings.FAL_KEY = "fal", "", ""
    found = states(configured.providers)
    assert (found["Provider replicate"], found["Provider fal"]) == (State.OFF, State.BROKEN)


def test_a_provider_that_cannot_be_loaded_does_not_end_the_visit(settings: Settings) -> None:
    settings.EXTRA_PROVIDERS, settings.REPLICATE_API_TOKEN = {"mine": "nowhere.Provider"}, ""
    assert states(configured.providers)["Provider animatic"] == State.OK
    assert list(providers.webhooks()) == []


def test_a_storage_that_cannot_be_written_is_broken(settings: Settings, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    assets = settings.STORAGES["assets"] | {"OPTIONS": {"location": blocked}}
    settings.STORAGES = settings.STORAGES | {"assets": assets}
    assert only(configured.storage).state == State.BROKEN


def files_of(directory: Path) -> set[Path]:
    return {path for path in directory.rglob("*") if path.is_file()}


def test_the_probe_of_the_storage_leaves_nothing() -> None:
    before = files_of(configured_settings.DATA_DIR)
    only(configured.storage)
    assert files_of(configured_settings.DATA_DIR) == before


# Reachable


@pytest.mark.django_db
def test_the_servers_of_a_test_run_are_well(settings: Settings) -> None:
    for check in (reachable.postgresql, reachable.redis_queue, reachable.redis_cache):
        assert set(states(check).values()) == {State.OK}


def test_a_redis_that_may_evict_jobs_is_warned_of() -> None:
    with redis_set(queue_redis(), maxmemory_policy="allkeys-lru"):
        assert State.WARNING in [finding.state for finding in reachable.redis_queue()]


def test_a_redis_that_forgets_at_a_restart_is_warned_of() -> None:
    with redis_set(queue_redis(), appendonly="no"):
        assert State.WARNING in [finding.state for finding in reachable.redis_queue()]


def test_a_cache_without_bound_is_warned_of() -> None:
    with redis_set(cache_redis(), maxmemory="0"):
        assert State.WARNING in [finding.state for finding in reachable.redis_cache()]


def test_connections_are_those_of_all_processes() -> None:
    configuration = StackConfiguration.from_settings()
    workers = sum(configuration.workers.values())
    lookers = 2  # At Replicate and at fal.
    expected = configuration.web_workers * configuration.web_threads + 2 * workers + 2 + lookers
    assert connections_needed(configuration) == expected


def test_queues_without_workers_are_broken() -> None:
    found = states(reachable.workers)
    assert found == {f"Workers, {name}": State.BROKEN for name in configured_settings.STAGE_QUEUES}


@pytest.mark.django_db(transaction=True)
def test_a_worker_counts_until_it_is_killed() -> None:
    worker = manage("rqworker", "analysis", "--verbosity", "0")
    with running(worker):
        wait_for_worker(worker)
        assert states(reachable.workers)["Workers, analysis"] == State.OK
        worker.kill()
        worker.wait()
        assert states(reachable.workers)["Workers, analysis"] == State.BROKEN


def wait_for_worker(process: "subprocess.Popen[bytes]") -> None:
    while queue_redis().scard("rq:workers:analysis") == 0:
        assert process.poll() is None
        time.sleep(0.05)


def test_a_dispatcher_is_heard_for_a_while() -> None:
    assert only(reachable.dispatcher).state == State.BROKEN
    alive_tell("dispatcher")
    assert only(reachable.dispatcher).state == State.OK


def test_addresses_that_nobody_answers_are_broken(settings: Settings) -> None:
    settings.PUBLIC_URL, settings.PUBLIC_WS_URL = "http://127.0.0.1:9", "ws://127.0.0.1:9"
    assert only(reachable.rest).state == only(reachable.websocket).state == State.BROKEN


def test_before_the_first_start_nothing_is_broken_and_one_line_says_so(tmp_path: Path) -> None:
    embedded = ("DATABASE_URL", "REDIS_URL", "CACHE_REDIS_URL", "SECRET_KEY")
    environment = {name: value for name, value in os.environ.items() if name not in embedded}
    environment |= {"DATA_DIR": str(tmp_path / "var"), "PORT": "9", "WS_PORT": "7"}
    command = [".venv/bin/python", "manage.py", "doctor", "--json"]
    done = subprocess.run(
        command, cwd=configured_settings.BASE_DIR, env=environment, capture_output=True, check=False
    )
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert found["reachable"][0]["detail"].startswith("no stack runs on")
    assert {finding["state"] for finding in found["reachable"]} == {"off"}
    assert not (tmp_path / "var").exists()


# Paid providers


@pytest.fixture
def replicate(settings: Settings) -> None:
    settings.REPLICATE_API_TOKEN, settings.FAL_KEY, settings.PROVIDER_WEBHOOK_URL = KEY, "", ""


@pytest.mark.django_db
def test_without_a_key_there_is_nothing_to_say_of_paid_providers(settings: Settings) -> None:
    settings.REPLICATE_API_TOKEN = settings.FAL_KEY = ""
    assert [list(check()) for check in (*providers.CONFIGURED, *providers.REACHABLE)] == [[], [], []]


def test_where_providers_tell_us_is_said(replicate: None, settings: Settings) -> None:
    assert only(providers.webhooks).state == State.OFF
    settings.PROVIDER_WEBHOOK_URL = "https://videogen.example"
    finding = only(providers.webhooks)
    assert (finding.state, "https://videogen.example/hooks/" in finding.detail) == (State.OK, True)


@pytest.mark.django_db
def test_a_provider_that_works_shows_how_much_it_has(replicate: None) -> None:
    call_made("accepted")
    call_made("succeeded")
    finding = only(providers.limits)
    assert (finding.name, finding.detail) == (
        "Calls to replicate",
        "1 of 100 clips at work, breaker closed",
    )


@pytest.mark.django_db
def test_a_provider_that_is_left_alone_is_warned_of(replicate: None) -> None:
    quota_pause(subject="clips:replicate", seconds=100)
    assert only(providers.limits).detail == "paused for 100 s"
    for _ in range(5):
        breaker_record("clips:replicate", failed=True)
    finding = only(providers.limits)
    assert (finding.state, finding.detail[:34]) == (State.WARNING, "it fails, and is left alone for 15")


@pytest.mark.django_db
def test_calls_that_ask_for_a_decision_are_warned_of(replicate: None) -> None:
    assert only(providers.undecided).state == State.OK
    undecided_call()
    undecided_call(provider="fal")
    finding = only(providers.undecided)
    assert finding.state == State.WARNING
    assert finding.detail == "2 at fal and replicate may have been taken, or not; $1.44 is reserved for them"


@pytest.mark.parametrize("check", providers.REACHABLE)
def test_without_a_database_paid_calls_are_left_out(
    replicate: None, check: Check, away_database: Callable[[], AbstractContextManager[None]]
) -> None:
    with away_database():
        assert list(check()) == []


# The text tasks

TEXT_KEY = "sk-doctor-0123456789abcdef"


@pytest.fixture
def openai_server(settings: Settings) -> Iterator[OpenAIServer]:
    settings.ANALYSIS_ENGINE, settings.OPENAI_MODELS_FILE = "openai", ""
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, "")
    with OpenAIServer() as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.url, TEXT_KEY
        yield server


def test_the_built_in_engine_needs_no_server(settings: Settings) -> None:
    settings.ANALYSIS_ENGINE = "local"
    assert only(analysis.text_tasks).detail == "the built-in engine does them, for free"
    assert list(analysis.language_model_server()) == []


def test_each_model_is_named_with_its_tasks_and_its_price(openai_server: OpenAIServer) -> None:
    luna, terra = (finding.detail for finding in analysis.text_tasks())
    assert luna.startswith("prompt analysis, edit classification: gpt-6-luna, $0.10 in, $0.50 out")
    assert terra.startswith("brand analysis, micro prompts: gpt-6.1-terra, $1.00 in, $5.00 out")


def test_a_model_whose_price_nobody_knows_is_named_so(
    openai_server: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, "qwen4")
    assert only(analysis.text_tasks).detail.endswith("qwen4, whose price is not known")


def test_a_broken_file_of_models_is_broken(openai_server: OpenAIServer, settings: Settings) -> None:
    settings.OPENAI_MODELS_FILE = "/nowhere.toml"
    assert only(analysis.text_tasks).state == State.BROKEN


def test_a_broken_file_of_models_does_not_end_the_visit(
    openai_server: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_MODELS_FILE = "/nowhere.toml"
    assert states(analysis.language_model_server) == {"Text server": State.OK}
    assert list(analysis.limits()) == []


@pytest.mark.parametrize("key", ["sk-new\nline", "sk-umläut"])
def test_a_key_that_is_no_key_is_broken_and_not_told(
    openai_server: OpenAIServer, settings: Settings, key: str
) -> None:
    settings.OPENAI_API_KEY = key
    finding = only(analysis.language_model_server)
    assert (finding.state, finding.advice[:18]) == (State.BROKEN, "Set OPENAI_API_KEY")
    assert "sk-" not in finding.detail + finding.advice


def test_a_server_that_has_the_models_is_well(openai_server: OpenAIServer) -> None:
    assert states(analysis.language_model_server) == {"Text server": State.OK}


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (Fault("unauthorized", message=f"Incorrect key: {TEXT_KEY}"), "Set OPENAI_API_KEY"),
        (Fault("error", status=503, message=f"Overloaded, {TEXT_KEY}"), "Look at OPENAI_BASE_URL"),
        (Fault("error"), "Look at OPENAI_BASE_URL"),
        (Fault("html"), "Another attempt"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_a_server_that_refuses_is_broken_and_the_key_is_not_told(
    openai_server: OpenAIServer, fault: Fault, advice: str
) -> None:
    openai_server.script(fault)
    finding = only(analysis.language_model_server)
    assert finding.state == State.BROKEN
    assert finding.advice.startswith(advice)
    assert TEXT_KEY not in finding.detail + finding.advice


def test_a_server_that_is_not_there_is_broken(openai_server: OpenAIServer, settings: Settings) -> None:
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    assert only(analysis.language_model_server).detail == "127.0.0.1:9: There is no connection to 127.0.0.1."


def test_a_model_that_the_server_does_not_have_is_broken(
    openai_server: OpenAIServer, settings: Settings
) -> None:
    settings.OPENAI_MODELS = settings.OPENAI_MODELS | {"brand_analysis": "gpt-9"}
    _, finding = analysis.language_model_server()
    assert (finding.state, finding.detail) == (State.BROKEN, "it has no model gpt-9")
    assert finding.advice.startswith("Set OPENAI_MODEL_BRAND_ANALYSIS to a model that it has, such as")


@pytest.mark.parametrize(
    ("today", "state"), [((2026, 12, 10), State.WARNING), ((2026, 12, 11), State.BROKEN)]
)
def test_a_model_that_the_server_shuts_down_is_said(
    openai_server: OpenAIServer,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    today: tuple[int, int, int],
    state: State,
) -> None:
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, "gpt-5-mini")
    monkeypatch.setattr("videogen.doctor.analysis.timezone.now", lambda: datetime(*today, tzinfo=UTC))
    _, finding = analysis.language_model_server()
    assert (finding.state, finding.detail) == (state, "it shuts gpt-5-mini down on 2026-12-11")


def test_limits_that_are_in_force_are_shown(openai_server: OpenAIServer, settings: Settings) -> None:
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, "limited")
    assert only(analysis.limits).detail == "limited: no limits known yet, 0 at work, 0 waiting"
    quota_learn(subject="openai:limited", requests_per_minute=60, tokens_per_minute=30_000)
    expected = "limited: 60 requests and 30,000 tokens a minute, 0 at work, 0 waiting"
    assert only(analysis.limits).detail == expected


def test_a_model_that_is_left_alone_is_warned_of(openai_server: OpenAIServer, settings: Settings) -> None:
    settings.OPENAI_MODELS = dict.fromkeys(TASKS, "paused") | {"micro_prompts": "failing"}
    quota_pause(subject="openai:paused", seconds=100)
    for _ in range(5):
        breaker_record("openai:failing", failed=True)
    paused, failing = analysis.limits()
    assert (paused.state, paused.detail) == (State.WARNING, "paused is paused for 100 s")
    assert failing.detail.startswith("failing fails, and is left alone for 15 s")


# Unsafe


def test_debug_is_broken(settings: Settings) -> None:
    settings.DEBUG = True
    assert only(unsafe.debug).state == State.BROKEN


def test_a_short_secret_key_is_broken(settings: Settings) -> None:
    settings.SECRET_KEY = "short"
    assert only(unsafe.secret_key).state == State.BROKEN


def test_a_public_address_without_https_is_broken(settings: Settings) -> None:
    settings.HOST, settings.HTTPS = "0.0.0.0", False
    assert states(unsafe.exposure)["HTTPS"] == State.BROKEN


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_a_loopback_address_is_no_exposure(settings: Settings, host: str) -> None:
    settings.HOST = host
    assert only(unsafe.exposure).state == State.OK


def test_a_key_file_that_others_can_read_is_broken(settings: Settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    api_key_file(tmp_path).write_text("vg_secret")
    api_key_file(tmp_path).chmod(0o644)
    assert only(unsafe.secret_files).state == State.BROKEN
    api_key_file(tmp_path).chmod(0o600)
    assert list(unsafe.secret_files()) == []


@pytest.mark.django_db
def test_a_key_with_a_scope_that_is_none_is_warned_of() -> None:
    api_key_create(user_name="alice", scopes=["read", "admin"])
    assert State.WARNING in [finding.state for finding in unsafe.api_keys()]


@pytest.mark.django_db
def test_a_key_that_was_forgotten_is_warned_of() -> None:
    key, _ = api_key_create(user_name="alice")
    assert only(unsafe.api_keys).state == State.OK
    ApiKey.objects.filter(pk=key.pk).update(created_at=key.created_at - 2 * unsafe.UNUSED)
    assert only(unsafe.api_keys).state == State.WARNING


# Money


@pytest.mark.django_db
@pytest.mark.parametrize("paid", ["REPLICATE_API_TOKEN", "FAL_KEY"])
def test_a_paid_provider_without_a_daily_limit_is_warned_of(settings: Settings, paid: str) -> None:
    settings.DAILY_BUDGET_USD, settings.REPLICATE_API_TOKEN, settings.FAL_KEY = None, "", ""
    assert only(budgets.daily_budget).state == State.OK
    setattr(settings, paid, "secret")
    finding = only(budgets.daily_budget)
    assert (finding.state, finding.detail) == (
        State.WARNING,
        "no limit, and $0.00 spent and $0.00 reserved today",
    )


@pytest.mark.django_db
def test_a_day_whose_limit_is_nearly_used_is_warned_of(settings: Settings) -> None:
    settings.DAILY_BUDGET_USD, today = Decimal(10), timezone.now().date()
    budget_spend(key_id=None, amount_usd=Decimal(5), on=today)
    assert only(budgets.daily_budget).state == State.OK
    budget_reserve(key=None, amount_usd=Decimal(3), on=today)
    finding = only(budgets.daily_budget)
    assert (finding.state, finding.detail) == (
        State.WARNING,
        "$5.00 spent and $3.00 reserved of $10.00 today",
    )


@pytest.mark.django_db
def test_keys_that_have_nearly_used_their_month_are_named() -> None:
    near, _ = api_key_create(user_name="alice", monthly_limit_usd=Decimal(10))
    far, _ = api_key_create(user_name="bob", monthly_limit_usd=Decimal(100))
    api_key_create(user_name="carol")
    assert only(budgets.key_budgets).detail == "2 keys have a monthly limit, and none is near it"
    for key in (near, far):
        budget_spend(key_id=key.pk, amount_usd=Decimal(8), on=timezone.now().date())
    finding = only(budgets.key_budgets)
    assert finding.state == State.WARNING
    assert finding.detail == f"{near}: $8.00 spent and $0.00 reserved of $10.00 this month"


@pytest.mark.parametrize("check", budgets.CHECKS)
def test_without_a_database_the_money_is_left_out(
    check: Check, away_database: Callable[[], AbstractContextManager[None]]
) -> None:
    with away_database():
        assert list(check()) == []


# The command


@pytest.mark.django_db
def test_something_broken_ends_with_1_and_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor")
    assert ended.value.code == 1
    assert "→ Start one: `manage.py dispatch`." in capsys.readouterr().out
