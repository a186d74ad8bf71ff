"""Processes that are forked instead of started: the same command line, and the same end."""

import signal

import psutil
import pytest

from videogen.testing.processes import family_kill, manage_quickly, running

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("arguments", "code"), [(["version"], 0), (["no-such-command"], 1)])
def test_its_exit_code_is_the_commands(arguments: list[str], code: int) -> None:
    assert manage_quickly(*arguments).wait(timeout=30) == code


def test_what_is_killed_is_seen_to_be_dead() -> None:
    child = manage_quickly("dispatch")
    assert child.poll() is None
    family_kill(child)
    assert child.poll() == -signal.SIGKILL
    assert not psutil.pid_exists(child.pid)


def test_each_has_the_environment_that_was_asked_for() -> None:
    children = [manage_quickly("dispatch", CHILD_MARK=mark) for mark in ("one", "other", "one")]
    with running(*children):
        environments = [psutil.Process(child.pid).environ() for child in children]
    assert [each["CHILD_MARK"] for each in environments] == ["one", "other", "one"]
