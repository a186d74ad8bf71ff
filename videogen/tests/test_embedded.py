"""The embedded servers start, whatever an earlier run left behind."""

import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis as redis_client

from videogen.embedded.account import open_the_way, private_dir, server_account
from videogen.embedded.places import (
    LONGEST_SOCKET_PATH,
    postgres_data_dir,
    postgres_socket_dir,
    redis_data_dir,
    redis_socket,
)
from videogen.embedded.postgres import postgres
from videogen.embedded.redis import redis
from videogen.stack.program import Account, Program, StackError
from videogen.stack.supervisor import Supervisor
from videogen.testing.waiting import eventually


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    open_the_way(tmp_path / "postgres", server_account(), print)
    return tmp_path


@pytest.fixture
def servers(data_dir: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(mark=str(data_dir), log_dir=data_dir / "logs", quiet=True)
    yield supervisor
    supervisor.stop()


def run(servers: Supervisor, program: Program) -> None:
    servers.start([program])
    servers.wait_ready([program.name])


def ask(data_dir: Path, question: str) -> object:
    host = str(postgres_socket_dir(data_dir))
    with psycopg2.connect(host=host, user="videogen", dbname="videogen") as connection:
        cursor = connection.cursor()
        cursor.execute(question)
        return cursor.fetchone()[0]


def test_postgres_knows_the_letters_of_other_scripts(servers, data_dir):
    run(servers, postgres(data_dir))

    assert ask(data_dir, "SELECT lower('ПРИВЕТ Ω')") == "привет ω"


def test_postgres_that_is_killed_comes_back_with_its_rows(servers, data_dir):
    run(servers, postgres(data_dir))
    ask(data_dir, "CREATE TABLE kept AS SELECT 7 AS n; COMMIT; SELECT 1")
    keeper = servers.keepers["postgres"]
    first = keeper.pid

    os.kill(first, signal.SIGKILL)

    assert eventually(lambda: keeper.pid not in {None, first} and keeper.program.is_ready(), seconds=60)
    assert ask(data_dir, "SELECT n FROM kept") == 7


def test_a_data_directory_that_was_half_made_is_made_again(servers, data_dir):
    half = data_dir / "postgres.unfinished"
    half.mkdir()
    (half / "PG_VERSION").write_text("18")

    run(servers, postgres(data_dir))

    assert ask(data_dir, "SELECT 1") == 1
    assert not half.exists()


def test_a_pid_file_whose_number_belongs_to_a_stranger_now_is_forgotten(servers, data_dir):
    run(servers, postgres(data_dir))
    pid_file = postgres_data_dir(data_dir) / "postmaster.pid"
    old = pid_file.read_text()
    servers.stop()
    run(servers, redis(data_dir, "cache"))  # It runs as the same user: only then does PostgreSQL mind.
    stranger = servers.keepers["redis-cache"].pid
    pid_file.write_text(old.replace(old.split("\n")[0], str(stranger), 1))

    run(servers, postgres(data_dir))

    assert ask(data_dir, "SELECT 1") == 1


def test_queues_are_never_evicted_and_survive_the_server(servers, data_dir):
    run(servers, redis(data_dir, "queue"))
    client = redis_client.Redis(unix_socket_path=str(redis_socket(data_dir, "queue")))
    client.set("job", "1")
    servers.stop()

    run(servers, redis(data_dir, "queue"))

    assert client.get("job") == b"1"
    assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_the_cache_is_bounded_and_keeps_nothing_on_disk(servers, data_dir):
    run(servers, redis(data_dir, "cache"))
    client = redis_client.Redis(unix_socket_path=str(redis_socket(data_dir, "cache")))
    client.set("page", "1")

    servers.stop()

    assert list(redis_data_dir(data_dir, "cache").iterdir()) == []


def test_only_the_servers_own_user_may_enter_the_socket_directory(servers, data_dir):
    run(servers, postgres(data_dir))

    status = postgres_socket_dir(data_dir).stat()
    account = server_account()
    assert stat.S_IMODE(status.st_mode) == 0o700
    assert status.st_uid == (account.uid if account else os.geteuid())


def test_a_data_directory_too_deep_for_a_socket_gets_a_short_stand_in(tmp_path):
    deep = tmp_path / ("x" * 60) / ("y" * 60)

    socket = postgres_socket_dir(deep) / ".s.PGSQL.5432"

    assert len(bytes(socket)) <= LONGEST_SOCKET_PATH
    assert postgres_socket_dir(deep) != postgres_socket_dir(tmp_path / ("x" * 60) / ("z" * 60))


@pytest.mark.parametrize("name", ["my videos", "a,b", "100%", "what?", "é", "it's"])
def test_a_data_directory_whose_name_a_server_would_misread_gets_a_stand_in_too(name):
    assert postgres_socket_dir(Path("/srv") / name) != Path("/srv") / name / "run"


def test_a_link_in_place_of_a_private_directory_is_refused(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StackError, match="belongs to somebody else"):
        private_dir(tmp_path / "run", None)


def test_the_way_to_the_servers_files_is_opened_for_passing_through_only(tmp_path):
    closed = tmp_path / "home"
    closed.mkdir(mode=0o700)
    told: list[str] = []

    open_the_way(closed / "data", Account(uid=65534, gid=65534), told.append)

    assert stat.S_IMODE(closed.stat().st_mode) == 0o701
    assert any(str(closed) in sentence for sentence in told)
