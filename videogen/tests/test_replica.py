"""Reads from a real streaming replica: what was written or seen is never taken back."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.test import Client

from videogen.doctor import reachable
from videogen.doctor.finding import State
from videogen.kernel import replica as reading
from videogen.kernel import standby as knowledge
from videogen.kernel.redis import cache_redis
from videogen.kernel.replica import replica_read, replica_wrote
from videogen.kernel.standby import REPLICA, standby
from videogen.testing.away import away_redis as away_redis
from videogen.testing.replica import StreamingReplica
from videogen.testing.replica import replica as replica
from videogen.testing.replica import streaming_replica as streaming_replica
from videogen.testing.waiting import eventually

Replica = StreamingReplica


@pytest.fixture(autouse=True)
def slow_machine(monkeypatch: Any) -> None:
    """What a replica may lag behind in five seconds depends on the machine, and on who else writes."""
    monkeypatch.setattr(knowledge, "LATE_SECONDS", 600)
    monkeypatch.setattr(reading, "MARK_SECONDS", 2400)


@pytest.fixture
def alice(replica: Replica) -> User:
    """Known to both servers; that she was made is not marked, as if it were long ago."""
    made = User.objects.create(username="alice", first_name="60")
    replica.catch_up()
    return made


@pytest.fixture
def paused(replica: Replica, alice: User) -> Iterator[Replica]:
    """It shows what was, and is not late yet."""
    assert serves(alice)
    replica.pause()
    yield replica
    replica.resume()


@pytest.fixture
def stopped(replica: Replica, alice: User) -> Iterator[Replica]:
    assert serves(alice)
    replica.stop()
    yield replica
    replica.start()
    replica.catch_up()


def place(owner: User) -> str:
    """Which server answers."""
    return replica_read(owner_id=owner.pk, read=lambda alias: alias)


def serves(owner: User) -> bool:
    """Whether the replica does. It is a few milliseconds late, and others write, too."""
    return eventually(lambda: place(owner) == REPLICA)


def shown(owner: User) -> str:
    """As one of the owner's polls would."""
    return replica_read(
        owner_id=owner.pk, read=lambda alias: User.objects.using(alias).get(pk=owner.pk)
    ).first_name


def progress(owner: User, first_name: str) -> None:
    """A worker's write, of which nobody tells."""
    User.objects.filter(pk=owner.pk).update(first_name=first_name)


def test_reads_go_to_the_replica(alice: User) -> None:
    assert serves(alice)


def test_without_a_replica_the_primary_is_read_and_nothing_asked(alice: User, settings: Any) -> None:
    settings.DATABASE_REPLICA_URL = ""
    assert place(alice) == DEFAULT_DB_ALIAS
    assert cache_redis().dbsize() == 0


def test_an_owner_reads_what_was_written_for_them(alice: User, paused: Replica) -> None:
    progress(alice, "70")
    replica_wrote(owner_id=alice.pk)
    assert shown(alice) == "70"


def test_another_owner_stays_on_the_replica(alice: User, paused: Replica) -> None:
    bob = User(pk=alice.pk + 1)
    progress(alice, "70")
    replica_wrote(owner_id=alice.pk)
    assert (place(alice), place(bob)) == (DEFAULT_DB_ALIAS, REPLICA)


def test_an_owner_goes_back_to_the_replica_once_it_has_the_write(alice: User, replica: Replica) -> None:
    replica_wrote(owner_id=alice.pk)
    assert serves(alice)


def test_what_the_primary_has_shown_is_not_taken_back(alice: User, paused: Replica) -> None:
    progress(alice, "70")
    replica_wrote(owner_id=alice.pk)
    written = knowledge.primary_position()
    progress(alice, "80")
    assert shown(alice) == "80"
    standby._replayed = written  # It has the write by now, but not what the primary has just shown.
    assert shown(alice) == "80"
    paused.resume()
    assert serves(alice)
    assert shown(alice) == "80"


def test_a_late_replica_is_not_asked(alice: User, paused: Replica, monkeypatch: Any) -> None:
    progress(alice, "90")
    later = time.monotonic() + knowledge.LATE_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    assert shown(alice) == "90"


def test_an_idle_primary_makes_no_replica_late(alice: User, replica: Replica, monkeypatch: Any) -> None:
    now = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: now() + 3600)
    assert serves(alice)


def test_readers_do_not_notice_that_a_replica_is_away_and_it_is_left_alone(
    alice: User, stopped: Replica
) -> None:
    asked: list[str] = []
    standby._look_at += 600  # Nobody has found out yet.
    for _ in range(3):
        assert replica_read(owner_id=alice.pk, read=recorded(asked)) == alice
    assert asked == [REPLICA, *[DEFAULT_DB_ALIAS] * 3]


def recorded(asked: list[str]) -> Callable[[str], User]:
    def read(alias: str) -> User:
        asked.append(alias)
        return User.objects.using(alias).get(username="alice")

    return read


def test_a_replica_that_is_back_is_found(alice: User, replica: Replica, monkeypatch: Any) -> None:
    monkeypatch.setattr(knowledge, "AWAY_SECONDS", 0.1)
    standby.failed(OperationalError("It was away."))
    assert place(alice) == DEFAULT_DB_ALIAS
    assert serves(alice)


def test_what_the_replica_does_not_have_the_primary_is_asked(paused: Replica) -> None:
    User.objects.create(username="new")
    find = lambda alias: User.objects.using(alias).filter(username="new").first()  # noqa: E731
    assert replica_read(owner_id=1, read=find)


def test_without_redis_nobody_is_served_by_the_replica(
    alice: User, replica: Replica, away_redis: Callable[..., Any]
) -> None:
    assert serves(alice)
    with away_redis("REDIS_QUEUE"):
        assert place(alice) == DEFAULT_DB_ALIAS
    assert place(alice) == DEFAULT_DB_ALIAS  # Somebody may have seen more than a mark says.


def test_rows_from_the_replica_are_written_to_the_primary(alice: User, replica: Replica) -> None:
    found = User.objects.using(REPLICA).get(pk=alice.pk)
    found.save()
    assert found._state.db == DEFAULT_DB_ALIAS


def test_a_server_that_is_no_replica_is_not_read(alice: User, replica: Replica, settings: Any) -> None:
    connections[REPLICA].close()
    connections[REPLICA].settings_dict["HOST"] = connections["default"].settings_dict["HOST"]
    standby.forget()
    assert place(alice) == DEFAULT_DB_ALIAS


def test_a_probe_hears_of_the_replica_and_stays_ready(alice: User, replica: Replica, client: Client) -> None:
    assert eventually(lambda: client.get("/health/ready").json()["checks"]["replica"] == "ok")
    standby.failed(OperationalError("It is away."))
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["checks"]["replica"]) == (200, "unreachable")


def test_the_doctor_says_how_the_replica_is(alice: User, replica: Replica) -> None:
    assert [finding.state for finding in reachable.replica()] == [State.OK]
    standby.failed(OperationalError("It is away."))
    (finding,) = reachable.replica()
    assert (finding.state, finding.detail) == (State.WARNING, "it is unreachable")
