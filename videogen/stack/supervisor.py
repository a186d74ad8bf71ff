"""Keeps programs running, each in a thread that starts it, waits for it, and starts it again."""

import itertools
import logging
import os
import subprocess
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import psutil

from videogen.stack.logs import line_logger
from videogen.stack.marks import MARK, processes_end
from videogen.stack.program import Program, StackError

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# A program that lived this long has recovered: its next pause is the first one again.
HEALTHY_SECONDS = 60.0
READY_POLL_SECONDS = 0.05
#: What a program has printed is kept before the news of its end; a grandchild may still hold the pipe open.
LAST_WORDS_SECONDS = 1.0
# A program that died this often before it was ever ready will not become so by itself.
HOPELESS_DEATHS = 3


class Keeper:
    """One program, kept running by a thread of its own.

    Only that thread starts processes. A Ctrl-C, which Python delivers to the main thread,
    can therefore never fall between the start of a process and the note that it exists.
    """

    def __init__(self, program: Program, *, mark: str, logger: logging.Logger) -> None:
        self.program = program
        self.ready = threading.Event()
        self.deaths = 0
        self.failure: StackError | None = None
        self.thread = threading.Thread(target=self._keep, name=f"keep {program.name}", daemon=True)
        self._mark = mark
        self._logger = logger
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._spawning = threading.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.returncode is None else None

    @property
    def is_hopeless(self) -> bool:
        return self.failure is not None or (self.deaths >= HOPELESS_DEATHS and not self.ready.is_set())

    def ask_to_stop(self) -> list[psutil.Process]:
        """Send the stop signal, and name everything that has to be gone afterwards."""
        self._stopping.set()
        with self._spawning:
            process = self._process
        if process is None or process.poll() is not None:
            return []
        tree = _tree(process.pid)
        process.send_signal(self.program.stop_signal)
        return tree

    def _keep(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started = time.monotonic()
            process = self._start()
            if process is None:
                return
            self._await_ready(process)
            code = process.wait()
            if self._stopping.is_set():
                return
            self._listener.join(LAST_WORDS_SECONDS)
            self.deaths += 1
            if time.monotonic() - started > HEALTHY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            self._logger.warning("%s: it is started again in %.1f s", _obituary(code), pause)
            self._stopping.wait(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def _start(self) -> "subprocess.Popen[bytes] | None":
        try:
            self.program.prepare(self._environment())
            with self._spawning:
                if self._stopping.is_set():
                    return None
                self._process = self._popen()
        except (StackError, OSError) as error:
            self.failure = error if isinstance(error, StackError) else StackError(str(error))
            self._logger.error("%s", error)
            return None
        self._listener = threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True)
        self._listener.start()
        return self._process

    def _popen(self) -> "subprocess.Popen[bytes]":
        account = self.program.account
        return subprocess.Popen(
            self.program.argv,
            cwd=self.program.directory,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at the terminal is for the supervisor alone.
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **self.program.environment, MARK: self._mark}

    def _await_ready(self, process: "subprocess.Popen[bytes]") -> None:
        while process.poll() is None and not self._stopping.is_set():
            if self.program.is_ready():
                self.ready.set()
                return
            self._stopping.wait(READY_POLL_SECONDS)

    def _listen(self, output: IO[bytes]) -> None:
        # A thread apart: it may go on long after the program has died.
        for line in output:
            self._logger.info("%s", line.decode(errors="replace").rstrip())


class Supervisor:
    """Programs that are started together and stopped together."""

    def __init__(self, *, mark: str, log_dir: Path, quiet: bool) -> None:
        self.keepers: dict[str, Keeper] = {}
        self._mark = mark
        self._log_dir = log_dir
        self._quiet = quiet
        self._colours = itertools.count()

    def start(self, programs: Iterable[Program]) -> None:
        for program in programs:
            logger = line_logger(
                program.name, directory=self._log_dir, to_terminal=not self._quiet, colour=next(self._colours)
            )
            self.keepers[program.name] = Keeper(program, mark=self._mark, logger=logger)
            self.keepers[program.name].thread.start()

    def wait_ready(self, names: Iterable[str], *, timeout_seconds: float = 60) -> None:
        """Return when all of them are ready; raise StackError when one of them will not be."""
        deadline = time.monotonic() + timeout_seconds
        for keeper in (self.keepers[name] for name in names):
            while not keeper.ready.wait(READY_POLL_SECONDS):
                if keeper.is_hopeless or time.monotonic() > deadline:
                    raise self._refusal(keeper)

    def stop(self, *, patience_seconds: float = 3) -> None:
        """Stop everything: politely, then after `patience_seconds` with force. Safe to call again."""
        doomed = [process for keeper in self.keepers.values() for process in keeper.ask_to_stop()]
        deadline = time.monotonic() + patience_seconds
        _, stubborn = psutil.wait_procs(doomed, timeout=patience_seconds)
        processes_end(stubborn)
        # A Ctrl-C may have come between a keeper and its thread.
        for keeper in (keeper for keeper in self.keepers.values() if keeper.thread.is_alive()):
            keeper.thread.join(max(0.1, deadline - time.monotonic()))

    def _refusal(self, keeper: Keeper) -> StackError:
        log = self._log_dir / f"{keeper.program.name}.log"
        reason = f"{keeper.failure} " if keeper.failure else ""
        return StackError(f"{keeper.program.name} does not start. {reason}Its last words are in {log}")


def _tree(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _obituary(code: int) -> str:
    return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
