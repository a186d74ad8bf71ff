"""The watcher sees what a real process, PostgreSQL and Redis do."""

import subprocess
import sys
import time
from contextlib import closing

import psycopg2
import pytest
from django.db import connection

from loadtests.watching.processes import Processes
from loadtests.watching.servers import Servers
from loadtests.watching.watcher import watching
from videogen.kernel.redis import cache_redis, queue_redis
from videogen.testing.waiting import eventually

MEBIBYTE = 2**20
#: Works, then holds 64 MiB of its own until its input is closed.
HOLD = "import sys; print(flush=True); sys.stdin.read()"
BUSY = f"sum(range(10**7)); held = bytearray(b'x' * 2**26); {HOLD}"


@pytest.fixture
def process():
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", BUSY, "uvicorn"], stdin=pipe, stdout=pipe) as started:
        yield started


def other_connection(database=None):
    known = connection.settings_dict
    return psycopg2.connect(host=known["HOST"], user=known["USER"], dbname=database or known["NAME"])


@pytest.fixture
def servers(transactional_db):
    own = other_connection()
    own.autocommit = True
    yield Servers(own, {"redis-queue": queue_redis(), "redis-cache": cache_redis()})
    own.close()


def test_a_process_is_seen_with_its_role_memory_and_work(process):
    processes = Processes([process.pid])
    processes.look(with_shares=True)
    process.stdout.readline()

    (look,) = processes.look(with_shares=True)

    assert (look.role, look.name) == ("websocket", "websocket")
    assert min(look.rss, look.uss, look.pss) > 64 * MEBIBYTE
    assert look.cpu > 0 and look.threads >= 1 and look.files >= 3


def test_what_a_child_took_is_counted_once_though_it_has_ended():
    code = f"import os; os.fork() or os._exit(bool(sum(range(10**7)))); os.wait(); {HOLD}"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        processes = Processes([parent.pid])
        processes.look(with_shares=False)
        parent.stdout.readline()
        (first,), (second,) = processes.look(with_shares=False), processes.look(with_shares=False)
        parent.stdin.close()

    assert first.ended_cpu > 0
    assert second.ended_cpu == 0


def test_a_process_that_ends_is_no_longer_seen(process):
    processes = Processes([process.pid])
    process.communicate()

    assert processes.look(with_shares=True) == []


def test_connections_are_counted_with_their_state(servers):
    others = [other_connection() for _ in range(2)]
    for other in others:
        other.cursor().execute("SELECT 1")
    time.sleep(0.02)

    both = servers.look()
    others[0].commit()
    one = servers.look()

    assert both.connections["idle in transaction"] == 2 and both.idle_in_transaction > 0.01
    assert one.connections["idle in transaction"] == 1 and one.connections["idle"] >= 1
    for other in others:
        other.close()


def test_connections_to_a_neighbouring_database_are_not_counted(servers):
    with closing(other_connection("postgres")) as stranger:
        stranger.cursor().execute("SELECT 1")

        assert "idle in transaction" not in servers.look().connections


def test_what_redis_holds_is_seen(servers):
    before = servers.look().redis_bytes["redis-cache"]
    cache_redis().set("held", b"x" * 8 * MEBIBYTE)

    assert servers.look().redis_bytes["redis-cache"] - before > 7 * MEBIBYTE


def test_a_watcher_looks_until_it_is_told_to_stop(servers, process):
    with watching(servers, pids=[process.pid]) as watcher:
        assert eventually(lambda: watcher.moments)
    count = len(watcher.moments)

    assert watcher.moments[0].memory_by_role()["websocket"] > 0
    assert watcher.moments[0].servers is not None
    time.sleep(1.1)
    assert len(watcher.moments) == count
