"""Real processes that start at once: forked from one that has loaded Django, in the environment they need.

`python -m videogen.testing.nursery` is that one. It does no work and opens no connection of its own, so
its children are what `manage.py` is in a new interpreter, only without the second that loading takes. They
print where the one could that made them.
"""

import atexit
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

import django
import psutil
from django.conf import settings

from videogen.testing.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
#: What a worker or a dispatcher loads sooner or later, beside the URLs, which system checks look at.
LOADED = ("generations.worker", "generations.management.commands.dispatch")
FOREVER = 24 * 60 * 60.0


class Nursery:
    """Starts processes in one environment. They are its children, and it tells how they ended."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._ends = TemporaryDirectory(prefix="videogen-ends-")
        self._lock = threading.Lock()
        self._children: list[Child] = []
        self._socket, theirs = socket.socketpair()
        with theirs:
            command = [
                sys.executable,
                "-m",
                "videogen.testing.nursery",
                str(theirs.fileno()),
                self._ends.name,
            ]
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[theirs.fileno()])
        self._answers = self._socket.makefile()

    def start(self, arguments: Sequence[str]) -> "Child":
        """Start `manage.py` with these arguments."""
        with self._lock:
            self._socket.sendall(json.dumps(arguments).encode() + b"\n")
            if not (answer := self._answers.readline()):
                raise RuntimeError("The process that forks has ended; what it printed says why.")
            pid = int(answer)
            self._children.append(Child(self, pid, Path(self._ends.name) / str(pid)))
            return self._children[-1]

    @property
    def is_there(self) -> bool:
        return self._process.poll() is None

    @property
    def is_idle(self) -> bool:
        """Whether nobody needs it any more."""
        return all(child.poll() is not None for child in self._children)

    def close(self) -> None:
        """It ends as soon as nobody can ask it for anything."""
        self._answers.close()
        self._socket.close()
        self._process.wait()
        self._ends.cleanup()


class Child:
    """What `subprocess.Popen` is to a process that was started otherwise."""

    def __init__(self, nursery: Nursery, pid: int, end: Path) -> None:
        self.pid = pid
        self._nursery = nursery
        self._end = end
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, once it has one."""
        if self._code is None and self._end.exists():
            self._code = int(self._end.read_text())
        # Whoever kills all that have a mark kills the nursery, too.
        if self._code is None and not self._nursery.is_there and not is_alive(self.pid):
            self._code = -signal.SIGKILL
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        seconds = FOREVER if timeout is None else timeout
        if not eventually(lambda: self.poll() is not None, seconds=seconds):
            raise subprocess.TimeoutExpired(str(self.pid), seconds)
        return self._code or 0

    def kill(self) -> None:
        if self.poll() is None and is_alive(self.pid):
            os.kill(self.pid, signal.SIGKILL)


_nurseries: dict[frozenset[tuple[str, str]], Nursery] = {}


def nursery(environment: dict[str, str]) -> Nursery:
    """The nursery of this environment. Those that nobody needs make room for a new one."""
    key = frozenset(environment.items())
    if key not in _nurseries or not _nurseries[key].is_there:
        for other in [other for other, each in _nurseries.items() if each.is_idle]:
            _nurseries.pop(other).close()
        _nurseries[key] = Nursery(environment)
    return _nurseries[key]


@atexit.register
def nurseries_close() -> None:
    """Before the interpreter ends, while what they tell can still be heard."""
    while _nurseries:
        _nurseries.popitem()[1].close()


def is_alive(pid: int) -> bool:
    """Whether there is such a process that has not ended, not even waiting to be asked how."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _children_start(requests: socket.socket, ends: Path) -> list[str] | None:
    """Fork for each request. Returns in each child, with its arguments, and when nobody can ask any more."""
    signal.signal(signal.SIGCHLD, lambda *_: _ends_write(ends))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # A Ctrl-C in the terminal is for whoever asks.
    with requests, requests.makefile() as lines:
        for line in lines:
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
            pid = os.fork()
            if pid:
                (ends / str(pid)).unlink(missing_ok=True)  # An earlier child's, which had the same id.
            else:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])
            if not pid:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                arguments: list[str] = json.loads(line)
                return arguments
            requests.sendall(f"{pid}\n".encode())
    return None


def _ends_write(ends: Path) -> None:
    """Note who has ended, and how."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        unfinished = ends / f".{pid}"
        unfinished.write_text(str(os.waitstatus_to_exitcode(status)))
        unfinished.replace(ends / str(pid))


def _main(descriptor: str, ends: str) -> int:
    django.setup()
    for module in (settings.ROOT_URLCONF, *LOADED):
        import_module(module)
    gc.freeze()  # Else the children would copy all of it, only to look for garbage.
    arguments = _children_start(socket.socket(fileno=int(descriptor)), Path(ends))
    if arguments is None:
        return 0
    sys.argv = ["manage.py", *arguments]
    code: int = import_module("manage").main(sys.argv)
    return code


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
