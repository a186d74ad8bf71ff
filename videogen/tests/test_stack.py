"""The supervisor restarts what dies, and nothing of a stack outlives it."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from videogen.embedded.places import stack_file
from videogen.stack.claim import data_dir_claim, facts_read, facts_write, port_check
from videogen.stack.configuration import StackConfiguration
from videogen.stack.program import Program, StackError
from videogen.stack.stack import Stack
from videogen.stack.supervisor import Keeper, Supervisor
from videogen.testing.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
#: One worker for each queue: a second one is started, watched and stopped as the first.
SMALL = {"ANALYSIS_WORKERS": "1", "CLIPS_WORKERS": "1"}
SERVER_VARIABLES = ("DATABASE_URL", "REDIS_URL", "CACHE_REDIS_URL", "SECRET_KEY")


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(mark=str(tmp_path), log_dir=tmp_path / "logs", quiet=True)
    yield supervisor
    supervisor.stop()


def python(code: str, *arguments: object, name: str = "program", **options: Any) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code, *map(str, arguments)), **options)


def processes_about(path: Path) -> list[psutil.Process]:
    """Every live process whose command line or environment speaks of `path`."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            words = [*process.cmdline(), *process.environ().values()]
            if process.pid != os.getpid() and any(str(path) in word for word in words):
                found.append(process)
    return found


def test_a_program_that_dies_is_started_again_after_a_growing_pause(supervisor, tmp_path):
    log = tmp_path / "starts"
    supervisor.start([python("import sys,time; open(sys.argv[1], 'a').write(f'{time.time()}\\n')", log)])

    assert eventually(lambda: log.exists() and len(log.read_text().split()) >= 3)

    first, second, third = map(float, log.read_text().split()[:3])
    assert third - second > second - first > 0.5


def test_a_stop_that_comes_before_a_program_is_started_keeps_it_from_starting(supervisor, tmp_path):
    started = tmp_path / "started"
    keeper = Keeper(python(f"open({str(started)!r}, 'w')"), mark="mark", logger=logging.Logger("test"))
    supervisor.keepers["program"] = keeper

    supervisor.stop()
    keeper.thread.start()
    keeper.thread.join()

    assert not started.exists()


def test_what_a_program_prints_is_kept_with_the_news_of_its_end(supervisor, tmp_path):
    supervisor.start([python("print('last words'); raise SystemExit(3)")])

    log = tmp_path / "logs" / "program.log"
    assert eventually(lambda: "ended with exit code 3" in log.read_text())
    assert log.read_text().startswith("last words\n")


def test_a_program_that_cannot_become_ready_is_reported_with_its_log(supervisor):
    supervisor.start([python("raise SystemExit(1)", is_ready=lambda: False)])
    started = time.monotonic()

    with pytest.raises(StackError, match=r"program does not start.*program\.log"):
        supervisor.wait_ready(["program"], timeout_seconds=60)

    assert time.monotonic() - started < 20


def test_a_program_that_is_not_there_is_reported_at_once(supervisor):
    supervisor.start([Program(name="ghost", argv=("/nowhere/ghost",))])

    with pytest.raises(StackError, match="No such file"):
        supervisor.wait_ready(["ghost"], timeout_seconds=2)


def test_stopping_takes_grandchildren_in_other_process_groups_along(supervisor, tmp_path):
    stubborn = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    parent = f"import subprocess,sys; subprocess.run([sys.executable,'-c',{stubborn!r}],process_group=0)"
    supervisor.start([python(parent)])
    assert eventually(lambda: len(processes_about(tmp_path)) == 2)

    supervisor.stop(patience_seconds=0.2)

    assert processes_about(tmp_path) == []


def test_a_killed_supervisor_leaves_nothing_behind(tmp_path):
    code = (
        "import sys,time; from pathlib import Path; from videogen.stack.guardian import guardian_start;"
        "from videogen.stack.program import Program; from videogen.stack.supervisor import Supervisor;"
        "place = Path(sys.argv[1]); guardian = guardian_start(str(place));"
        "supervisor = Supervisor(mark=str(place), log_dir=place, quiet=True);"
        "supervisor.start([Program(name='sleeper', argv=('sleep', '60'))]); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT)
    assert eventually(lambda: len(processes_about(tmp_path)) == 3)

    process.kill()
    process.wait()

    assert eventually(lambda: processes_about(tmp_path) == [])


def test_a_taken_port_is_refused_with_the_variable_to_set():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        with pytest.raises(StackError, match=r"is taken\. Set WS_PORT"):
            port_check("127.0.0.1", port, variable="WS_PORT")


def test_an_address_of_another_machine_is_refused():
    with pytest.raises(StackError, match=r"HOST=203\.0\.113\.1 is not an address of this machine"):
        port_check("203.0.113.1", 8000, variable="PORT")


def test_a_data_directory_has_one_stack_at_a_time(tmp_path):
    first = data_dir_claim(tmp_path)

    with pytest.raises(StackError, match="Another stack is using"):
        data_dir_claim(tmp_path)

    first.close()
    data_dir_claim(tmp_path).close()


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(StackError, match="cannot be used: Not a directory"):
        data_dir_claim(tmp_path / "file" / "var")


def test_the_facts_of_a_stack_that_died_are_not_believed(tmp_path):
    facts_write(tmp_path, url="http://127.0.0.1:1", websocket_url="ws://127.0.0.1:2")
    assert facts_read(tmp_path)

    written = stack_file(tmp_path).read_text()
    stack_file(tmp_path).write_text(written.replace(f'"pid": {os.getpid()}', '"pid": 1'))

    assert facts_read(tmp_path) is None


def free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


class Up:
    """A `manage.py up` of its own, on its own ports."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        inherited = {key: value for key, value in os.environ.items() if key not in SERVER_VARIABLES}
        environment = {"DATA_DIR": str(data_dir), "PORT": free_port(), "WS_PORT": free_port()} | SMALL
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up", "--quiet"],
            cwd=ROOT,
            env=inherited | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.port = int(environment["PORT"])

    def is_up(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[0]
        return facts_read(self.data_dir) is not None

    def health(self) -> int:
        client = HTTPConnection("127.0.0.1", self.port, timeout=10)
        client.request("GET", "/health")
        return client.getresponse().status

    def end(self, number: int) -> str:
        self.process.send_signal(number)
        return self.process.communicate(timeout=30)[0]


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[[str], Up]]:
    tmp_path.chmod(0o711)
    stacks: list[Up] = []

    def start(name: str) -> Up:
        stacks.append(Up(tmp_path / name))
        return stacks[-1]

    yield start
    for stack in stacks:
        stack.process.kill()
        stack.process.wait()


def test_two_stacks_live_side_by_side_a_third_on_the_same_data_is_refused_and_nothing_is_left(up, tmp_path):
    first, second = up("one"), up("two")
    assert eventually(lambda: first.is_up() and second.is_up(), seconds=60)
    refused = up("one").process.communicate(timeout=30)[0]
    assert (first.health(), second.health()) == (200, 200)

    said = [stack.end(signal.SIGINT) for stack in (first, second)]

    assert "Another stack is using" in refused
    assert "Traceback" not in refused
    assert all("Stopped." in words for words in said)
    assert processes_about(tmp_path) == []


@pytest.mark.parametrize("seconds", [0.6, 1.0, 1.6, 2.4])
def test_an_interrupt_while_starting_leaves_nothing(up, tmp_path, seconds):
    stack = up("one")
    time.sleep(seconds)

    stack.end(signal.SIGTERM)

    assert eventually(lambda: processes_about(tmp_path) == [])


def test_a_stack_that_is_killed_leaves_nothing_and_starts_again(up, tmp_path):
    stack = up("one")
    assert eventually(stack.is_up, seconds=60)

    stack.end(signal.SIGKILL)

    assert eventually(lambda: processes_about(tmp_path) == [])
    assert eventually(up("one").is_up, seconds=60)


def test_an_interrupt_that_python_swallowed_is_heard_all_the_same() -> None:
    stack = Stack(StackConfiguration.from_settings(), quiet=True, tell=print)
    stack.is_interrupted = True
    with pytest.raises(KeyboardInterrupt):
        stack.wait()
