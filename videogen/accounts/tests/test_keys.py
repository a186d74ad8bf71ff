"""API keys: made, found, used, revoked."""

import time
from datetime import timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from videogen.accounts.models import ApiKey, Scope
from videogen.accounts.services import (
    KNOWN_SECONDS,
    api_key_create,
    api_key_find,
    api_key_known,
    api_key_revoke,
    api_key_touch,
)

pytestmark = pytest.mark.django_db


def test_the_secret_is_not_kept() -> None:
    key, secret = api_key_create(user_name="alice")
    kept = " ".join(str(value) for value in ApiKey.objects.values_list().get())
    assert secret not in kept
    assert secret.startswith(key.prefix)
    assert len(key.prefix) < len(secret) / 3


def test_a_key_is_found_by_its_secret_with_its_user_in_one_query() -> None:
    key, secret = api_key_create(user_name="alice")
    api_key_find(secret="")  # The first time, the connection is told of the statement.
    with CaptureQueriesContext(connection) as queries:
        found = api_key_find(secret=secret)
        assert found is not None
        assert (found, found.user.username) == (key, "alice")
    assert len(queries) == 1


def test_a_second_key_of_a_name_belongs_to_the_same_user() -> None:
    first, _ = api_key_create(user_name="alice")
    second, _ = api_key_create(user_name="alice")
    assert first.user == second.user
    assert not first.user.has_usable_password()


def test_the_password_of_an_existing_user_stays() -> None:
    User.objects.create_user("operator", password="correct horse")
    key, _ = api_key_create(user_name="operator")
    assert key.user.check_password("correct horse")


@pytest.mark.parametrize(
    "change",
    [
        {"revoked_at": timezone.now()},
        {"expires_at": timezone.now() - timedelta(seconds=1)},
    ],
)
def test_a_key_that_is_over_is_not_found(change: dict[str, object]) -> None:
    key, secret = api_key_create(user_name="alice")
    ApiKey.objects.filter(pk=key.pk).update(**change)
    assert api_key_find(secret=secret) is None


def test_a_key_that_expires_later_is_found() -> None:
    _, secret = api_key_create(user_name="alice", expires_at=timezone.now() + timedelta(minutes=1))
    assert api_key_find(secret=secret) is not None


def test_a_key_that_is_used_often_is_looked_up_once() -> None:
    _, secret = api_key_create(user_name="alice")
    now = timezone.now()
    api_key_known(secret=secret, now=now)
    with CaptureQueriesContext(connection) as queries:
        assert api_key_known(secret=secret, now=now) is not None
    assert len(queries) == 0


def test_a_key_that_was_revoked_elsewhere_works_on_for_seconds_only() -> None:
    key, secret = api_key_create(user_name="alice")
    assert api_key_known(secret=secret, now=timezone.now()) is not None
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    time.sleep(KNOWN_SECONDS + 0.1)
    assert api_key_known(secret=secret, now=timezone.now()) is None


def test_a_key_in_memory_expires_at_its_moment() -> None:
    expires_at = timezone.now() + timedelta(minutes=1)
    _, secret = api_key_create(user_name="alice", expires_at=expires_at)
    assert api_key_known(secret=secret, now=timezone.now()) is not None
    assert api_key_known(secret=secret, now=expires_at) is None


def test_revoking_twice_keeps_the_first_moment() -> None:
    key, _ = api_key_create(user_name="alice")
    api_key_revoke(key=key)
    first = key.revoked_at
    api_key_revoke(key=key)
    assert first is not None
    assert key.revoked_at == first


@pytest.mark.parametrize("seconds, written", [(0, False), (59, False), (61, True)])
def test_use_is_remembered_once_a_minute(seconds: int, written: bool) -> None:
    key, _ = api_key_create(user_name="alice")
    before = timezone.now() - timedelta(seconds=seconds)
    ApiKey.objects.update(last_used_at=before)
    key.refresh_from_db()
    api_key_touch(key=key, now=timezone.now())
    key.refresh_from_db()
    assert (key.last_used_at != before) is written


# The command


def run(*arguments: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command("create_api_key", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def test_the_command_prints_the_key_alone() -> None:
    out, err = run("alice")
    found = api_key_find(secret=out.strip())
    assert found is not None
    assert found.user.username == "alice"
    assert "read, write" in err


def test_the_command_takes_scopes() -> None:
    out, _ = run("alice", "--scope", "read")
    found = api_key_find(secret=out.strip())
    assert found is not None
    assert found.scopes == [Scope.READ]


@pytest.mark.parametrize("name", ["", "x" * 151, "two\nlines", "\x00"])
def test_the_command_refuses_a_strange_name(name: str) -> None:
    with pytest.raises(CommandError, match="printable"):
        run(name)
    assert not User.objects.exists()


def test_the_command_makes_a_key_that_expires() -> None:
    out, _ = run("alice", "--days", "30")
    found = api_key_find(secret=out.strip())
    assert found is not None
    assert found.expires_at is not None
    assert timedelta(days=29) < found.expires_at - timezone.now() <= timedelta(days=30)


@pytest.mark.parametrize("days", ["0", "-1", "99999999"])
def test_the_command_refuses_strange_days(days: str) -> None:
    with pytest.raises(CommandError, match="between 1 and 36500"):
        run("alice", "--days", days)


def test_the_command_limits_what_a_key_may_spend_in_a_month() -> None:
    _, err = run("alice", "--monthly-limit", "50.25")
    assert ApiKey.objects.get().monthly_limit_usd == Decimal("50.25")
    assert "for up to 50.25 USD a month" in err


def test_without_being_asked_the_command_sets_no_limit() -> None:
    run("alice")
    assert ApiKey.objects.get().monthly_limit_usd is None


@pytest.mark.parametrize("limit", ["-1", "many", "NaN", "Infinity", "10000000", "0.000000001", ""])
def test_the_command_refuses_strange_limits(limit: str) -> None:
    with pytest.raises(CommandError, match="--monthly-limit"):
        run("alice", f"--monthly-limit={limit}")
    assert not ApiKey.objects.exists()
