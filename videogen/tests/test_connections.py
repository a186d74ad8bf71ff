"""Connections are checked for nothing, replaced when they are lost, and do not all end at once."""

from collections.abc import Iterator
from typing import Any, cast

import pytest
from django.core.checks import Tags, run_checks
from django.db import OperationalError, connection

from videogen.connections import connections_allowed
from videogen.kernel.postgresql.base import IDLE_SECONDS, JITTER, DatabaseWrapper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept(db: None) -> Iterator[DatabaseWrapper]:
    """A connection as a thread of the REST process keeps it, between two requests."""
    wrapper = cast(DatabaseWrapper, connection.copy())
    ask(wrapper, "SELECT 42")
    wrapper.close_if_unusable_or_obsolete()
    yield wrapper
    wrapper.close()


def ask(wrapper: Any, question: str) -> Any:
    with wrapper.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0] if cursor.description else None


def newest_query(wrapper: DatabaseWrapper) -> str:
    """As the server knows it."""
    pid = wrapper.connection.get_backend_pid()
    return str(ask(connection, f"SELECT query FROM pg_stat_activity WHERE pid = {pid}"))


def end(wrapper: DatabaseWrapper) -> int:
    """The server ends it, as in a restart. Answers which it was."""
    pid = int(wrapper.connection.get_backend_pid())
    assert ask(connection, f"SELECT pg_terminate_backend({pid}, 5000)")
    return pid


def test_a_connection_in_use_is_checked_without_asking_the_server(kept: DatabaseWrapper) -> None:
    kept.close_if_health_check_failed()
    assert kept.health_check_done
    assert newest_query(kept) == "SELECT 42"


def test_a_connection_that_was_idle_is_asked(kept: DatabaseWrapper) -> None:
    kept.used_at -= IDLE_SECONDS + 1
    kept.close_if_health_check_failed()
    assert newest_query(kept) == "SELECT 1"


def test_a_connection_that_the_server_has_ended_is_replaced(kept: DatabaseWrapper) -> None:
    ended = end(kept)
    assert ask(kept, "SELECT pg_backend_pid()") != ended


def test_a_connection_that_is_closed_here_is_replaced(kept: DatabaseWrapper) -> None:
    kept.connection.close()
    assert ask(kept, "SELECT 7") == 7


def test_a_lost_connection_is_found_before_the_next_request(kept: DatabaseWrapper) -> None:
    ask(kept, "SELECT 43")
    end(kept)
    with pytest.raises(OperationalError):
        ask(kept, "SELECT 44")
    kept.close_if_unusable_or_obsolete()
    assert ask(kept, "SELECT 45") == 45


def test_connections_of_one_moment_end_at_different_moments(kept: DatabaseWrapper) -> None:
    ends: list[float] = []
    kept.settings_dict = kept.settings_dict | {"CONN_MAX_AGE": 300}
    for _ in range(5):
        kept.close()
        kept.connect()
        assert kept.close_at is not None
        ends.append(kept.close_at - kept.used_at)
    assert max(ends) - min(ends) > 1
    assert all(300 * (1 - JITTER) <= seconds <= 300 for seconds in ends)


def test_connections_without_an_age_are_kept(kept: DatabaseWrapper) -> None:
    kept.settings_dict = kept.settings_dict | {"CONN_MAX_AGE": None}
    kept.close()
    kept.connect()
    assert kept.close_at is None


def test_a_configuration_that_may_open_too_many_connections_is_warned_of(monkeypatch: Any) -> None:
    monkeypatch.setenv("WEB_THREADS", "256")
    (message,) = run_checks(databases=["default"], tags=[Tags.database])
    assert message.id == "videogen.W003"
    assert "web 256" in message.msg


def test_a_configuration_that_fits_is_not_warned_of() -> None:
    assert run_checks(databases=["default"], tags=[Tags.database]) == []


def test_a_limit_of_the_role_counts() -> None:
    ask(connection, "ALTER ROLE videogen CONNECTION LIMIT 7")
    try:
        assert connections_allowed() == 7
    finally:
        ask(connection, "ALTER ROLE videogen CONNECTION LIMIT -1")


def test_behind_pgbouncer_the_servers_limit_is_not_ours(settings: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("WEB_THREADS", "256")
    settings.PGBOUNCER = True
    assert run_checks(databases=["default"], tags=[Tags.database]) == []
