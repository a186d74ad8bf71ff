"""A wrong value of a variable is refused with its name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from videogen.environment import (
    database_from_url,
    env_bool,
    env_choice,
    env_int,
    env_pairs,
    env_rate,
    env_str,
    env_url,
    redis_from_url,
)

WRONG: list[tuple[str, Callable[[], Any]]] = [
    ("maybe", lambda: env_bool("NAME", False)),
    ("many", lambda: env_int("NAME", 1)),
    ("0", lambda: env_int("NAME", 1, at_least=1)),
    ("best", lambda: env_choice("NAME", "auto", ["auto", "local"])),
    ("60 a minute", lambda: env_rate("NAME", "1/second")),
    ("²/minute", lambda: env_rate("NAME", "1/second")),
    ("package.module.Class", lambda: env_pairs("NAME")),
    ("mine=", lambda: env_pairs("NAME")),
    ("ftp://host", lambda: env_url("NAME", "", schemes=["http"])),
    ("http://", lambda: env_url("NAME", "", schemes=["http"])),
    ("http://a b", lambda: env_url("NAME", "", schemes=["http"])),
    ("host", lambda: env_url("NAME", "", schemes=["http"])),
    ("http://host:99999/v1", lambda: env_url("NAME", "", schemes=["http"])),
    ("http://host:port/v1", lambda: env_url("NAME", "", schemes=["http"])),
]


@pytest.mark.parametrize("value, read", WRONG)
def test_a_wrong_value_is_refused_with_its_name(
    value: str, read: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NAME", value)
    with pytest.raises(ImproperlyConfigured, match="NAME"):
        read()


@pytest.mark.parametrize(
    "url", ["http://host", "redis://host:port", "redis://host/one", "redis://[host/0", "unix:///path?db=x"]
)
def test_a_redis_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        redis_from_url("REDIS_URL", url)


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "postgresql://host:port/name", "postgresql://[host/name"]
)
def test_a_database_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        database_from_url("DATABASE_URL", url)


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("hush\n")
    monkeypatch.setenv("NAME_FILE", str(tmp_path / "secret"))
    assert env_str("NAME") == "hush"


def test_a_secret_file_that_is_missing_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME_FILE", "/nowhere")
    with pytest.raises(ImproperlyConfigured, match="NAME_FILE"):
        env_str("NAME")


def test_a_secret_file_that_is_no_text_is_refused_with_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_bytes(b"\xff")
    monkeypatch.setenv("NAME_FILE", str(tmp_path / "secret"))
    with pytest.raises(ImproperlyConfigured, match="NAME_FILE"):
        env_str("NAME")


def test_an_address_loses_the_slash_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "https://host/path/")
    assert env_url("NAME", "", schemes=["https"]) == "https://host/path"


def test_pairs_keep_what_follows_the_first_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NAME", "one=package.One, two=a=b")
    assert env_pairs("NAME") == {"one": "package.One", "two": "a=b"}
